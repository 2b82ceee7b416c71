"""The sweep: what it looks at, in which order, and what it says of it."""

import json
from datetime import timedelta
from typing import Any

import pytest

from functions.export.sweep import is_sweep, sweep
from shared.aws_errors import RefusedError, ServiceUnavailableError
from shared.export import Export, Status
from shared.export_request import ExportRequest, OnLimit
from shared.query_execution import QueryState
from tests.builders import JANUARY
from tests.fake_system import FakeSystem
from tests.fakes import Fate

MINUTE = timedelta(minutes=1)
RUNS_ON = Fate(QueryState.RUNNING)


@pytest.fixture(autouse=True)
def metrics_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POWERTOOLS_METRICS_NAMESPACE", "Tests")


def swept(system: FakeSystem, *, time: timedelta = 10 * MINUTE) -> dict[str, float]:
    return sweep(system.exports, system.clock.time + time)


def orders(system: FakeSystem, number: int) -> list[Export]:
    """Exports that were ordered and left, a minute apart; the oldest first."""
    exports = []
    for workspace in range(number):
        exports.append(system.create(workspace_id=f"ws-{workspace}").export)
        system.clock.sleep(60)
    return exports


@pytest.mark.parametrize(
    ("event", "is_one"),
    [
        ({"task": "sweep"}, True),
        ({"task": "mop"}, False),
        ({"task": "sweep", "workspace_id": "ws-acme"}, False),
        ({}, False),
        ("sweep", False),
        (None, False),
    ],
)
def test_one_event_asks_for_a_sweep(event: object, is_one: bool) -> None:
    assert is_sweep(event) == is_one


def test_an_export_that_nobody_looks_at_ends_by_sweeps() -> None:
    system = FakeSystem()
    (export,) = orders(system, 1)
    reports = []
    while system.store.marked:
        reports.append(swept(system))
        system.clock.sleep(5 * 60)
    assert system.stored(export).status is Status.SUCCEEDED
    assert len(system.outcomes) == 1
    assert [report["oldest_seconds"] for report in reports] == [60, 360]
    assert swept(system) == {"unfinished": 0, "failed": 0, "oldest_seconds": 0}


def test_a_sweep_that_finishes_parts_starts_the_next_ones() -> None:
    system = FakeSystem(row_limit=1)
    system.athena.calls = {JANUARY.start + timedelta(hours=hour): 1 for hour in range(6)}
    request = ExportRequest(start="2026-01-01", end="2026-01-31", on_limit=OnLimit.SPLIT)
    export = system.create(request=request).export
    while not any(part.file for part in system.stored(export).parts):
        swept(system)
    *five, sixth = system.stored(export).parts
    assert all(part.file for part in five)
    assert sixth.queries is not None


def test_an_outcome_that_was_saved_and_not_told_is_told_by_a_sweep_after_a_while() -> None:
    def crash() -> None:
        raise KeyboardInterrupt

    system = FakeSystem()
    system.steps.at("before tell outcome", crash)
    with pytest.raises(KeyboardInterrupt):
        system.run()
    system.clock.sleep(15 * 60)
    swept(system)
    assert system.outcomes == []  # whoever ended it may still be telling
    system.clock.sleep(1)
    swept(system)
    swept(system)
    (told,) = system.outcomes
    assert told.export.status is Status.SUCCEEDED
    assert told.is_again
    assert system.store.marked == {}


def test_the_oldest_come_first() -> None:
    system = FakeSystem()
    exports = orders(system, 4)
    system.store.marked = dict(reversed(system.store.marked.items()))
    looked_at: list[str] = []
    load = system.store.load

    def record(workspace_id: str, export_id: str) -> Any:
        looked_at.append(export_id)
        return load(workspace_id, export_id)

    system.store.load = record  # type: ignore[method-assign]
    swept(system)
    assert looked_at == [export.id for export in exports]


def test_a_sweep_ends_in_time_and_the_next_one_begins_with_the_oldest_again() -> None:
    system = FakeSystem()
    exports = orders(system, 4)
    system.clock.tick = MINUTE
    report = swept(system, time=5 * MINUTE)
    begun = [export.workspace_id for export in exports if system.stored(export).parts[0].queries]
    assert 0 < len(begun) < 4
    assert begun == [export.workspace_id for export in exports][: len(begun)]
    assert report["unfinished"] == 4
    assert report["failed"] == 0


def test_a_sweep_without_time_looks_at_nothing_but_says_how_much_there_is() -> None:
    system = FakeSystem()
    orders(system, 2)
    report = swept(system, time=timedelta(0))
    assert report == {"unfinished": 2, "failed": 0, "oldest_seconds": 120}
    assert system.athena.queries == {}


@pytest.mark.parametrize(
    "trouble",
    [ServiceUnavailableError("SlowDown"), RefusedError("AccessDenied"), ValueError("not JSON")],
    ids=repr,
)
def test_an_export_that_cannot_be_looked_at_does_not_stop_the_others(trouble: Exception) -> None:
    def fail() -> None:
        raise trouble

    system = FakeSystem()
    exports = orders(system, 3)
    system.steps.at("before load manifest", fail)
    report = swept(system)
    assert (report["unfinished"], report["failed"]) == (3, 1)
    begun = [bool(system.stored(export).parts[0].queries) for export in exports]
    assert begun == [False, True, True]
    assert swept(system)["failed"] == 0
    assert system.stored(exports[0]).parts[0].queries


def test_a_mark_without_an_export_is_taken_away_once_nobody_can_be_making_it_any_more() -> None:
    def crash() -> None:
        raise KeyboardInterrupt

    system = FakeSystem()
    system.steps.at("before create manifest", crash)
    with pytest.raises(KeyboardInterrupt):
        system.create()
    system.clock.sleep(2 * 3600)
    assert swept(system)["unfinished"] == 1
    assert len(system.store.marked) == 1
    system.clock.sleep(1)
    swept(system)
    assert system.store.marked == {}
    assert system.athena.queries == {}
    assert system.outcomes == []


def test_a_running_export_is_looked_at_once_and_stays_marked() -> None:
    system = FakeSystem()
    system.athena.fates = {"rows": [RUNS_ON]}
    orders(system, 1)
    swept(system)
    assert system.steps.taken.count("before look") == 1
    assert len(system.store.marked) == 1


def test_a_sweep_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    system = FakeSystem()
    orders(system, 2)
    swept(system)
    (line,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    (described,) = line["_aws"]["CloudWatchMetrics"]
    units = {metric["Name"]: metric["Unit"] for metric in described["Metrics"]}
    assert units == {"UnfinishedExports": "Count", "OldestUnfinishedExport": "Seconds"}
    assert line["UnfinishedExports"] == [2]
    assert line["OldestUnfinishedExport"] == [120]
