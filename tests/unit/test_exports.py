"""The life of an export, over Athena and a bucket in memory."""

import re
from datetime import timedelta

import pytest

from shared.export import Queries, Status, Trigger
from shared.export_request import ExportRequest
from shared.exports import ExportNotFoundError
from shared.query_execution import QueryState
from shared.timeframe import TimeframeError
from tests.builders import JANUARY, the_part
from tests.fake_system import FakeSystem
from tests.fakes import Fate

FAILED = Fate(QueryState.FAILED, "COLUMN_NOT_FOUND: line 1:8: no")
FAILED_FOR_NOW = Fate(QueryState.FAILED, "INTERNAL_ERROR: no", is_retryable=True)
RUNS_ON = Fate(QueryState.RUNNING)


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
    assert the_part(export).queries == Queries(summary="summary-0", rows="rows-0")
    file = the_part(export).file
    assert file is not None
    assert file.key == "athena/rows-0.csv"
    assert file.size_bytes == 103
    assert file.name == "api-usage_ws-acme_20260101T000000Z_20260201T000000Z.csv"
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
    (outcome,) = system.outcomes
    assert outcome.export == export
    assert not outcome.is_again
    (facts,) = outcome.facts
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
    system.athena.calls = {JANUARY.start: 0}
    export = system.run()
    assert export.status is Status.SUCCEEDED
    assert export.control_totals is not None
    assert export.control_totals.rows == 0


def test_of_two_looks_that_end_an_export_in_the_same_millisecond_one_tells_of_it() -> None:
    system = FakeSystem()  # its clock stands still
    look = system.wait(system.create(), seconds=0)
    assert not look.export.status.is_final
    system.steps.at("before save manifest", lambda: system.look(look.export))
    ended = system.wait(look, seconds=0)
    assert ended.export.status is Status.SUCCEEDED
    assert [told.export.status for told in system.outcomes] == [Status.SUCCEEDED]


def test_the_count_is_read_once_and_the_file_looked_at_only_when_it_is_written() -> None:
    system = FakeSystem()
    system.athena.fates = {"rows": [RUNS_ON]}
    system.wait(system.create(), seconds=20)
    assert system.steps.taken.count("before look") > 5
    assert system.steps.taken.count("before result") == 1
    assert "before output rows" not in system.steps.taken
    assert "before file size" not in system.steps.taken


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
