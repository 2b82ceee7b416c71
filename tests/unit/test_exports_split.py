"""Exports over the row limit that are split into parts, over Athena and a bucket in memory."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.export import Export, Status
from shared.export_request import ExportRequest
from shared.query_execution import QueryState
from tests.builders import JANUARY, error_name
from tests.fake_system import FakeSystem
from tests.fakes import Fate

HOUR = timedelta(hours=1)
LIMIT = 100
RUNS_ON = Fate(QueryState.RUNNING)
FAILED = Fate(QueryState.FAILED, "COLUMN_NOT_FOUND: no")
FAILED_FOR_NOW = Fate(QueryState.FAILED, "INTERNAL_ERROR: no", is_retryable=True)
IN_THREE_PARTS = {0: 60, 300: 60, 600: 60}  # that begin on the 1st, the 13th and the 26th


def asked(**changes: Any) -> ExportRequest:
    """January in as many files as it takes, or what the changes say."""
    january = {"start": "2026-01-01", "end": "2026-01-31", "on_limit": "split"}
    return ExportRequest.model_validate(january | changes)


def january_with(calls: Mapping[int, int], limit: int = LIMIT) -> FakeSystem:
    """A system that has calls, by hour of January."""
    system = FakeSystem(row_limit=limit)
    system.athena.calls = {JANUARY.start + HOUR * hour: count for hour, count in calls.items()}
    return system


def once_split(system: FakeSystem) -> Export:
    """An export that has just been split; the queries of its parts have not started."""
    look = system.create(request=asked())
    while len(look.export.parts) == 1:
        look = system.look(look.export)
    return look.export


def finish(system: FakeSystem, export: Export) -> Export:
    """The export at its end."""
    return system.wait(system.look(export)).export


def rows_of(export: Export) -> list[int]:
    """The rows of each file."""
    return [part.control_totals.rows for part in export.parts if part.control_totals]


@pytest.mark.parametrize(
    ("calls", "parts"),
    [
        ([LIMIT], [LIMIT]),
        ([LIMIT, 0, 1], [LIMIT, 1]),
        ([LIMIT - 1, 1, 1], [LIMIT, 1]),
        ([LIMIT - 1, 2], [LIMIT - 1, 2]),
        ([1, LIMIT], [1, LIMIT]),
        ([LIMIT, LIMIT, LIMIT], [LIMIT, LIMIT, LIMIT]),
        ([50, 50, 50, 51], [100, 50, 51]),
    ],
)
def test_parts_are_as_large_as_the_limit_lets_them_be(calls: list[int], parts: list[int]) -> None:
    export = january_with(dict(enumerate(calls))).run(request=asked())
    assert export.status is Status.SUCCEEDED
    assert rows_of(export) == parts


MONTHS = [
    ("Europe/Berlin", "2025-03-01", "2025-03-31"),
    ("Europe/Berlin", "2025-10-01", "2025-10-31"),
    ("America/New_York", "2025-03-01", "2025-03-31"),
    ("America/New_York", "2025-11-01", "2025-11-30"),
    ("UTC", "2025-02-01", "2025-02-28"),
]


@given(
    month=st.sampled_from(MONTHS),
    limit=st.integers(1, 50),
    by_hour=st.dictionaries(
        st.integers(-3, 31 * 24 + 3), st.floats(0, 1, exclude_min=True), max_size=40
    ),
)
def test_parts_tile_the_timeframe_and_add_up_to_the_whole_also_where_clocks_change(
    month: tuple[str, str, str], limit: int, by_hour: dict[int, float]
) -> None:
    timezone, first, last = month
    zone = ZoneInfo(timezone)
    start = datetime.fromisoformat(first).replace(tzinfo=zone).astimezone(UTC)
    day_after = datetime.fromisoformat(last) + timedelta(days=1)
    end = day_after.replace(tzinfo=zone).astimezone(UTC)
    system = FakeSystem(row_limit=limit)
    calls = {start + HOUR * hour: 1 + int(share * (limit - 1)) for hour, share in by_hour.items()}
    system.athena.calls = calls

    export = system.run(request=asked(start=first, end=last, timezone=timezone))

    bounds = [(part.timeframe.start, part.timeframe.end) for part in export.parts]
    assert (bounds[0][0], bounds[-1][1]) == (start, end)
    assert all(one[1] == other[0] for one, other in pairwise(bounds))
    counted = [
        sum(count for instant, count in calls.items() if begin <= instant < stop)
        for begin, stop in bounds
    ]
    whole = sum(count for instant, count in calls.items() if start <= instant < end)
    assert export.status is Status.SUCCEEDED
    assert rows_of(export) == counted
    assert max(counted) <= limit
    assert len(counted) == 1 or whole > limit
    assert export.control_totals is not None
    assert export.control_totals.rows == sum(counted) == whole
    assert export.control_totals.input_tokens == 10 * whole
    assert [totals.rows for totals in export.control_totals.by_model] == [whole][: bool(whole)]
    files = [part.file for part in export.parts if part.file]
    assert len({file.name for file in files}) == len({file.key for file in files}) == len(bounds)
    # What it cost: every query 20 MB, at 5 USD per TB.
    runs = len(system.athena.queries)
    assert runs == 2 * len(bounds) + (2 if len(bounds) > 1 else 0)
    assert export.bytes_scanned == 20_000_000 * runs
    assert export.athena_cost_usd == Decimal("0.0001") * runs
    assert system.athena.most_running == min(2 * len(bounds), 10)
    assert len(system.outcomes) == 1


def test_a_whole_that_is_too_large_to_read_becomes_files_that_are_not() -> None:
    system = january_with(IN_THREE_PARTS)
    cut_off = Fate(QueryState.CANCELLED, "Bytes scanned limit was exceeded")
    system.athena.fates = {"rows": [cut_off, Fate()]}
    export = system.run(request=asked())
    assert export.status is Status.SUCCEEDED
    assert rows_of(export) == [60, 60, 60]


def test_a_single_hour_over_the_limit_is_rejected_and_named() -> None:
    system = january_with({0: LIMIT, 7: LIMIT + 1, 8: 1})
    export = system.run(request=asked())
    assert export.status is Status.REJECTED
    assert error_name(export) == "row-limit-exceeded"
    assert export.error is not None
    assert "Single hours that have more rows than that: 1" in export.error.detail
    assert "the first from 2026-01-01 07:00 UTC" in export.error.detail
    assert [tile.fits for tile in export.suggested_timeframes or []] == [True, False, True]
    assert len(system.athena.queries) == 2


def test_an_export_that_was_not_to_be_split_is_rejected() -> None:
    export = january_with(IN_THREE_PARTS).run(request=asked(on_limit="reject"))
    assert export.status is Status.REJECTED
    assert len(export.parts) == 1
    assert len(export.suggested_timeframes or []) == 3


def test_an_export_may_have_a_hundred_parts() -> None:
    system = january_with(dict.fromkeys(range(100), 1), limit=1)
    export = system.run(request=asked())
    assert export.status is Status.SUCCEEDED
    assert rows_of(export) == [1] * 100
    assert system.athena.most_running == 10


def test_an_export_that_takes_more_than_a_hundred_parts_is_rejected_and_says_so() -> None:
    system = january_with(dict.fromkeys(range(101), 1), limit=1)
    export = system.run(request=asked())
    assert export.status is Status.REJECTED
    assert error_name(export) == "row-limit-exceeded"
    assert export.error is not None
    assert "101 rows" in export.error.detail
    assert "101 files" in export.error.detail
    assert "an export may have 100 files" in export.error.detail
    assert len(export.suggested_timeframes or []) == 101
    assert len(system.athena.queries) == 2


def test_midnights_are_given_up_where_they_would_take_too_many_files() -> None:
    calls = {24 * day + hour: 1 for day in range(30) for hour in range(13)}
    system = january_with(calls, limit=4)  # four files a day up to each midnight, 120 in all
    export = system.run(request=asked())
    assert export.status is Status.SUCCEEDED
    assert rows_of(export) == [4] * 97 + [2]


def test_an_export_that_is_split_says_so_while_it_runs() -> None:
    system = january_with(IN_THREE_PARTS)
    export = once_split(system)
    assert export.status is Status.RUNNING
    assert [part.timeframe.start.day for part in export.parts] == [1, 13, 26]
    assert export.control_totals is not None
    assert export.control_totals.rows == 180
    assert export.suggested_timeframes is None
    assert system.stored(export) == export
    assert system.athena.running == []


def test_late_calls_that_still_fit_are_in_the_files_and_in_the_totals() -> None:
    system = january_with(IN_THREE_PARTS)
    export = once_split(system)
    system.athena.calls = {**system.athena.calls, JANUARY.start + 301 * HOUR: 40}
    export = finish(system, export)
    assert export.status is Status.SUCCEEDED
    assert rows_of(export) == [60, 100, 60]
    assert export.control_totals is not None
    assert export.control_totals.rows == 220


def test_late_calls_that_do_not_fit_any_more_fail_the_export_and_name_the_part() -> None:
    system = january_with(IN_THREE_PARTS)
    export = once_split(system)
    system.athena.calls = {**system.athena.calls, JANUARY.start + 301 * HOUR: 41}
    system.athena.fates = {"rows": [RUNS_ON]}
    export = finish(system, export)
    assert error_name(export) == "call-logs-changed"
    assert export.error is not None
    assert "from 2026-01-13T00:00:00.000Z to 2026-01-26T00:00:00.000Z" in export.error.detail
    assert system.athena.running == []
    assert len(system.outcomes) == 1


@pytest.mark.parametrize("role", ["summary", "rows"])
def test_a_part_that_fails_fails_the_export_and_stops_all_other_queries(role: str) -> None:
    system = january_with(IN_THREE_PARTS)
    export = once_split(system)
    system.athena.fates = {
        "summary": [RUNS_ON],
        "rows": [RUNS_ON],
        f"{role} 2026-01-26": [FAILED],
    }
    export = finish(system, export)
    assert export.status is Status.FAILED
    assert error_name(export) == "query-failed"
    assert export.error is not None
    assert "from 2026-01-26T00:00:00.000Z to 2026-02-01T00:00:00.000Z" in export.error.detail
    assert len(system.athena.queries) == 2 + 6
    assert len(system.athena.stopped) == 5
    assert system.athena.running == []


def test_a_part_that_is_tried_again_leaves_the_others_alone() -> None:
    system = january_with(IN_THREE_PARTS)
    system.athena.fates = {
        "summary 2026-01-13": [FAILED_FOR_NOW, Fate()],
        "rows 2026-01-13": [RUNS_ON, Fate()],
        "rows 2026-01-26": [RUNS_ON],
    }
    export = once_split(system)
    look = system.wait(system.look(export), seconds=60)
    assert [part.attempt for part in look.export.parts] == [1, 2, 1]
    assert [part.file is not None for part in look.export.parts] == [True, True, False]
    retried = [
        identity
        for identity, query in system.athena.queries.items()
        if "TIMESTAMP '2026-01-13" in query.statement and "TIMESTAMP '2026-01-26" in query.statement
    ]
    assert len(retried) == 4
    assert len(system.athena.queries) == 2 + 6 + 2
    assert system.athena.stopped == [retried[1]]


@pytest.mark.parametrize("trouble", ["refused", "unreadable", "late"])
def test_a_reason_that_lies_in_no_part_names_none(
    trouble: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_result(_: object, *, having: str) -> object:
        raise ValueError("not a summary")

    system = january_with(IN_THREE_PARTS)
    system.athena.fates = {"rows 2026-01-26": [RUNS_ON]}
    export = once_split(system)
    match trouble:
        case "refused":
            system.athena.refused = {"rows"}
        case "unreadable":
            monkeypatch.setattr(system.athena, "result", no_result)
        case "late":
            system.clock.sleep(2 * 3600 + 1)
    export = finish(system, export)
    assert export.status is Status.FAILED
    assert error_name(export) in {"query-refused", "result-unreadable", "timed-out"}
    assert export.error is not None
    assert "part" not in export.error.detail
    assert system.athena.running == []


def test_two_lookers_run_no_more_queries_at_once_than_one() -> None:
    undisturbed = january_with({24 * day: 60 for day in range(12)})
    undisturbed.run(request=asked())
    for number in range(0, len(undisturbed.steps.taken), 7):
        system = january_with({24 * day: 60 for day in range(12)})
        system.steps.at(number, partial(look_twice, system))
        export = system.run(request=asked())
        assert export.status is Status.SUCCEEDED
        assert rows_of(export) == [60] * 12
        assert system.athena.most_running == 10
        assert len(system.athena.queries) == 2 + 24
        assert export.bytes_scanned == 26 * 20_000_000


def look_twice(system: FakeSystem) -> None:
    for stored in list(system.store.manifests.values()):
        system.look(stored.export)
        system.look(stored.export)
