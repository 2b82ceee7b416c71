"""What clocks on the wall show, told by ICU, whose time zones know nothing of Python's.

Every instant of the calendars here is looked at, a quarter of an hour after the other: within one,
no zone here changes its clocks.
"""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import groupby
from typing import Any

import duckdb

QUARTER = timedelta(minutes=15)

# Zone → the first and the last day of its calendar, and the clock changes within (`zdump -v`).
ZONES: dict[str, tuple[str, str, list[str]]] = {
    "UTC": ("2025-11-01", "2026-12-01", []),
    "Asia/Kolkata": ("2025-11-01", "2026-12-01", []),
    "Europe/Berlin": ("2025-09-01", "2026-12-01", ["2026-03-29T01:00Z", "2026-10-25T01:00Z"]),
    "America/New_York": ("2025-09-01", "2026-12-01", ["2026-03-08T07:00Z", "2026-11-01T06:00Z"]),
    # half an hour
    "Australia/Lord_Howe": ("2025-09-01", "2026-12-01", ["2026-04-04T15:00Z", "2026-10-03T15:30Z"]),
    # at midnight, and from midnight back into the day before
    "Africa/Cairo": ("2025-09-01", "2026-12-01", ["2026-04-23T22:00Z", "2026-10-29T21:00Z"]),
    "America/Sao_Paulo": ("2018-01-01", "2019-04-01", ["2018-11-04T03:00Z", "2019-02-17T02:00Z"]),
    # 30 December 2011 is a day that never was
    "Pacific/Apia": ("2011-03-01", "2012-06-01", ["2011-12-30T10:00Z", "2012-03-31T14:00Z"]),
}


@dataclass(frozen=True)
class Moment:
    """A quarter of an hour.

    Attributes:
        instant: When it starts: aware, UTC.
        wall: What the clocks show then, naive.
    """

    instant: datetime
    wall: datetime

    @property
    def offset(self) -> timedelta:
        """Local time minus UTC."""
        return self.wall - self.instant.replace(tzinfo=None)

    def bucket(self, granularity: str) -> Any:
        """What it has in common with every moment of the same bucket, and no other."""
        match granularity:
            case "hour":
                return self.wall.replace(minute=0), self.offset
            case "day":
                return self.wall.date()
            case "week":
                return self.wall.isocalendar()[:2]
            case _:
                return self.wall.year, self.wall.month


@dataclass(frozen=True, eq=False)
class Calendar:
    """All moments of a zone's calendar, in order."""

    moments: list[Moment]

    def at(self, instant: datetime) -> Moment:
        return self.moments[(instant - self.moments[0].instant) // QUARTER]

    @cache  # noqa: B019 - calendars are made once, and kept
    def bucket_starts(self, granularity: str) -> list[datetime]:
        """When each bucket starts, in order."""
        by_bucket = groupby(self.moments, lambda moment: moment.bucket(granularity))
        return [next(moments).instant for _, moments in by_bucket]

    def bucket_start(self, granularity: str, instant: datetime) -> datetime:
        """When the bucket starts that an instant is in."""
        starts = self.bucket_starts(granularity)
        return starts[bisect_right(starts, instant) - 1]

    def buckets(self, granularity: str, start: datetime, end: datetime) -> list[datetime]:
        """When each bucket starts that overlaps a half-open interval, in order."""
        starts = self.bucket_starts(granularity)
        return starts[bisect_right(starts, start) - 1 : bisect_left(starts, end)]


@cache
def calendar(zone: str, first: str = "", last: str = "") -> Calendar:
    """A zone's calendar from one day to another (UTC); without days, that of `ZONES`."""
    if not first:
        first, last, _ = ZONES[zone]
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    moments = connection.execute(
        "SELECT epoch_ms(t), timezone(?, t) FROM (SELECT unnest("
        "generate_series(?::timestamptz, ?::timestamptz, INTERVAL 15 MINUTE)) AS t)",
        [zone, f"{first} 00:00:00+00", f"{last} 00:00:00+00"],
    ).fetchall()
    return Calendar([Moment(datetime.fromtimestamp(ms / 1000, UTC), wall) for ms, wall in moments])
