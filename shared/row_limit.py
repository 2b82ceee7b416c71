"""What to suggest where a timeframe holds more rows than an export may."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate, islice
from zoneinfo import ZoneInfo

from shared.timeframe import Timeframe, start_of_day
from shared.totals import Totals

_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class SuggestedTimeframe:
    """A part of a timeframe.

    Attributes:
        timeframe: The part.
        totals: Of its calls.
        fits: False for a single hour that is over the limit by itself.
    """

    timeframe: Timeframe
    totals: Totals
    fits: bool


def suggest_timeframes(
    timeframe: Timeframe,
    by_hour: Mapping[datetime, Totals],
    *,
    row_limit: int,
    timezone: str | None,
) -> list[SuggestedTimeframe]:
    """Tile a timeframe with parts that each hold at most `row_limit` rows.

    Parts are as long as they can be, but end at a midnight of `timezone` where there is one
    to end at. An hour is never split; one that is over the limit alone is a part that does
    not fit.

    Args:
        timeframe: What to tile.
        by_hour: UTC hour → totals of its calls within `timeframe`; empty hours may be missing.
        row_limit: Rows a part may hold.
        timezone: IANA name; None where parts may end at any hour, for the fewest there can be.
    """
    zone = ZoneInfo(timezone) if timezone else None
    hours = sorted(by_hour)
    parts: list[SuggestedTimeframe] = []
    start, first = timeframe.start, 0
    while True:
        rows = (by_hour[hour].rows for hour in islice(hours, first, None))
        after = _first_over(row_limit, rows) + first
        if after < len(hours):
            after, end = _cut(hours, first, after, zone) if zone else (after, hours[after])
        else:
            end = timeframe.end
        totals = Totals.sum(by_hour[hour] for hour in hours[first:after])
        parts.append(SuggestedTimeframe(Timeframe(start, end), totals, totals.rows <= row_limit))
        if after >= len(hours):
            return parts
        start, first = end, after


def _first_over(row_limit: int, rows: Iterable[int]) -> int:
    """The index at which the sum passes the limit, but never 0: a part holds an hour at least."""
    index = -1
    for index, total in enumerate(accumulate(rows)):
        if total > row_limit:
            return max(index, 1)
    return index + 1


def _cut(hours: list[datetime], first: int, after: int, zone: ZoneInfo) -> tuple[int, datetime]:
    """Where to end the part that begins at `hours[first]` and may reach up to `hours[after]`.

    Returns:
        The index of the first hour of the next part, and the instant at which that part starts.
    """
    for index in range(after, first, -1):
        midnight = start_of_day(hours[index].astimezone(zone).date(), zone)
        if hours[index - 1] + _HOUR <= midnight <= hours[index]:
            return index, midnight
    return after, hours[after]
