"""Local time in SQL, and the buckets of a series, without asking an engine for time zones.

What engines make of a time zone differs; adding seconds to a timestamp they do alike. So the
offsets that hold within a timeframe are worked out here.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from itertools import pairwise
from zoneinfo import ZoneInfo

from shared.timeframe import Timeframe, clock_change, start_of_day

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MILLISECOND = timedelta(milliseconds=1)

SQL_BUCKET_FORMAT = "%Y-%m-%d %H:%i:%s"
_BUCKET_FORMAT = "%Y-%m-%d %H:%M:%S"


class Granularity(StrEnum):
    """How long a bucket of a series is, in local time."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True)
class OffsetPeriod:
    """A stretch of time with one offset from UTC.

    Attributes:
        until: Aware, UTC; the offset holds before it.
        seconds: Local time minus UTC.
    """

    until: datetime
    seconds: int


def offset_periods(timeframe: Timeframe, zone: ZoneInfo) -> list[OffsetPeriod]:
    """The offsets that hold within a timeframe, in order; the last one up to its end."""
    first = timeframe.start.replace(microsecond=0)
    last = (timeframe.end - _MILLISECOND).replace(microsecond=0)
    seconds = [*(first + _DAY * day for day in range((last - first) // _DAY + 1)), last]
    changes = [
        OffsetPeriod(clock_change(before, after, zone), _offset(before, zone))
        for before, after in pairwise(seconds)
        if _offset(before, zone) != _offset(after, zone)
    ]
    return [*changes, OffsetPeriod(timeframe.end, _offset(last, zone))]


def buckets(timeframe: Timeframe, granularity: Granularity, zone: ZoneInfo) -> dict[str, datetime]:
    """The buckets that a timeframe touches, in order.

    The first may start before the timeframe. An hour that the clocks repeat is two buckets.

    Returns:
        Bucket as the SQL of `bucket_sql` names it → the instant at which it starts.
    """
    if granularity is Granularity.HOUR:
        return _hours(timeframe, zone)
    first = _first_day(timeframe.start.astimezone(zone).date(), granularity)
    last = (timeframe.end - _MILLISECOND).astimezone(zone).date()
    starts: dict[str, datetime] = {}
    while first <= last:
        following = _first_day(first + _LONGER_THAN[granularity], granularity)
        if start_of_day(first, zone) < start_of_day(following, zone):  # not a day that was skipped
            starts[f"{first} 00:00:00"] = start_of_day(first, zone)
        first = following
    return starts


def bucket_sql(granularity: Granularity, local: str, offset: str) -> str:
    """The SQL of a call's bucket, a timestamp, given that of its local time and its offset."""
    if granularity is Granularity.HOUR:  # back in UTC, where a repeated hour is two
        return f"date_add('second', -({offset}), date_trunc('hour', {local}))"
    return f"date_trunc('{granularity}', {local})"


def offset_sql(periods: list[OffsetPeriod]) -> tuple[str, dict[str, datetime | int]]:
    """The SQL of a call's offset in seconds, and its parameters."""
    parameters: dict[str, datetime | int] = {}
    cases = ""
    for number, period in enumerate(periods[:-1]):
        parameters |= {f"until_{number}": period.until, f"offset_{number}": period.seconds}
        cases += f" WHEN called_at < %(until_{number})s THEN %(offset_{number})s"
    parameters["offset"] = periods[-1].seconds
    return (f"CASE{cases} ELSE %(offset)s END" if cases else "%(offset)s"), parameters


_LONGER_THAN = {
    Granularity.DAY: _DAY,
    Granularity.WEEK: _DAY * 7,
    Granularity.MONTH: _DAY * 31,
}


def _first_day(day: date, granularity: Granularity) -> date:
    if granularity is Granularity.WEEK:
        return day - _DAY * day.weekday()
    return day.replace(day=1) if granularity is Granularity.MONTH else day


def _hours(timeframe: Timeframe, zone: ZoneInfo) -> dict[str, datetime]:
    hours: dict[str, datetime] = {}
    start = timeframe.start.replace(microsecond=0)
    for period in offset_periods(timeframe, zone):
        offset = timedelta(seconds=period.seconds)
        hour = (start + offset).replace(minute=0, second=0, microsecond=0) - offset
        while hour < period.until:
            # Where clocks change within an hour, what is left of it starts with the change.
            is_whole = _offset(hour, zone) == period.seconds
            hours.setdefault(
                f"{hour:{_BUCKET_FORMAT}}", hour if is_whole else clock_change(hour, start, zone)
            )
            hour += _HOUR
        start = period.until
    return hours


def _offset(instant: datetime, zone: ZoneInfo) -> int:
    local = instant.astimezone(zone).replace(tzinfo=UTC)
    return int((local - instant).total_seconds())
