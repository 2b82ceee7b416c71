"""Suggested timeframes tile a timeframe that is over the row limit, each part within it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.row_limit import SuggestedTimeframe, suggest_timeframes
from shared.timeframe import Timeframe
from shared.totals import Totals

HOUR = timedelta(hours=1)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def suggest(
    start: str,
    end: str,
    rows: Mapping[str, int],
    *,
    row_limit: int = 10,
    timezone: str | None = "UTC",
) -> list[tuple[str, str, int]]:
    """The suggestions, shortened to what the examples look at."""
    parts = suggest_timeframes(
        Timeframe(at(start), at(end)),
        {at(hour): Totals(rows=count) for hour, count in rows.items()},
        row_limit=row_limit,
        timezone=timezone,
    )
    assert all(part.fits == (part.totals.rows <= row_limit) for part in parts)
    return [
        (f"{part.timeframe.start:%d %H:%M}", f"{part.timeframe.end:%d %H:%M}", part.totals.rows)
        for part in parts
    ]


def test_parts_end_at_midnight_where_they_can() -> None:
    rows = {"2026-01-01T10:00": 6, "2026-01-02T10:00": 4, "2026-01-03T10:00": 5}
    assert suggest("2026-01-01", "2026-01-04", rows) == [
        ("01 00:00", "03 00:00", 10),
        ("03 00:00", "04 00:00", 5),
    ]


def test_a_midnight_is_one_of_the_time_zone() -> None:
    rows = {"2026-01-01T10:00": 6, "2026-01-02T10:00": 4, "2026-01-03T10:00": 5}
    assert suggest("2025-12-31T23:00", "2026-01-03T23:00", rows, timezone="Europe/Berlin") == [
        ("31 23:00", "02 23:00", 10),
        ("02 23:00", "03 23:00", 5),
    ]


def test_without_a_time_zone_parts_are_as_full_as_hours_allow() -> None:
    rows = {f"2026-01-{day:02}T{hour}:00": 3 for day in (1, 2, 3) for hour in (10, 20)}
    assert len(suggest("2026-01-01", "2026-01-04", rows)) == 3  # a day each, of 6 rows
    assert suggest("2026-01-01", "2026-01-04", rows, timezone=None) == [
        ("01 00:00", "02 20:00", 9),
        ("02 20:00", "04 00:00", 9),
    ]


def test_a_day_over_the_limit_is_cut_between_hours() -> None:
    rows = {"2026-01-01T10:00": 6, "2026-01-01T11:00": 4, "2026-01-01T15:00": 1}
    assert suggest("2026-01-01", "2026-01-02", rows) == [
        ("01 00:00", "01 15:00", 10),
        ("01 15:00", "02 00:00", 1),
    ]


def test_a_midnight_is_preferred_to_a_longer_part() -> None:
    rows = {"2026-01-01T10:00": 3, "2026-01-02T10:00": 3, "2026-01-02T11:00": 8}
    assert suggest("2026-01-01", "2026-01-03", rows) == [
        ("01 00:00", "02 00:00", 3),
        ("02 00:00", "02 11:00", 3),
        ("02 11:00", "03 00:00", 8),
    ]


def test_a_midnight_with_calls_right_before_and_after_it_is_a_place_to_cut() -> None:
    rows = {f"2026-01-0{hour}:00": 3 for hour in ("1T22", "1T23", "2T00", "2T01")}
    assert suggest("2026-01-01", "2026-01-03", rows) == [
        ("01 00:00", "02 00:00", 6),
        ("02 00:00", "03 00:00", 6),
    ]


def test_of_several_midnights_the_last_is_taken() -> None:
    rows = {"2026-01-01T10:00": 6, "2026-01-20T10:00": 6}
    assert suggest("2026-01-01", "2026-02-01", rows) == [
        ("01 00:00", "20 00:00", 6),
        ("20 00:00", "01 00:00", 6),
    ]


def test_an_hour_over_the_limit_is_a_part_that_does_not_fit() -> None:
    rows = {"2026-01-01T10:00": 6, "2026-01-01T11:00": 11, "2026-01-01T12:00": 10}
    parts = suggest_timeframes(
        Timeframe(at("2026-01-01"), at("2026-01-02")),
        {at(hour): Totals(rows=count) for hour, count in rows.items()},
        row_limit=10,
        timezone="UTC",
    )
    assert [part.totals.rows for part in parts] == [6, 11, 10]
    assert [part.fits for part in parts] == [True, False, True]
    assert parts[1].timeframe == Timeframe(at("2026-01-01T11:00"), at("2026-01-01T12:00"))


def test_a_first_hour_over_the_limit_stands_alone() -> None:
    rows = {"2026-01-01T10:00": 11, "2026-01-01T11:00": 1}
    assert suggest("2026-01-01T10:30", "2026-01-02", rows) == [
        ("01 10:30", "01 11:00", 11),
        ("01 11:00", "02 00:00", 1),
    ]


def test_a_last_hour_over_the_limit_reaches_to_the_end() -> None:
    rows = {"2026-01-01T10:00": 1, "2026-01-01T11:00": 11}
    assert suggest("2026-01-01", "2026-01-01T11:20", rows) == [
        ("01 00:00", "01 11:00", 1),
        ("01 11:00", "01 11:20", 11),
    ]


def test_a_midnight_within_an_hour_that_has_calls_is_no_place_to_cut() -> None:
    # Midnight in Kolkata is 18:30 UTC.
    rows = {f"2026-01-01T{hour}:00": 4 for hour in (16, 17, 18, 19)}
    assert suggest("2026-01-01", "2026-01-02", rows, timezone="Asia/Kolkata") == [
        ("01 00:00", "01 18:00", 8),
        ("01 18:00", "02 00:00", 8),
    ]


def test_a_midnight_within_an_hour_without_calls_is_one() -> None:
    rows = {f"2026-01-01T{hour}:00": 4 for hour in (16, 17, 19, 20)}
    assert suggest("2026-01-01", "2026-01-02", rows, timezone="Asia/Kolkata") == [
        ("01 00:00", "01 18:30", 8),
        ("01 18:30", "02 00:00", 8),
    ]


def test_a_day_whose_midnight_is_skipped_begins_at_its_first_instant() -> None:
    rows = {"2026-04-23T20:00": 6, "2026-04-23T22:00": 6}  # 23:00 on the 23rd, 01:00 on the 24th
    assert suggest("2026-04-23", "2026-04-24", rows, timezone="Africa/Cairo") == [
        ("23 00:00", "23 22:00", 6),
        ("23 22:00", "24 00:00", 6),
    ]


@pytest.mark.parametrize("rows", [{}, {"2026-01-01T10:00": 10}])
def test_what_is_within_the_limit_is_one_part(rows: Mapping[str, int]) -> None:
    count = sum(rows.values())
    assert suggest("2026-01-01", "2026-01-02", rows) == [("01 00:00", "02 00:00", count)]


def test_the_totals_of_a_part_are_those_of_its_hours() -> None:
    call = Totals(rows=6, input_tokens=60, output_tokens=30, unpriced_calls=1)
    hours = {at(f"2026-01-0{day}T10:00"): call for day in (1, 2)}
    timeframe = Timeframe(at("2026-01-01"), at("2026-01-03"))
    parts = suggest_timeframes(timeframe, hours, row_limit=10, timezone="UTC")
    assert [part.totals for part in parts] == [call, call]


STARTS = st.sampled_from(["2026-01-01", "2026-03-28", "2025-10-25", "2026-04-23"]).map(at)
MINUTES = st.integers(0, 59).map(lambda minutes: timedelta(minutes=minutes))


@st.composite
def crowded_timeframes(draw: st.DrawFn) -> tuple[Timeframe, dict[datetime, Totals], int, str]:
    """A timeframe of up to three days, its calls by hour, a row limit and a time zone."""
    day = draw(STARTS)
    hours = draw(st.dictionaries(st.integers(0, 71), st.integers(1, 20), max_size=40))
    # Bounds may lie within an hour, and that hour may have calls.
    first, last = min(hours, default=0), max(hours, default=0)
    start = day + draw(st.integers(0, first)) * HOUR + draw(MINUTES)
    end = day + draw(st.integers(last + 1, 73)) * HOUR + draw(MINUTES)
    by_hour = {day + hour * HOUR: Totals(rows=rows) for hour, rows in hours.items()}
    timezone = draw(
        st.sampled_from(["UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Africa/Cairo"])
    )
    return Timeframe(start, end), by_hour, draw(st.integers(1, 60)), timezone


@given(case=crowded_timeframes())
def test_parts_tile_the_timeframe_and_its_rows(
    case: tuple[Timeframe, dict[datetime, Totals], int, str],
) -> None:
    timeframe, by_hour, row_limit, timezone = case
    parts = suggest_timeframes(timeframe, by_hour, row_limit=row_limit, timezone=timezone)
    assert parts[0].timeframe.start == timeframe.start
    assert parts[-1].timeframe.end == timeframe.end
    for part, following in pairwise(parts):
        assert part.timeframe.end == following.timeframe.start
    for part in parts:
        assert part.timeframe.start < part.timeframe.end
        own = [hour for hour in by_hour if is_within(hour, part)]
        assert part.totals.rows == sum(by_hour[hour].rows for hour in own)
        assert part.fits == (part.totals.rows <= row_limit)
        assert part.fits or len(own) == 1
    assert sum(part.totals.rows for part in parts) == sum(t.rows for t in by_hour.values())


def is_within(hour: datetime, part: SuggestedTimeframe) -> bool:
    """Whether a part has some of the hour; then it must have all of it, or no other has."""
    return part.timeframe.start < hour + HOUR and hour < part.timeframe.end


@given(case=crowded_timeframes())
def test_parts_end_where_a_search_by_quarter_hours_ends_them(
    case: tuple[Timeframe, dict[datetime, Totals], int, str],
) -> None:
    timeframe, by_hour, row_limit, timezone = case
    rows = {hour: totals.rows for hour, totals in by_hour.items()}
    parts = suggest_timeframes(timeframe, by_hour, row_limit=row_limit, timezone=timezone)
    start = timeframe.start
    for part in parts:
        assert part.timeframe.end == searched_end(start, timeframe.end, rows, row_limit, timezone)
        start = part.timeframe.end


def searched_end(
    start: datetime, end: datetime, rows: dict[datetime, int], row_limit: int, timezone: str
) -> datetime:
    """Where a part that starts at `start` should end."""
    hours = sorted(hour for hour in rows if hour + HOUR > start)
    filled: list[datetime] = []
    while hours and (not filled or sum(rows[hour] for hour in [*filled, hours[0]]) <= row_limit):
        filled.append(hours.pop(0))
    if not hours:
        return end
    midnights = [
        quarter
        for quarter in quarters(filled[0] + HOUR, hours[0])
        if is_first_of_its_day(quarter, timezone)
        and not any(hour < quarter < hour + HOUR for hour in rows)
    ]
    return max(midnights, default=hours[0])


def quarters(first: datetime, last: datetime) -> list[datetime]:
    quarter = timedelta(minutes=15)
    return [first + quarter * index for index in range((last - first) // quarter + 1)]


def is_first_of_its_day(instant: datetime, timezone: str) -> bool:
    zone = ZoneInfo(timezone)
    before = instant - timedelta(minutes=1)
    return before.astimezone(zone).date() < instant.astimezone(zone).date()
