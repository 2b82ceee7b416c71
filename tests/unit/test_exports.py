"""The life of an export, over Athena and a bucket in memory."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from shared.aws_errors import RefusedError
from shared.export import Queries, Status, Trigger
from shared.export_request import ExportRequest
from shared.exports import ExportNotFoundError
from shared.query_execution import QueryState
from shared.timeframe import TimeframeError
from tests.builders import JANUARY
from tests.fake_system import FakeSystem
from tests.fakes import Fate

FAILED = Fate(QueryState.FAILED, "COLUMN_NOT_FOUND: line 1:8: no")
FAILED_FOR_NOW = Fate(QueryState.FAILED, "INTERNAL_ERROR: no", is_retryable=True)
RUNS_ON = Fate(QueryState.RUNNING)
STAYS_QUEUED = Fate(QueryState.QUEUED)


def problem(export: Any) -> str:
    """The last part of the type of an export's error."""
    return str(export.error.type.rpartition(":")[2])


def test_an_export_is_queued_then_running_then_succeeded() -> None:
    system = FakeSystem()
    look = system.create()
    assert look.export.status is Status.QUEUED
    assert system.athena.queries == {}

    statuses = [system.look(look.export).export.status for _ in range(3)]
    assert statuses == [Status.RUNNING, Status.SUCCEEDED, Status.SUCCEEDED]


def test_a_finished_export_says_everything_about_its_file() -> None:
    system = FakeSystem()
    export = system.run()
    assert export.status is Status.SUCCEEDED
    assert export.queries == Queries(summary="summary-0", rows="rows-0")
    assert export.file is not None
    assert export.file.key == "athena/rows-0.csv"
    assert export.file.size_bytes == 103
    assert export.file.name == "api-usage_ws-acme_20260101T000000Z_20260201T000000Z.csv"
    assert export.control_totals is not None
    assert (export.control_totals.rows, export.control_totals.input_tokens) == (3, 30)
    assert export.bytes_scanned == 40_000_000
    assert export.athena_cost_usd is not None
    assert str(export.athena_cost_usd.normalize()) == "0.0002"
    assert export.completed_at == system.clock.time
    assert export.error is None
    assert system.stored(export) == export


def test_an_outcome_is_told_once_with_the_queries() -> None:
    system = FakeSystem()
    export = system.run()
    for _ in range(3):
        system.look(export)
    ((told, facts),) = system.outcomes
    assert told == export
    assert facts is not None
    assert [query.id for query in facts.queries] == ["summary-0", "rows-0"]


def test_a_finished_export_asks_nothing_more_of_athena() -> None:
    system = FakeSystem()
    export = system.run()
    before = len(system.steps.taken)
    system.look(export)
    assert system.steps.taken[before:] == ["before load manifest", "after load manifest"]


def test_both_queries_ask_for_the_order() -> None:
    system = FakeSystem(row_limit=100)
    request = ExportRequest.model_validate(
        {"start": "2026-01-01", "end": "2026-01-31", "models": ["o'3"], "columns": "extended"}
    )
    system.run(request=request)
    statements = [query.statement for query in system.athena.queries.values()]
    for statement in statements:
        assert "workspace_id = 'ws-acme'" in statement
        assert "model IN ('o''3')" in statement
        assert "TIMESTAMP '2026-01-01 00:00:00.000'" in statement
        assert "TIMESTAMP '2026-02-01 00:00:00.000'" in statement
    rows = system.athena.queries["rows-0"].statement
    assert "LIMIT 101" in rows
    assert "Total Cost (USD)" in rows
    assert "regexp_like" in rows


def test_text_is_left_alone_where_that_was_asked_for() -> None:
    system = FakeSystem()
    system.run(request=ExportRequest(period=None, spreadsheet_safe=False))
    assert "regexp_like" not in system.athena.queries["rows-0"].statement


def test_request_tokens_differ_by_workspace_export_role_and_attempt_and_fit_athena() -> None:
    system = FakeSystem()
    system.athena.fates = {"rows": [FAILED_FOR_NOW, Fate()]}
    system.run()
    system.run()
    system.run(workspace_id="ws-umbrella")
    assert len(system.athena.tokens) == 8
    assert all(re.fullmatch("[0-9a-f]{64}", token) for token in system.athena.tokens)


def test_an_export_without_calls_succeeds() -> None:
    system = FakeSystem()
    system.athena.row_count = 0
    export = system.run()
    assert export.status is Status.SUCCEEDED
    assert export.control_totals is not None
    assert export.control_totals.rows == 0


