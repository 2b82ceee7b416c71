"""Local time and buckets, against the calendars of ICU."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from pyathena.formatter import DefaultParameterFormatter

from shared.local_time import (
    SQL_BUCKET_FORMAT,
    Granularity,
    OffsetPeriod,
    bucket_sql,
    buckets,
    offset_periods,
    offset_sql,
)
from shared.timeframe import Timeframe
from tests.local_calendar import ZONES, calendar

MILLISECOND = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
DATABASE = duckdb.connect()

any_zone = pytest.mark.parametrize("zone", ZONES)
any_granularity = pytest.mark.parametrize("granularity", Granularity)
# Each test runs for every zone, and some for every granularity: fewer examples of each.
some = settings(max_examples=settings().max_examples // 8)
few = settings(max_examples=settings().max_examples // 20)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def between(start: str, end: str) -> Timeframe:
    return Timeframe(instant(start), instant(end))


def instants(zone: str) -> st.SearchStrategy[datetime]:
    """Instants of a zone's calendar, to the millisecond, many of them next to a clock change."""
    first, last, changes = ZONES[zone]
    # A bucket starts up to a month before the timeframe: the calendar has to know when.
    start, end = instant(f"{first}T00:00Z") + DAY * 32, instant(f"{last}T00:00Z")
    anywhere = st.integers(0, (end - start) // MILLISECOND).map(lambda ms: start + MILLISECOND * ms)
    offsets = st.one_of(
        st.integers(-2000, 2000),
        st.integers(-200_000_000, 200_000_000),
        st.sampled_from([-500, -1, 0, 1, 500, 1500]),
    )
    if not changes:
        return anywhere
    near = st.tuples(st.sampled_from(changes), offsets).map(
        lambda drawn: instant(drawn[0]) + MILLISECOND * drawn[1]
    )
    return st.one_of(anywhere, near)


@st.composite
def timeframes(draw: st.DrawFn, zone: str) -> Timeframe:
    one, other = draw(instants(zone)), draw(instants(zone))
    start, end = min(one, other), max(one, other)
    return Timeframe(start, max(end, start + MILLISECOND))


def probes(timeframe: Timeframe, changes: Iterable[str], count: int = 50) -> list[datetime]:
    """Instants within a timeframe: its ends, around clock changes, and evenly spread."""
    start, end = timeframe.start, timeframe.end
    spread = [start + (end - start) / count * number for number in range(count)]
    spread = [moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in spread]
    around = [
        instant(change) + distance
        for change in changes
        for distance in (
            -HOUR,
            -MILLISECOND,
            MILLISECOND * 0,
            MILLISECOND,
            HOUR - MILLISECOND,
            HOUR,
        )
    ]
    return [moment for moment in (*spread, *around, end - MILLISECOND) if start <= moment < end]


def offset_at(moment: datetime, periods: list[OffsetPeriod]) -> int:
    return next(period.seconds for period in periods if moment < period.until)


def named_by_sql(
    timeframe: Timeframe, zone: str, granularity: Granularity, moments: list[datetime]
) -> list[str]:
    """The buckets of calls at these moments, as the statement calls them."""
    offset, parameters = offset_sql(offset_periods(timeframe, ZoneInfo(zone)))
    local = f"date_add('second', {offset}, called_at)"
    bucket = bucket_sql(granularity, local, offset)
    text_format = SQL_BUCKET_FORMAT.replace("%", "%%")
    statement = DefaultParameterFormatter().format(
        f"SELECT date_format({bucket}, '{text_format}') FROM calls",
        parameters,
    )
    (in_duckdb,) = sqlglot.transpile(statement, read="athena", write="duckdb")
    naive = [moment.replace(tzinfo=None) for moment in moments]
    calls = "WITH calls AS (SELECT unnest(?::timestamp[]) AS called_at) "
    return [name for (name,) in DATABASE.execute(calls + in_duckdb, [naive]).fetchall()]


# Offsets


@any_zone
@given(data=st.data())
@some
def test_the_offset_of_every_moment_is_what_the_clocks_show(zone: str, data: st.DataObject) -> None:
    timeframe = data.draw(timeframes(zone))
    periods = offset_periods(timeframe, ZoneInfo(zone))
    for moment in probes(timeframe, ZONES[zone][2], count=60):
        shown = calendar(zone).at(moment).offset.total_seconds()
        assert offset_at(moment, periods) == shown


@any_zone
@given(data=st.data())
@some
def test_offsets_hold_up_to_the_end_and_each_is_another_than_the_one_before(
    zone: str, data: st.DataObject
) -> None:
    timeframe = data.draw(timeframes(zone))
    periods = offset_periods(timeframe, ZoneInfo(zone))
    assert periods[-1].until == timeframe.end
    untils = [timeframe.start, *(period.until for period in periods)]
    assert untils == sorted(set(untils))
    offsets = [period.seconds for period in periods]
    assert all(one != other for one, other in pairwise(offsets))


@any_zone
def test_every_quarter_of_an_hour_of_a_year_has_its_offset(zone: str) -> None:
    moments = calendar(zone).moments
    for first in range(0, len(moments) - 1, 96 * 366):
        year = moments[first : first + 96 * 366]
        timeframe = Timeframe(year[0].instant, year[-1].instant + MILLISECOND)
        periods = offset_periods(timeframe, ZoneInfo(zone))
        assert all(offset_at(m.instant, periods) == m.offset.total_seconds() for m in year)


@pytest.mark.parametrize("end", ["00:59:59.999", "01:00:00", "01:00:00.001", "01:00:00.500"])
def test_a_timeframe_may_end_at_any_distance_from_a_clock_change(end: str) -> None:
    timeframe = between("2026-03-28T12:00Z", f"2026-03-29T{end}Z")
    before = OffsetPeriod(min(timeframe.end, instant("2026-03-29T01:00Z")), 3600)
    after = OffsetPeriod(timeframe.end, 7200)
    periods = offset_periods(timeframe, ZoneInfo("Europe/Berlin"))
    assert periods == ([before, after] if timeframe.end > before.until else [before])


def test_a_zone_without_clock_changes_has_one_offset() -> None:
    timeframe = between("2026-01-01T00:00Z", "2026-12-31T00:00Z")
    assert offset_sql(offset_periods(timeframe, ZoneInfo("Asia/Kolkata"))) == (
        "%(offset)s",
        {"offset": 19800},
    )


def test_each_clock_change_is_a_case_of_the_statement() -> None:
    year = between("2026-01-01T00:00Z", "2027-01-01T00:00Z")
    assert offset_sql(offset_periods(year, ZoneInfo("Europe/Berlin"))) == (
        (
            "CASE WHEN called_at < %(until_0)s THEN %(offset_0)s"
            " WHEN called_at < %(until_1)s THEN %(offset_1)s ELSE %(offset)s END"
        ),
        {
            "until_0": instant("2026-03-29T01:00Z"),
            "offset_0": 3600,
            "until_1": instant("2026-10-25T01:00Z"),
            "offset_1": 7200,
            "offset": 3600,
        },
    )


# Buckets


@any_granularity
@any_zone
@given(data=st.data())
@few
def test_buckets_are_those_of_the_calendar(
    zone: str, granularity: Granularity, data: st.DataObject
) -> None:
    timeframe = data.draw(timeframes(zone))
    found = buckets(timeframe, granularity, ZoneInfo(zone))
    expected = calendar(zone).buckets(granularity, timeframe.start, timeframe.end)
    assert list(found.values()) == expected


@any_granularity
@any_zone
@given(data=st.data())
@few
def test_the_statement_puts_each_call_into_its_bucket(
    zone: str, granularity: Granularity, data: st.DataObject
) -> None:
    timeframe = data.draw(timeframes(zone))
    moments = probes(timeframe, ZONES[zone][2])
    found = buckets(timeframe, granularity, ZoneInfo(zone))
    names = named_by_sql(timeframe, zone, granularity, moments)
    for moment, name in zip(moments, names, strict=True):
        assert found[name] == calendar(zone).bucket_start(granularity, moment)


@any_zone
def test_the_statement_knows_the_clock_changes_of_all_years(zone: str) -> None:
    first, last, changes = ZONES[zone]
    timeframe = Timeframe(instant(f"{first}T00:00Z") + DAY * 32, instant(f"{last}T00:00Z"))
    moments = probes(timeframe, changes)
    found = buckets(timeframe, Granularity.DAY, ZoneInfo(zone))
    for moment, name in zip(
        moments, named_by_sql(timeframe, zone, Granularity.DAY, moments), strict=True
    ):
        assert found[name] == calendar(zone).bucket_start(Granularity.DAY, moment)


def starts(timeframe: Timeframe, granularity: Granularity, zone: str) -> list[str]:
    """When buckets start, in UTC, short."""
    found = buckets(timeframe, granularity, ZoneInfo(zone)).values()
    return [f"{start:%m-%d %H:%M}" for start in found]


def test_an_hour_that_the_clocks_repeat_is_two_buckets() -> None:
    night = between("2026-10-25T01:00+02:00", "2026-10-25T04:00+01:00")
    assert starts(night, Granularity.HOUR, "Europe/Berlin") == [
        "10-24 23:00",
        "10-25 00:00",  # 2 o'clock
        "10-25 01:00",  # and again
        "10-25 02:00",
    ]


def test_an_hour_that_the_clocks_skip_is_no_bucket() -> None:
    night = between("2026-03-29T01:00+01:00", "2026-03-29T04:00+02:00")
    local = [
        start.astimezone(ZoneInfo("Europe/Berlin")).hour
        for start in buckets(night, Granularity.HOUR, ZoneInfo("Europe/Berlin")).values()
    ]
    assert local == [1, 3]


def test_half_an_hour_that_the_clocks_repeat_is_a_bucket_of_its_own() -> None:
    night = between("2026-04-04T14:00Z", "2026-04-04T16:30Z")
    assert starts(night, Granularity.HOUR, "Australia/Lord_Howe") == [
        "04-04 14:00",  # 1 o'clock
        "04-04 15:00",  # half past one, again
        "04-04 15:30",  # 2 o'clock
    ]


def test_what_a_skipped_half_hour_leaves_of_its_hour_starts_with_the_change() -> None:
    night = between("2026-10-03T14:30Z", "2026-10-03T17:00Z")
    assert starts(night, Granularity.HOUR, "Australia/Lord_Howe") == [
        "10-03 14:30",  # 1 o'clock
        "10-03 15:30",  # 2 o'clock is half past two
        "10-03 16:00",  # 3 o'clock
    ]


def test_so_does_the_hour_in_which_a_timeframe_begins_after_the_change() -> None:
    night = between("2026-10-03T15:45Z", "2026-10-03T16:10Z")
    assert starts(night, Granularity.HOUR, "Australia/Lord_Howe") == ["10-03 15:30", "10-03 16:00"]


def test_an_hour_starts_when_it_is_full_whenever_the_timeframe_does() -> None:
    timeframe = between("2026-01-05T10:15:30.250Z", "2026-01-05T11:00:00.001Z")
    assert buckets(timeframe, Granularity.HOUR, ZoneInfo("UTC")) == {
        "2026-01-05 10:00:00": instant("2026-01-05T10:00Z"),
        "2026-01-05 11:00:00": instant("2026-01-05T11:00Z"),
    }


def test_hours_start_on_the_half_hour_where_the_zone_is_half_an_hour_off() -> None:
    morning = between("2026-01-01T05:00Z", "2026-01-01T06:45Z")
    assert starts(morning, Granularity.HOUR, "Asia/Kolkata") == [
        "01-01 04:30",
        "01-01 05:30",
        "01-01 06:30",
    ]


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/New_York", "2026-03-08", 23),
        ("America/New_York", "2026-11-01", 25),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Africa/Cairo", "2026-04-24", 23),
        ("Africa/Cairo", "2026-10-29", 25),
        ("America/Sao_Paulo", "2018-11-04", 23),
        ("UTC", "2026-03-29", 24),
    ],
)
def test_a_day_is_as_long_as_the_clocks_make_it(zone: str, day: str, hours: float) -> None:
    noon = instant(f"{day}T12:00Z")
    days = buckets(Timeframe(noon - DAY * 2, noon + DAY * 2), Granularity.DAY, ZoneInfo(zone))
    following = f"{datetime.fromisoformat(day) + DAY:%Y-%m-%d %H:%M:%S}"
    assert days[following] - days[f"{day} 00:00:00"] == timedelta(hours=hours)


