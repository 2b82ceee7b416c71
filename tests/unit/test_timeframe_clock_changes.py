"""Timeframes in nights when the clocks change.

The instants are those that `zdump -v` prints for the zones.
"""

from datetime import UTC, date, datetime, timedelta

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.timeframe import (
    Timeframe,
    TimeframeError,
    TimeframeLimits,
    TimeframeRequest,
    resolve_timeframe,
)

NOW = datetime(2026, 12, 31, 12, tzinfo=UTC)
LIMITS = TimeframeLimits(settle=timedelta(0), max_days=366, first_day=date(2010, 1, 1))


def resolve(start: str, end: str, timezone: str) -> Timeframe:
    return resolve_timeframe(TimeframeRequest(start, end, None, timezone), now=NOW, limits=LIMITS)


def interval(start: str, end: str) -> Timeframe:
    return Timeframe(datetime.fromisoformat(start), datetime.fromisoformat(end))


@pytest.mark.parametrize(
    ("timezone", "day", "start", "end", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00Z", "2026-03-29T22:00Z", 23),
        ("Europe/Berlin", "2025-10-26", "2025-10-25T22:00Z", "2025-10-26T23:00Z", 25),
        ("America/New_York", "2026-03-08", "2026-03-08T05:00Z", "2026-03-09T04:00Z", 23),
        ("America/New_York", "2025-11-02", "2025-11-02T04:00Z", "2025-11-03T05:00Z", 25),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00Z", "2026-04-05T13:30Z", 24.5),
        ("Asia/Kolkata", "2026-03-29", "2026-03-28T18:30Z", "2026-03-29T18:30Z", 24),
    ],
)
def test_a_day_with_a_clock_change_is_an_hour_shorter_or_longer(
    timezone: str, day: str, start: str, end: str, hours: float
) -> None:
    resolved = resolve(day, day, timezone)
    assert resolved == interval(start, end)
    assert resolved.end - resolved.start == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("timezone", "day", "start", "end"),
    [
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00Z", "2018-11-05T02:00Z"),
        ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00Z", "2026-03-29T21:00Z"),
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00Z", "2026-04-24T21:00Z"),
        ("America/Havana", "2026-03-08", "2026-03-08T05:00Z", "2026-03-09T04:00Z"),
        ("Atlantic/Azores", "2026-03-29", "2026-03-29T01:00Z", "2026-03-30T00:00Z"),
    ],
)
def test_a_day_whose_midnight_is_skipped_starts_at_one_o_clock(
    timezone: str, day: str, start: str, end: str
) -> None:
    assert resolve(day, day, timezone) == interval(start, end)
    day_before = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
    assert resolve(day_before, day_before, timezone).end == datetime.fromisoformat(start)


@pytest.mark.parametrize(
    ("timezone", "day", "start", "end"),
    [
        ("America/Havana", "2025-11-02", "2025-11-02T04:00Z", "2025-11-03T05:00Z"),
        ("Atlantic/Azores", "2025-10-26", "2025-10-26T00:00Z", "2025-10-27T01:00Z"),
    ],
)
def test_a_day_whose_midnight_comes_twice_starts_at_the_first(
    timezone: str, day: str, start: str, end: str
) -> None:
    assert resolve(day, day, timezone) == interval(start, end)


def test_a_day_before_the_last_hour_comes_twice_has_that_hour_twice() -> None:
    assert resolve("2025-10-25", "2025-10-25", "Asia/Beirut") == interval(
        "2025-10-24T21:00Z", "2025-10-25T22:00Z"
    )


def test_the_day_that_samoa_skipped_is_empty_and_lies_between_its_neighbours() -> None:
    date_line = "2011-12-30T10:00Z"
    assert resolve("2011-12-29", "2011-12-29", "Pacific/Apia").end == datetime.fromisoformat(
        date_line
    )
    assert resolve("2011-12-30", "2011-12-31", "Pacific/Apia") == interval(
        date_line, "2011-12-31T10:00Z"
    )
    with pytest.raises(TimeframeError, match="start: must be before end"):
        resolve("2011-12-30", "2011-12-30", "Pacific/Apia")


@pytest.mark.parametrize(
    ("timezone", "skipped"),
    [
        ("Europe/Berlin", "2026-03-29T02:00"),
        ("Europe/Berlin", "2026-03-29T02:30"),
        ("Europe/Berlin", "2026-03-29T02:59:59.999999"),
        ("America/New_York", "2026-03-08T02:30"),
        ("America/Sao_Paulo", "2018-11-04T00:00"),
        ("Australia/Lord_Howe", "2025-10-05T02:29:59"),
        ("Pacific/Apia", "2011-12-30T12:00"),
    ],
)
def test_a_time_that_the_clocks_skip_is_refused_by_name(timezone: str, skipped: str) -> None:
    with pytest.raises(TimeframeError, match=f"does not exist in {timezone}") as error:
        resolve(skipped, "2026-12-30", timezone)
    assert error.value.field == "start"
    with pytest.raises(TimeframeError, match=f"does not exist in {timezone}") as error:
        resolve("2011-01-01", skipped, timezone)
    assert error.value.field == "end"