def test_exactly_the_row_limit_passes() -> None:
    system = FakeSystem(row_limit=100)
    system.athena.row_count = 100
    assert system.run().status is Status.SUCCEEDED


def test_over_the_row_limit_the_rows_query_is_stopped_and_there_is_no_file() -> None:
    system = FakeSystem(row_limit=100)
    system.athena.row_count = 101
    system.athena.fates = {"rows": [RUNS_ON]}
    export = system.run()
    assert export.status is Status.REJECTED
    assert problem(export) == "row-limit-exceeded"
    assert system.athena.stopped == ["rows-0"]
    assert export.file is None
    assert export.control_totals is not None
    assert export.control_totals.rows == 101


def test_over_the_row_limit_there_is_no_file_even_where_athena_has_written_one() -> None:
    system = FakeSystem(row_limit=100)
    system.athena.row_count = 101
    export = system.run()
    assert export.status is Status.REJECTED
    assert export.file is None


def test_over_the_row_limit_timeframes_that_tile_the_order_are_suggested() -> None:
    system = FakeSystem(row_limit=100)
    system.athena.row_count, system.athena.hours = 200, 2
    export = system.run()
    assert export.suggested_timeframes is not None
    first, second = export.suggested_timeframes
    one_o_clock = JANUARY.start + timedelta(hours=1)
    assert (first.start, first.end, first.rows, first.fits) == (
        JANUARY.start,
        one_o_clock,
        100,
        True,
    )
    assert (second.start, second.end, second.rows, second.fits) == (
        one_o_clock,
        JANUARY.end,
        100,
        True,
    )
    assert export.error is not None
    assert "Single hours" not in export.error.detail


def test_hours_over_the_row_limit_by_themselves_are_named() -> None:
    system = FakeSystem(row_limit=100)
    system.athena.row_count, system.athena.hours = 202, 2
    export = system.run()
    assert export.suggested_timeframes is not None
    assert [part.fits for part in export.suggested_timeframes] == [False, False]
    assert export.error is not None
    assert "Single hours that have more rows than that: 2" in export.error.detail
    assert "the first from 2026-01-01 00:00 UTC" in export.error.detail


def test_the_row_limit_is_the_one_of_when_the_export_was_asked_for() -> None:
    system = FakeSystem(row_limit=100)
    system.athena.row_count = 50
    look = system.create()
    system.exports = replace(system.exports, row_limit=10)
    assert system.wait(look).export.status is Status.SUCCEEDED


@pytest.mark.parametrize("role", ["summary", "rows"])
def test_a_failure_that_may_pass_is_tried_again_with_new_queries(role: str) -> None:
    system = FakeSystem()
    other = "rows" if role == "summary" else "summary"
    system.athena.fates = {role: [FAILED_FOR_NOW, Fate()], other: [RUNS_ON, Fate()]}
    export = system.run()
    assert export.status is Status.SUCCEEDED
    assert export.attempt == 2
    assert export.queries == Queries(summary="summary-1", rows="rows-1")
    assert system.athena.stopped == [f"{other}-0"]
    assert len(system.athena.tokens) == 4
    assert len(system.outcomes) == 1


def test_a_failure_that_may_pass_but_does_not_is_an_outcome() -> None:
    system = FakeSystem()
    system.athena.fates = {"summary": [FAILED_FOR_NOW], "rows": [RUNS_ON]}
    export = system.run()
    assert export.status is Status.FAILED
    assert problem(export) == "query-failed"
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
    assert problem(export) == "query-failed"
    assert system.athena.stopped == [f"{other}-0"]
    assert len(system.athena.queries) == 2


def test_a_file_with_other_rows_than_counted_is_made_again_once_and_never_released() -> None:
    system = FakeSystem()
    system.athena.written_rows = lambda count: count - 1
    export = system.run()
    assert export.status is Status.FAILED
    assert problem(export) == "call-logs-changed"
    assert len(system.athena.queries) == 4
    assert export.file is None


def test_a_file_that_is_right_the_second_time_is_released() -> None:
    system = FakeSystem()
    answers = iter([2, 3])
    system.athena.written_rows = lambda _: next(answers)
    export = system.run()
    assert export.status is Status.SUCCEEDED
    assert export.file is not None
    assert export.file.key == "athena/rows-1.csv"


def test_a_file_passes_where_athena_does_not_say_how_many_rows_it_wrote() -> None:
    system = FakeSystem()
    system.athena.written_rows = lambda _: None
    assert system.run().status is Status.SUCCEEDED


def test_a_file_that_is_gone_is_an_outcome() -> None:
    system = FakeSystem()
    look = system.wait(system.create(), seconds=0)
    system.athena.files = {}
    assert problem(system.wait(look).export) == "file-missing"


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
    assert problem(export) == "query-refused"
    assert system.athena.stopped == [f"{other}-0"]
    assert system.athena.running == []
    assert len(system.outcomes) == 1