def test_a_day_that_never_was_is_no_bucket() -> None:
    new_year = between("2011-12-29T00:00-10:00", "2012-01-01T00:00+14:00")
    days = buckets(new_year, Granularity.DAY, ZoneInfo("Pacific/Apia"))
    assert list(days) == ["2011-12-29 00:00:00", "2011-12-31 00:00:00"]


def test_weeks_start_on_monday() -> None:
    weeks = buckets(
        between("2026-01-01T00:00Z", "2026-03-01T00:00Z"), Granularity.WEEK, ZoneInfo("UTC")
    )
    assert list(weeks)[:2] == ["2025-12-29 00:00:00", "2026-01-05 00:00:00"]
    assert {start.isoweekday() for start in weeks.values()} == {1}
    assert len(weeks) == 9


def test_months_start_on_their_first_day() -> None:
    months = buckets(
        between("2025-12-31T23:30Z", "2026-03-01T00:00Z"),
        Granularity.MONTH,
        ZoneInfo("Europe/Berlin"),
    )
    assert list(months) == ["2026-01-01 00:00:00", "2026-02-01 00:00:00", "2026-03-01 00:00:00"]
    assert months["2026-02-01 00:00:00"] == instant("2026-01-31T23:00Z")


@any_granularity
@any_zone
def test_a_millisecond_has_one_bucket(zone: str, granularity: Granularity) -> None:
    for change in ZONES[zone][2] or ["2026-01-01T00:00Z"]:
        for start in (instant(change) - MILLISECOND, instant(change)):
            found = buckets(Timeframe(start, start + MILLISECOND), granularity, ZoneInfo(zone))
            assert len(found) == 1
            assert next(iter(found.values())) <= start


def test_a_year_of_hours_is_worked_out_in_no_time() -> None:
    year = between("2025-12-01T00:00Z", "2026-12-02T00:00Z")
    assert len(buckets(year, Granularity.HOUR, ZoneInfo("Europe/Berlin"))) == 366 * 24
