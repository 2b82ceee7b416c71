"""What a timeframe means: dates, datetimes, periods, time zones and the end of complete logs.

The expected instants are written out, from the calendar and each zone's published offset.
"""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.timeframe import (
    Period,
    Timeframe,
    TimeframeError,
    TimeframeLimits,
    TimeframeRequest,
    data_through,
    resolve_timeframe,
)

NOW = datetime(2026, 3, 18, 14, 30, 45, 123456, tzinfo=UTC)  # a Wednesday
THROUGH = "2026-03-18T14:15:45.123Z"
LIMITS = TimeframeLimits(settle=timedelta(minutes=15), max_days=366, first_day=date(2023, 1, 1))


def resolve(
    start: str | None = None,
    end: str | None = None,
    period: Period | None = None,
    timezone: str = "UTC",
    *,
    now: datetime = NOW,
    period_of: datetime | None = None,
) -> Timeframe:
    request = TimeframeRequest(start, end, period, timezone)
    return resolve_timeframe(request, now=now, limits=LIMITS, period_of=period_of)


def interval(start: str, end: str) -> Timeframe:
    return Timeframe(datetime.fromisoformat(start), datetime.fromisoformat(end))


def test_nothing_asked_is_the_last_thirty_days_up_to_where_the_logs_are_complete() -> None:
    assert resolve() == interval("2026-02-17T00:00Z", THROUGH)


def test_a_date_is_a_whole_day_and_the_end_is_included() -> None:
    assert resolve("2026-01-01", "2026-01-31") == interval("2026-01-01T00:00Z", "2026-02-01T00:00Z")


def test_one_date_is_one_day() -> None:
    assert resolve("2026-01-31", "2026-01-31") == interval("2026-01-31T00:00Z", "2026-02-01T00:00Z")


def test_a_date_is_a_day_of_the_time_zone() -> None:
    assert resolve("2026-01-01", "2026-01-31", timezone="Asia/Kolkata") == interval(
        "2025-12-31T18:30Z", "2026-01-31T18:30Z"
    )


def test_a_datetime_is_an_instant_and_the_end_is_excluded() -> None:
    assert resolve("2026-01-31T09:30:00Z", "2026-01-31T09:30:00.001Z") == interval(
        "2026-01-31T09:30Z", "2026-01-31T09:30:00.001Z"
    )


def test_a_date_and_a_datetime_go_together() -> None:
    assert resolve("2026-01-31", "2026-01-31T12:00", timezone="America/New_York") == interval(
        "2026-01-31T05:00Z", "2026-01-31T17:00Z"
    )


def test_a_datetime_without_an_offset_is_local() -> None:
    assert resolve("2026-01-31T09:30", "2026-01-31T10:30:15", timezone="Asia/Kolkata") == interval(
        "2026-01-31T04:00Z", "2026-01-31T05:00:15Z"
    )


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-01-31T09:30:00+05:30", "2026-01-31T04:00Z"),
        ("2026-01-31T09:30:00-08:00", "2026-01-31T17:30Z"),
        ("2026-01-31T09:30-00:00", "2026-01-31T09:30Z"),
        ("2026-01-31T23:30:00+23:59", "2026-01-30T23:31Z"),
    ],
)
def test_an_offset_in_a_datetime_counts_more_than_the_time_zone(text: str, instant: str) -> None:
    assert resolve(text, timezone="Europe/Berlin").start == datetime.fromisoformat(instant)