@pytest.mark.parametrize(
    "trouble", [RefusedError("AccessDenied"), ValueError("not a summary")], ids=["denied", "broken"]
)
def test_a_result_that_cannot_be_read_is_an_outcome(
    trouble: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = FakeSystem()

    def result(_: object) -> Iterator[dict[str, str]]:
        raise trouble

    monkeypatch.setattr(system.athena, "result", result)
    export = system.run()
    assert export.status is Status.FAILED
    assert problem(export) == "result-unreadable"
    assert len(system.outcomes) == 1


def test_of_two_looks_that_end_an_export_in_the_same_millisecond_one_tells_of_it() -> None:
    system = FakeSystem()  # its clock stands still
    look = system.wait(system.create(), seconds=0)
    assert not look.export.status.is_final
    system.steps.at("before save manifest", lambda: system.look(look.export))
    ended = system.wait(look, seconds=0)
    assert ended.export.status is Status.SUCCEEDED
    assert [told.status for told, _ in system.outcomes] == [Status.SUCCEEDED]


def test_two_refused_starts_are_one_outcome() -> None:
    system = FakeSystem()
    system.athena.refused = {"summary", "rows"}
    assert problem(system.run()) == "query-refused"
    assert len(system.outcomes) == 1


def test_the_count_is_read_once_and_the_file_looked_at_only_when_it_is_written() -> None:
    system = FakeSystem()
    system.athena.fates = {"rows": [RUNS_ON]}
    system.wait(system.create(), seconds=20)
    assert system.steps.taken.count("before look") > 5
    assert system.steps.taken.count("before result") == 1
    assert "before output rows" not in system.steps.taken
    assert "before file size" not in system.steps.taken


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
    assert problem(export) == "timed-out"
    assert system.athena.running == []


def test_an_export_whose_queries_never_start_fails_after_the_same_time() -> None:
    system = FakeSystem()
    system.athena.busy = {"summary": 10**6, "rows": 10**6}
    look = system.wait(system.create(), seconds=60)
    system.clock.sleep(2 * 3600)
    export = system.wait(look).export
    assert problem(export) == "timed-out"
    assert export.bytes_scanned is None


@pytest.mark.parametrize(
    "request_",
    [
        ExportRequest(start="2027-01-01"),
        ExportRequest(end="2026-01-01"),
        ExportRequest(timezone="x"),
    ],
)
def test_a_timeframe_that_cannot_be_exported_leaves_nothing_behind(request_: ExportRequest) -> None:
    system = FakeSystem()
    with pytest.raises(TimeframeError):
        system.create(request=request_, idempotency_key="key-1")
    assert system.store.manifests == {}
    assert system.store.claims == {}
    assert system.outcomes == []


def test_an_export_remembers_what_was_asked_and_what_it_meant() -> None:
    system = FakeSystem()
    export = system.create(trigger=Trigger.SCHEDULE, requested_by="monthly").export
    assert export.timeframe.value() == JANUARY
    assert export.data_through == system.clock.time - timedelta(minutes=15)
    assert export.created_at == system.clock.time
    assert (export.trigger, export.requested_by) == (Trigger.SCHEDULE, "monthly")


def test_the_timeframe_stays_the_same_however_long_the_export_takes() -> None:
    system = FakeSystem()
    look = system.create(request=ExportRequest())
    system.athena.busy = {"summary": 3}
    finished = system.wait(look).export
    assert finished.timeframe == look.export.timeframe


def test_another_workspaces_export_is_not_found() -> None:
    system = FakeSystem()
    export = system.run()
    for find in (system.exports.look, system.exports.cancel):
        with pytest.raises(ExportNotFoundError):
            find("ws-umbrella", export.id)
        with pytest.raises(ExportNotFoundError):
            find("ws-acme", "0" * 26)


def test_recent_exports_are_the_workspaces_newest_first() -> None:
    system = FakeSystem(tick=timedelta(milliseconds=1))
    ids = [system.create().export.id for _ in range(3)]
    system.create(workspace_id="ws-umbrella")
    newest_first = ids[::-1]
    recent = system.exports.recent
    assert [look.export.id for look in recent("ws-acme", limit=9)] == newest_first
    assert [look.export.id for look in recent("ws-acme", limit=2)] == newest_first[:2]
    after = recent("ws-acme", limit=9, after=newest_first[0])
    assert [look.export.id for look in after] == newest_first[1:]
    assert system.athena.queries == {}