@pytest.mark.parametrize(
    ("timezone", "local", "instant"),
    [
        ("Europe/Berlin", "2026-03-29T01:59:59.999", "2026-03-29T00:59:59.999Z"),
        ("Europe/Berlin", "2026-03-29T03:00", "2026-03-29T01:00Z"),
        ("Europe/Berlin", "2025-10-26T02:00", "2025-10-26T00:00Z"),  # summer's, not 01:00Z
        ("Europe/Berlin", "2025-10-26T02:59:59.999", "2025-10-26T00:59:59.999Z"),
        ("Europe/Berlin", "2025-10-26T03:00", "2025-10-26T02:00Z"),
        ("America/New_York", "2025-11-02T01:30", "2025-11-02T05:30Z"),
        ("America/New_York", "2025-11-02T02:00", "2025-11-02T07:00Z"),
        ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-04T14:45Z"),
    ],
)
def test_a_time_that_the_clocks_repeat_is_the_first(
    timezone: str, local: str, instant: str
) -> None:
    start = datetime.fromisoformat(instant)
    assert resolve(local, "2026-04-10T00:00Z", timezone).start == start
    assert resolve("2025-10-01", local, timezone).end == start


def test_the_second_of_a_repeated_time_can_be_named_by_its_offset() -> None:
    assert resolve("2025-10-26T02:30+02:00", "2025-10-26T02:30+01:00", "Europe/Berlin") == interval(
        "2025-10-26T00:30Z", "2025-10-26T01:30Z"
    )


@pytest.mark.parametrize(
    ("first", "last", "elapsed"),
    [
        ("2025-10-26", "2026-10-26", timedelta(days=366, hours=1)),
        ("2025-03-30", "2026-03-30", timedelta(days=366, hours=-1)),
    ],
)
def test_the_longest_timeframe_counts_days_of_the_calendar(
    first: str, last: str, elapsed: timedelta
) -> None:
    longest = resolve(first, last, "Europe/Berlin")
    assert longest.end - longest.start == elapsed
    moment_earlier = (datetime.fromisoformat(first) - timedelta(milliseconds=1)).isoformat()
    with pytest.raises(TimeframeError, match="longer than 366 days") as error:
        resolve(moment_earlier, last, "Europe/Berlin")
    assert error.value.field == "start"


ICU = duckdb.connect()


def shown_by_icu(instants: list[datetime], timezone: str) -> list[datetime]:
    """The local times of instants, by another implementation with its own time zone data."""
    rows = ICU.execute(
        "SELECT timezone($zone, to_timestamp(second)) FROM (SELECT unnest($seconds) AS second)",
        {"zone": timezone, "seconds": [instant.timestamp() for instant in instants]},
    ).fetchall()
    return [row[0] for row in rows]


def local_times(first: str, last: str) -> st.SearchStrategy[datetime]:
    bounds = datetime.fromisoformat(first), datetime.fromisoformat(last)
    return st.datetimes(*bounds).map(lambda moment: moment.replace(microsecond=0))


@given(
    local=st.one_of(
        local_times("2024-01-01", "2026-12-01"),
        *(
            local_times(f"{night}T00:00", f"{night}T04:00")
            for night in ("2026-03-29", "2025-10-26", "2026-03-08", "2025-11-02", "2026-04-05")
        ),
    ),
    timezone=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"]
    ),
)
def test_a_local_time_is_the_first_instant_at_which_icu_shows_it(
    local: datetime, timezone: str
) -> None:
    around = [
        local.replace(tzinfo=UTC) + timedelta(minutes=minutes)
        for minutes in range(-15 * 60, 15 * 60, 30)  # offsets of these zones are half hours
    ]
    instants = [
        instant
        for instant, shown in zip(around, shown_by_icu(around, timezone), strict=True)
        if shown == local
    ]
    limits = TimeframeLimits(timedelta(0), max_days=5000, first_day=LIMITS.first_day)
    request = TimeframeRequest(local.isoformat(), None, None, timezone)
    if not instants:
        with pytest.raises(TimeframeError, match="does not exist"):
            resolve_timeframe(request, now=NOW, limits=limits)
        return
    assert resolve_timeframe(request, now=NOW, limits=limits).start == instants[0]
