"""Exports that somebody cancels."""

from datetime import timedelta

import pytest

from shared.aws_errors import ServiceUnavailableError
from shared.export import Export, Status
from shared.export_request import OnLimit
from shared.exports import ExportFinishedError
from shared.query_execution import QueryState
from tests.builders import JANUARY
from tests.fake_system import ORDER, FakeSystem
from tests.fakes import Fate

FAILED = Fate(QueryState.FAILED, "COLUMN_NOT_FOUND: line 1:8: no")
RUNS_ON = Fate(QueryState.RUNNING)


def test_a_running_export_can_be_cancelled_and_its_queries_stop() -> None:
    system = FakeSystem()
    system.athena.fates = {"summary": [RUNS_ON], "rows": [RUNS_ON]}
    export = system.wait(system.create(), seconds=0).export
    cancelled = system.exports.cancel("ws-acme", export.id).export
    assert cancelled.status is Status.CANCELLED
    assert cancelled.completed_at == system.clock.time
    assert sorted(system.athena.stopped) == ["rows-0", "summary-0"]
    assert system.look(export).export.status is Status.CANCELLED
    assert len(system.outcomes) == 1


def test_an_export_can_be_cancelled_before_its_queries_start() -> None:
    system = FakeSystem()
    look = system.create()
    system.exports.cancel("ws-acme", look.export.id)
    assert system.wait(look).export.status is Status.CANCELLED
    assert system.athena.running == []


def test_cancelling_again_changes_nothing_and_a_sweep_stops_what_still_runs() -> None:
    system = FakeSystem()
    system.athena.fates = {"summary": [RUNS_ON], "rows": [RUNS_ON]}
    export = system.wait(system.create(), seconds=0).export
    system.steps.at("before stop", lambda: fail_with(ServiceUnavailableError()))
    first = system.exports.cancel("ws-acme", export.id).export
    assert system.athena.running != []
    assert first.status is Status.CANCELLED
    assert system.exports.cancel("ws-acme", export.id).export == first
    system.clock.sleep(15 * 60 + 1)
    system.sweep()
    assert system.athena.running == []
    assert system.stored(export) == first
    assert len(system.outcomes) == 1


def test_an_export_is_cancelled_as_it_stands_where_aws_does_not_say_how_that_is() -> None:
    system = FakeSystem()
    system.athena.fates = {"summary": [RUNS_ON], "rows": [RUNS_ON]}
    export = system.wait(system.create(), seconds=0).export
    system.steps.at("before look", lambda: fail_with(ServiceUnavailableError()))
    assert system.exports.cancel("ws-acme", export.id).export.status is Status.CANCELLED
    assert system.athena.running == []


def fail_with(error: BaseException) -> None:
    raise error


def started_but_not_written_down() -> tuple[FakeSystem, Export]:
    """An export whose process died after it had started both queries."""
    system = FakeSystem()
    system.athena.fates = {"summary": [RUNS_ON], "rows": [RUNS_ON]}
    export = system.create().export
    system.steps.at("before save manifest", lambda: fail_with(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        system.look(export)
    assert sorted(system.athena.running) == ["rows-0", "summary-0"]
    return system, export


def test_queries_whose_ids_were_never_written_down_are_found_and_stopped() -> None:
    system, export = started_but_not_written_down()
    system.exports.cancel("ws-acme", export.id)
    assert sorted(system.athena.stopped) == ["rows-0", "summary-0"]
    assert len(system.athena.queries) == 2


def test_one_that_is_refused_by_now_does_not_keep_the_other_running() -> None:
    system, export = started_but_not_written_down()
    system.athena.refused = {"summary"}
    assert system.exports.cancel("ws-acme", export.id).export.status is Status.CANCELLED
    assert system.athena.stopped == ["rows-0"]


@pytest.mark.parametrize(
    ("row_count", "fates", "outcome"),
    [(3, {}, "succeeded"), (101, {}, "rejected"), (3, {"rows": [FAILED]}, "failed")],
)
def test_an_export_with_another_outcome_cannot_be_cancelled(
    row_count: int, fates: dict[str, list[Fate]], outcome: str
) -> None:
    system = FakeSystem(row_limit=100)
    system.athena.calls = {JANUARY.start: row_count}
    system.athena.fates = fates
    export = system.run()
    with pytest.raises(ExportFinishedError, match=outcome):
        system.exports.cancel("ws-acme", export.id)
    assert system.stored(export) == export


@pytest.mark.parametrize(
    ("row_count", "fates", "outcome"),
    [(3, {}, "succeeded"), (101, {}, "rejected"), (3, {"rows": [FAILED]}, "failed")],
)
def test_an_export_whose_queries_have_ended_unseen_is_finished_and_not_cancelled(
    row_count: int, fates: dict[str, list[Fate]], outcome: str
) -> None:
    system = FakeSystem(row_limit=100)
    system.athena.calls = {JANUARY.start: row_count}
    system.athena.fates = fates
    export = system.wait(system.create(), seconds=0).export
    assert export.status is Status.RUNNING
    with pytest.raises(ExportFinishedError, match=outcome):
        system.exports.cancel("ws-acme", export.id)
    assert system.stored(export).status == outcome
    assert system.athena.stopped == []
    assert [told.export.status for told in system.outcomes] == [outcome]
    assert system.store.marked == {}


def split_in_three() -> tuple[FakeSystem, Export]:
    """A system with an export whose first queries have just counted enough for three parts."""
    system = FakeSystem(row_limit=100)
    hours = [JANUARY.start + timedelta(hours=hour) for hour in (0, 300, 600)]
    system.athena.calls = dict.fromkeys(hours, 60)
    request = ORDER.request.model_copy(update={"on_limit": OnLimit.SPLIT})
    return system, system.wait(system.create(request=request), seconds=0).export


def test_an_export_that_was_about_to_be_split_is_cancelled() -> None:
    system, export = split_in_three()
    cancelled = system.exports.cancel("ws-acme", export.id).export
    assert cancelled.status is Status.CANCELLED
    assert cancelled.control_totals is not None
    assert cancelled.control_totals.rows == 180
    assert system.athena.running == []


def test_an_export_in_parts_is_cancelled_with_all_that_runs_and_costs_what_was_read() -> None:
    system, export = split_in_three()
    export = system.look(export).export
    system.athena.fates = {"summary": [RUNS_ON], "rows": [RUNS_ON]}
    export = system.look(system.look(export).export).export
    assert len(export.parts) == 3
    assert len(system.athena.running) == 6
    cancelled = system.exports.cancel("ws-acme", export.id).export
    assert cancelled.status is Status.CANCELLED
    assert len(system.athena.stopped) == 6
    assert system.athena.running == []
    queries = system.athena.queries.values()
    assert cancelled.bytes_scanned == sum(query.execution.bytes_scanned for query in queries)
    assert cancelled.bytes_scanned > 6 * 1000
    assert system.store.marked == {}
    assert len(system.outcomes) == 1