@pytest.mark.parametrize(
    ("fraction", "milliseconds"),
    [
        (".1", 100),
        (".12", 120),
        (".123", 123),
        (".123000", 123),
        (".123001", 124),
        (".999001", 1000),
        (".000001", 1),
    ],
)
def test_both_bounds_round_up_to_the_millisecond(fraction: str, milliseconds: int) -> None:
    rounded = datetime(2026, 1, 31, 9, 30, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
    text = f"2026-01-31T09:30:00{fraction}Z"
    assert resolve(text).start == rounded
    assert resolve("2026-01-01", text).end == rounded


def test_a_start_alone_reaches_up_to_where_the_logs_are_complete() -> None:
    assert resolve("2026-03-18T10:00Z") == interval("2026-03-18T10:00Z", THROUGH)


@pytest.mark.parametrize("end", ["2026-03-18", "2026-03-18T14:20Z", "2030-01-01", "9999-12-30"])
def test_the_end_never_passes_where_the_logs_are_complete(end: str) -> None:
    assert resolve("2026-03-01", end) == interval("2026-03-01T00:00Z", THROUGH)


def test_the_logs_are_complete_up_to_the_settle_time_ago_in_whole_milliseconds() -> None:
    assert data_through(NOW, timedelta(minutes=15)) == datetime.fromisoformat(THROUGH)
    assert data_through(NOW, timedelta(0)) == NOW.replace(microsecond=123000)
    last_moment = NOW.replace(microsecond=999_999)
    assert data_through(last_moment, timedelta(0)) == NOW.replace(microsecond=999_000)
    whole = NOW.replace(microsecond=123_000)
    assert data_through(whole, timedelta(0)) == whole


@pytest.mark.parametrize(
    "start", ["2026-03-01", "2026-03-01T00:00", "2026-03-01T00:00Z", "2026-03-01T00:00+05:30"]
)
@pytest.mark.parametrize("end", [None, "2026-03-02", "2026-03-02T00:00+05:30"])
def test_both_bounds_are_in_utc_whatever_zone_was_asked_for(start: str, end: str | None) -> None:
    timeframe = resolve(start, end, timezone="Europe/Berlin")
    assert timeframe.start.tzinfo is timeframe.end.tzinfo is UTC


def test_the_time_zone_of_the_clock_does_not_matter() -> None:
    elsewhere = NOW.astimezone(tz=None)
    assert resolve(period=Period.YESTERDAY, now=elsewhere) == resolve(period=Period.YESTERDAY)
    assert data_through(elsewhere, timedelta(0)).tzinfo is UTC


PERIODS = {
    Period.LAST_7_DAYS: ("2026-03-12T00:00Z", THROUGH),
    Period.LAST_30_DAYS: ("2026-02-17T00:00Z", THROUGH),
    Period.LAST_90_DAYS: ("2025-12-19T00:00Z", THROUGH),
    Period.YESTERDAY: ("2026-03-17T00:00Z", "2026-03-18T00:00Z"),
    Period.PREVIOUS_WEEK: ("2026-03-09T00:00Z", "2026-03-16T00:00Z"),
    Period.THIS_MONTH: ("2026-03-01T00:00Z", THROUGH),
    Period.PREVIOUS_MONTH: ("2026-02-01T00:00Z", "2026-03-01T00:00Z"),
}


@pytest.mark.parametrize("period", Period)
def test_a_period_is_whole_days_of_the_calendar(period: Period) -> None:
    assert resolve(period=period) == interval(*PERIODS[period])


@pytest.mark.parametrize(
    ("timezone", "start", "end"),
    [
        # 15:30 on the 18th, 20:00 on the 18th, 03:30 on the 19th, 04:30 on the 18th
        ("Europe/Berlin", "2026-03-16T23:00Z", "2026-03-17T23:00Z"),
        ("Asia/Kolkata", "2026-03-16T18:30Z", "2026-03-17T18:30Z"),
        ("Pacific/Auckland", "2026-03-17T11:00Z", "2026-03-18T11:00Z"),
        ("Pacific/Honolulu", "2026-03-17T10:00Z", "2026-03-18T10:00Z"),
    ],
)
def test_yesterday_is_the_day_before_the_one_that_the_time_zone_has_now(
    timezone: str, start: str, end: str
) -> None:
    assert resolve(period=Period.YESTERDAY, timezone=timezone) == interval(start, end)


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        ("2026-03-16T12:00Z", "2026-03-09T00:00Z", "2026-03-16T00:00Z"),  # a Monday
        ("2026-03-15T12:00Z", "2026-03-02T00:00Z", "2026-03-09T00:00Z"),  # a Sunday
        ("2026-01-01T12:00Z", "2025-12-22T00:00Z", "2025-12-29T00:00Z"),
    ],
)
def test_weeks_start_on_monday(now: str, start: str, end: str) -> None:
    resolved = resolve(period=Period.PREVIOUS_WEEK, now=datetime.fromisoformat(now))
    assert resolved == interval(start, end)


