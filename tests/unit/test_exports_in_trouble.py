"""Exports whose queries fail, are throttled or refused, or give something else."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from shared.aws_errors import RefusedError, ServiceUnavailableError
from shared.export import Queries, Status
from shared.query_execution import QueryState
from tests.builders import error_name, the_part
from tests.fake_system import FakeSystem
from tests.fakes import Fate

FAILED = Fate(QueryState.FAILED, "COLUMN_NOT_FOUND: line 1:8: no")
FAILED_FOR_NOW = Fate(QueryState.FAILED, "INTERNAL_ERROR: no", is_retryable=True)
RUNS_ON = Fate(QueryState.RUNNING)
STAYS_QUEUED = Fate(QueryState.QUEUED)


@pytest.mark.parametrize("role", ["summary", "rows"])
def test_a_failure_that_may_pass_is_tried_again_with_new_queries(role: str) -> None:
    system = FakeSystem()
    other = "rows" if role == "summary" else "summary"
    system.athena.fates = {role: [FAILED_FOR_NOW, Fate()], other: [RUNS_ON, Fate()]}
    export = system.run()
    assert export.status is Status.SUCCEEDED
    assert the_part(export).attempt == 2
    assert the_part(export).queries == Queries(summary="summary-1", rows="rows-1")
    assert system.athena.stopped == [f"{other}-0"]
    assert len(system.athena.tokens) == 4
    assert len(system.outcomes) == 1


def test_a_failure_that_may_pass_but_does_not_is_an_outcome() -> None:
    system = FakeSystem()
    system.athena.fates = {"summary": [FAILED_FOR_NOW], "rows": [RUNS_ON]}
    export = system.run()
    assert export.status is Status.FAILED
    assert error_name(export) == "query-failed"
    assert len(system.athena.queries) == 4
    assert system.athena.running == []
    assert len(system.outcomes) == 1


@pytest.mark.parametrize("role", ["summary", "rows"])
def test_a_failure_for_good_is_an_outcome_at_once_and_stops_the_other_query(role: str) -> None:
    system = FakeSystem()
    other = "rows" if role == "summary" else "summary"
    system.athena.fates = {role: [FAILED], other: [RUNS_ON]}
    export = system.run()
    assert export.status is Status.FAILED
    assert error_name(export) == "query-failed"
    assert system.athena.stopped == [f"{other}-0"]
    assert len(system.athena.queries) == 2


def test_a_file_with_other_rows_than_counted_is_made_again_once_and_never_released() -> None:
    system = FakeSystem()
    system.athena.written_rows = lambda count: count - 1
    export = system.run()
    assert export.status is Status.FAILED
    assert error_name(export) == "call-logs-changed"
    assert len(system.athena.queries) == 4
    assert the_part(export).file is None


def test_a_file_that_is_right_the_second_time_is_released() -> None:
    system = FakeSystem()
    answers = iter([2, 3])
    system.athena.written_rows = lambda _: next(answers)
    export = system.run()
    assert export.status is Status.SUCCEEDED
    file = the_part(export).file
    assert file is not None
    assert file.key == "athena/rows-1.csv"


def test_a_file_passes_where_athena_does_not_say_how_many_rows_it_wrote() -> None:
    system = FakeSystem()
    system.athena.written_rows = lambda _: None
    assert system.run().status is Status.SUCCEEDED


def test_a_file_that_is_gone_is_an_outcome() -> None:
    system = FakeSystem()
    look = system.wait(system.create(), seconds=0)
    system.athena.files = {}
    assert error_name(system.wait(look).export) == "file-missing"


@pytest.mark.parametrize("role", ["summary", "rows"])
def test_a_throttled_start_is_tried_again_until_it_succeeds(role: str) -> None:
    system = FakeSystem()
    system.athena.busy = {role: 5}
    export = system.run()
    assert export.status is Status.SUCCEEDED
    assert list(system.athena.queries) == ["summary-0", "rows-0"] or list(
        system.athena.queries
    ) == ["rows-0", "summary-0"]


@pytest.mark.parametrize("role", ["summary", "rows"])
def test_a_refused_start_is_an_outcome_and_stops_the_other_query(role: str) -> None:
    system = FakeSystem()
    other = "rows" if role == "summary" else "summary"
    system.athena.refused = {role}
    export = system.run()
    assert export.status is Status.FAILED
    assert error_name(export) == "query-refused"
    assert export.completed_at == system.clock.time
    assert system.athena.stopped == [f"{other}-0"]
    assert system.athena.running == []
    assert len(system.outcomes) == 1


def fail_with(error: BaseException) -> None:
    raise error


def test_a_look_that_aws_does_not_answer_is_taken_again() -> None:
    system = FakeSystem()
    look = system.wait(system.create(), seconds=0)
    assert not look.export.status.is_final
    system.steps.at("before look", lambda: fail_with(ServiceUnavailableError()))
    look = system.wait(look)
    assert look.export.status is Status.SUCCEEDED
    assert look.failure is None


def test_an_export_that_aws_refuses_something_to_does_not_stop_those_waited_for_beside_it() -> None:
    system = FakeSystem()
    exports = [system.create(), system.create()]
    system.steps.at("before save manifest", lambda: fail_with(RefusedError("AccessDenied")))
    until = system.clock.now() + timedelta(hours=1)
    refused, other = system.exports.wait_for_all(exports, until)
    assert refused.export == exports[0].export
    assert isinstance(refused.failure, RefusedError)
    assert other.export.status is Status.SUCCEEDED
    assert other.failure is None


@pytest.mark.parametrize(
    "trouble", [RefusedError("AccessDenied"), ValueError("not a summary")], ids=["denied", "broken"]
)
def test_a_result_that_cannot_be_read_is_an_outcome(
    trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = FakeSystem()

    def result(_: object, *, having: str) -> Iterator[dict[str, str]]:
        raise trouble

    monkeypatch.setattr(system.athena, "result", result)
    export = system.run()
    assert export.status is Status.FAILED
    assert error_name(export) == "result-unreadable"
    assert len(system.outcomes) == 1


def test_two_refused_starts_are_one_outcome() -> None:
    system = FakeSystem()
    system.athena.refused = {"summary", "rows"}
    assert error_name(system.run()) == "query-refused"
    assert len(system.outcomes) == 1


def test_each_attempt_has_a_count_of_its_own() -> None:
    system = FakeSystem()
    system.athena.written_rows = lambda count: count - 1
    system.run()
    assert system.steps.taken.count("before result") == 2


def test_queries_can_still_be_started_at_the_longest_age() -> None:
    system = FakeSystem()
    look = system.create()
    system.clock.sleep(2 * 3600)
    assert system.wait(look, seconds=0).export.status is Status.RUNNING


def test_an_export_that_is_queued_for_too_long_fails_and_its_queries_are_stopped() -> None:
    system = FakeSystem()
    system.athena.fates = {"summary": [STAYS_QUEUED], "rows": [STAYS_QUEUED]}
    look = system.wait(system.create(), seconds=2 * 3600)
    assert look.export.status is Status.QUEUED
    export = system.wait(look, seconds=10).export
    assert export.status is Status.FAILED
    assert error_name(export) == "timed-out"
    assert system.athena.running == []


def test_an_export_whose_queries_never_start_fails_after_the_same_time() -> None:
    system = FakeSystem()
    system.athena.busy = {"summary": 10**6, "rows": 10**6}
    look = system.wait(system.create(), seconds=60)
    system.clock.sleep(2 * 3600)
    export = system.wait(look).export
    assert error_name(export) == "timed-out"
    assert export.bytes_scanned is None


@pytest.mark.parametrize("role", ["summary", "rows"])
@pytest.mark.parametrize("is_looked_at", [True, False], ids=["looked at", "waited for"])
def test_a_permission_lost_between_two_starts_leaves_no_query_running(
    role: str, is_looked_at: bool
) -> None:
    system = FakeSystem()
    other = "rows" if role == "summary" else "summary"
    system.athena.fates = {"summary": [RUNS_ON], "rows": [RUNS_ON]}
    system.athena.busy = {role: 1}
    look = system.wait(system.create(), seconds=0)
    assert the_part(look.export).begun == [f"{other}-0"]
    system.athena.refused = {"summary", "rows"}
    found = system.look(look.export) if is_looked_at else system.wait(look)
    assert error_name(found.export) == "query-refused"
    assert system.athena.stopped == [f"{other}-0"]
    assert system.athena.running == []


def test_what_was_begun_before_is_not_forgotten_where_it_is_throttled_itself() -> None:
    system = FakeSystem()
    system.athena.fates = {"summary": [RUNS_ON], "rows": [RUNS_ON]}
    system.athena.busy = {"rows": 1}
    look = system.wait(system.create(), seconds=0)
    system.athena.busy = {"summary": 1}
    look = system.wait(look, seconds=0)
    assert the_part(look.export).begun == ["rows-0", "summary-0"]
    system.athena.refused = {"summary", "rows"}
    assert error_name(system.wait(look).export) == "query-refused"
    assert system.athena.running == []


def test_what_was_begun_is_remembered_while_one_start_is_refused_and_the_other_throttled() -> None:
    system = FakeSystem()
    system.athena.fates = {"summary": [RUNS_ON], "rows": [RUNS_ON]}
    system.athena.busy = {"summary": 2}
    export = system.wait(system.create(), seconds=0).export
    system.athena.refused = {"rows"}
    with pytest.raises(ServiceUnavailableError):
        system.look(export)
    assert error_name(system.look(export).export) == "query-refused"
    assert sorted(system.athena.stopped) == ["rows-0", "summary-0"]
    assert system.athena.running == []


def test_half_started_and_cancelled_it_stops_what_runs_even_where_nothing_may_start() -> None:
    system = FakeSystem()
    system.athena.fates = {"summary": [RUNS_ON], "rows": [RUNS_ON]}
    system.athena.busy = {"rows": 1}
    export = system.wait(system.create(), seconds=0).export
    system.athena.refused = {"summary", "rows"}
    system.exports.cancel(export.workspace_id, export.id)
    assert system.athena.stopped == ["summary-0"]
    assert system.athena.running == []


def test_half_started_for_an_export_that_has_ended_meanwhile_it_stops_what_runs() -> None:
    system = FakeSystem()
    system.athena.fates = {"summary": [RUNS_ON], "rows": [RUNS_ON]}
    system.athena.busy = {"rows": 1}
    look = system.create()

    def end_it() -> None:  # by somebody who may start nothing, and knows of no query
        system.athena.refused = {"summary", "rows"}
        system.look(look.export)

    system.steps.at("before save manifest", end_it)
    assert error_name(system.wait(look).export) == "query-refused"
    assert system.athena.stopped == ["summary-0"]
    assert system.athena.running == []


def test_what_was_begun_is_written_down_once_however_long_the_rest_is_throttled() -> None:
    system = FakeSystem()
    system.athena.busy = {"rows": 5}
    assert system.run().status is Status.SUCCEEDED
    # what was begun, both queries, the outcome
    assert system.steps.taken.count("before save manifest") == 3
    assert system.steps.taken.count("before load manifest") == 0