@pytest.mark.parametrize(
    ("now", "start", "end"),
    [
        ("2026-01-31T12:00Z", "2025-12-01T00:00Z", "2026-01-01T00:00Z"),
        ("2024-03-31T12:00Z", "2024-02-01T00:00Z", "2024-03-01T00:00Z"),
        ("2026-03-01T00:15Z", "2026-02-01T00:00Z", "2026-03-01T00:00Z"),  # just settled
    ],
)
def test_the_previous_month_has_its_own_length(now: str, start: str, end: str) -> None:
    resolved = resolve(period=Period.PREVIOUS_MONTH, now=datetime.fromisoformat(now))
    assert resolved == interval(start, end)


@pytest.mark.parametrize(
    ("period", "now", "complete"),
    [
        (Period.YESTERDAY, "2026-03-17T00:14:59Z", "2026-03-17 00:15:00 UTC"),
        (Period.PREVIOUS_WEEK, "2026-03-16T00:00Z", "2026-03-16 00:15:00 UTC"),
        (Period.PREVIOUS_MONTH, "2026-03-01T00:10Z", "2026-03-01 00:15:00 UTC"),
    ],
)
def test_a_period_that_is_over_is_refused_until_its_last_calls_are_logged(
    period: Period, now: str, complete: str
) -> None:
    with pytest.raises(TimeframeError, match=f"period: is not complete yet.*{complete}"):
        resolve(period=period, now=datetime.fromisoformat(now))


def test_a_period_can_be_counted_from_another_time_than_now() -> None:
    scheduled = datetime(2026, 3, 1, 3, tzinfo=UTC)
    assert resolve(period=Period.PREVIOUS_MONTH, period_of=scheduled) == interval(
        "2026-02-01T00:00Z", "2026-03-01T00:00Z"
    )
    assert resolve(period=Period.LAST_7_DAYS, period_of=scheduled) == interval(
        "2026-02-23T00:00Z", "2026-03-01T02:45Z"
    )


def test_a_period_that_was_over_at_midnight_is_whole_though_it_was_scheduled_then() -> None:
    assert resolve(
        period=Period.PREVIOUS_MONTH, period_of=datetime(2026, 3, 1, tzinfo=UTC)
    ) == interval("2026-02-01T00:00Z", "2026-03-01T00:00Z")


@pytest.mark.parametrize("period", [Period.YESTERDAY, Period.PREVIOUS_WEEK, Period.PREVIOUS_MONTH])
def test_a_period_counted_from_a_time_to_come_is_not_complete_yet(period: Period) -> None:
    with pytest.raises(TimeframeError, match="period: is not complete yet"):
        resolve(period=period, period_of=NOW + timedelta(days=31))


def test_the_time_that_a_period_is_counted_from_is_a_day_of_the_time_zone() -> None:
    scheduled = datetime(2026, 3, 1, 3, tzinfo=UTC)  # still February in New York
    assert resolve(
        period=Period.PREVIOUS_MONTH, timezone="America/New_York", period_of=scheduled
    ) == interval("2026-01-01T05:00Z", "2026-02-01T05:00Z")


def test_a_period_counted_from_before_does_not_move_dates_or_the_end_of_complete_logs() -> None:
    scheduled = datetime(2026, 3, 1, 3, tzinfo=UTC)
    assert resolve("2026-03-10", period_of=scheduled) == interval("2026-03-10T00:00Z", THROUGH)


def test_a_leap_day_is_a_day() -> None:
    assert resolve("2024-02-29", "2024-02-29") == interval("2024-02-29T00:00Z", "2024-03-01T00:00Z")


def test_the_days_of_a_timeframe_are_those_of_its_first_and_last_millisecond() -> None:
    one_day = interval("2026-01-31T00:00Z", "2026-02-01T00:00Z")
    assert (one_day.first_day, one_day.last_day) == (date(2026, 1, 31), date(2026, 1, 31))
    a_bit_more = interval("2026-01-30T23:59:59.999Z", "2026-02-01T00:00:00.001Z")
    assert (a_bit_more.first_day, a_bit_more.last_day) == (date(2026, 1, 30), date(2026, 2, 1))
