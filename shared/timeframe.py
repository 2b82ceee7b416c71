"""The timeframe of an export or of analytics: what an admin asks for, resolved to a UTC interval.

Pure: `now` and the limits are arguments. Every refusal is a `TimeframeError` that names the
field and says what to do.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATETIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,6})?)?"
    r"(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])?"
)
_MILLISECOND = timedelta(milliseconds=1)
_DAY = timedelta(days=1)


class Period(StrEnum):
    """A named timeframe. Days, weeks (from Monday) and months are those of the time zone."""

    LAST_7_DAYS = "last_7_days"
    LAST_30_DAYS = "last_30_days"
    LAST_90_DAYS = "last_90_days"
    YESTERDAY = "yesterday"
    PREVIOUS_WEEK = "previous_week"
    THIS_MONTH = "this_month"
    PREVIOUS_MONTH = "previous_month"


_CLOSED_PERIODS = (Period.YESTERDAY, Period.PREVIOUS_WEEK, Period.PREVIOUS_MONTH)

DEFAULT_PERIOD = Period.LAST_30_DAYS


class TimeframeError(ValueError):
    """A timeframe that cannot be resolved.

    Attributes:
        field: The request field at fault: `start`, `end`, `period` or `timezone`.
        message: What is wrong and what to do, as a sentence.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True)
class TimeframeRequest:
    """A timeframe as asked for.

    Attributes:
        start: ISO 8601 date (a whole day in `timezone`) or datetime; None for none given.
        end: The same; a date is included in full, a datetime is exclusive.
        period: A named timeframe instead of `start` and `end`.
        timezone: IANA name, for dates, periods and datetimes without an offset.
    """

    start: str | None = None
    end: str | None = None
    period: Period | None = None
    timezone: str = "UTC"


@dataclass(frozen=True)
class TimeframeLimits:
    """What a deployment allows.

    Attributes:
        settle: How long a call may take to reach the logs; later calls wait for the next export.
        max_days: The longest timeframe, in days.
        first_day: The first day (UTC) that the call-log table covers.
    """

    settle: timedelta
    max_days: int
    first_day: date


@dataclass(frozen=True)
class Timeframe:
    """A half-open UTC interval, to the millisecond.

    Attributes:
        start: Aware, UTC, included.
        end: Aware, UTC, excluded.
    """

    start: datetime
    end: datetime

    @property
    def first_day(self) -> date:
        """The UTC day of the first millisecond."""
        return self.start.date()

    @property
    def last_day(self) -> date:
        """The UTC day of the last millisecond."""
        return (self.end - _MILLISECOND).date()


def data_through(now: datetime, settle: timedelta) -> datetime:
    """The instant up to which call logs are taken to be complete: UTC, to the millisecond."""
    settled = now.astimezone(UTC) - settle
    return settled.replace(microsecond=settled.microsecond // 1000 * 1000)


def resolve_timeframe(
    request: TimeframeRequest,
    *,
    now: datetime,
    limits: TimeframeLimits,
    period_of: datetime | None = None,
) -> Timeframe:
    """Resolve a request to the UTC interval it means.

    Args:
        request: What was asked; nothing at all means `DEFAULT_PERIOD`.
        now: The current time, aware. The interval never passes `data_through(now, …)`.
        limits: What the deployment allows.
        period_of: The time a `period` is counted from, where that is not `now`: a delivery
            hours late still means the month it was scheduled for, or the days up to then.

    Returns:
        A non-empty interval within the limits.

    Raises:
        TimeframeError: Naming the field and what to do.
    """
    zone = _zone(request.timezone)
    through = data_through(now, limits.settle)
    if request.start is None and request.end is None:
        field = "period"
        period = request.period or DEFAULT_PERIOD
        start, end = _period(period, period_of or now, zone)
        if period not in _CLOSED_PERIODS:
            if period_of is not None:  # however late the export is made, it is the same
                through = min(through, data_through(period_of, limits.settle))
        elif through < end:
            complete = _text(end + limits.settle)
            raise TimeframeError(
                field,
                f"is not complete yet: its last calls are logged by {complete}, ask then",
            )
    elif request.period is not None:
        raise TimeframeError("period", "give either a period or start and end, not both")
    else:
        field = "start"
        start, end = _bounds(request, through, zone)

    end = min(end, through)
    if start > now:
        raise TimeframeError(field, "is in the future: choose a start that has passed")
    if start >= end:
        raise TimeframeError(
            field,
            f"has no complete calls yet: call logs are complete up to {_text(through)}, "
            "choose an earlier start or try again later",
        )
    if start.date() < limits.first_day:
        raise TimeframeError(
            field, f"is before the first day of the call logs, {limits.first_day} (UTC)"
        )
    _check_length(field, start, end, zone, limits.max_days)
    return Timeframe(start, end)


def _text(instant: datetime) -> str:
    return f"{instant:%Y-%m-%d %H:%M:%S} UTC"


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: the name of a folder of zones
        raise TimeframeError(
            "timezone", "is not a known IANA time zone; use a name such as Europe/Berlin or UTC"
        ) from None


def _check_length(field: str, start: datetime, end: datetime, zone: ZoneInfo, days: int) -> None:
    # In local calendar days, so that a year with its two clock changes counts as a year.
    length = end.astimezone(zone).replace(tzinfo=None) - start.astimezone(zone).replace(tzinfo=None)
    if length > timedelta(days=days):
        raise TimeframeError(
            field, f"makes the timeframe longer than {days} days: choose a shorter one"
        )


def _period(period: Period, counted_from: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """First instant of the period's first day, and of the day after its last one."""
    try:
        today = counted_from.astimezone(zone).date()
        monday = today - _DAY * today.weekday()
        first_of_month = today.replace(day=1)
        first, after = {
            Period.LAST_7_DAYS: (today - _DAY * 6, today + _DAY),
            Period.LAST_30_DAYS: (today - _DAY * 29, today + _DAY),
            Period.LAST_90_DAYS: (today - _DAY * 89, today + _DAY),
            Period.YESTERDAY: (today - _DAY, today),
            Period.PREVIOUS_WEEK: (monday - _DAY * 7, monday),
            Period.THIS_MONTH: (first_of_month, today + _DAY),
            Period.PREVIOUS_MONTH: ((first_of_month - _DAY).replace(day=1), first_of_month),
        }[period]
        return start_of_day(first, zone), start_of_day(after, zone)
    except OverflowError:  # counted from a time at the ends of the calendar
        raise TimeframeError("period", "is counted from a time that is out of range") from None


def _bounds(
    request: TimeframeRequest, through: datetime, zone: ZoneInfo
) -> tuple[datetime, datetime]:
    """Start and end as asked for; an end that is not given is `through`."""
    if request.start is None:
        raise TimeframeError("start", "is missing: give start as well, or a period instead")
    start = _bound("start", request.start, zone, start_of_day)
    if request.end is None:
        return start, through
    end = _bound("end", request.end, zone, _end_of_day)
    if end <= start:
        raise TimeframeError("start", "must be before end")
    return start, end


def _bound(
    field: str, text: str, zone: ZoneInfo, of_day: Callable[[date, ZoneInfo], datetime]
) -> datetime:
    try:
        if _DATE.fullmatch(text):
            return of_day(date.fromisoformat(text), zone)
        if _DATETIME.fullmatch(text):
            return _ceil_to_millisecond(_to_utc(field, datetime.fromisoformat(text), zone))
    except (ValueError, OverflowError) as error:
        if isinstance(error, TimeframeError):
            raise
        raise TimeframeError(field, "is not a date of the calendar, or out of range") from None
    raise TimeframeError(
        field, "is not an ISO 8601 date or datetime, such as 2026-01-31 or 2026-01-31T09:30:00Z"
    )


def _ceil_to_millisecond(instant: datetime) -> datetime:
    # Calls are logged to the millisecond, so both bounds of a half-open interval round up.
    return instant + timedelta(microseconds=-instant.microsecond % 1000)


def _to_utc(field: str, local: datetime, zone: ZoneInfo) -> datetime:
    if local.tzinfo is not None:
        return local.astimezone(UTC)
    instant = local.replace(tzinfo=zone).astimezone(UTC)  # fold=0: the first of a repeated time
    if instant.astimezone(zone).replace(tzinfo=None) != local:
        raise TimeframeError(
            field, f"does not exist in {zone.key}: the clocks skip it; choose a later time"
        )
    return instant


def _end_of_day(day: date, zone: ZoneInfo) -> datetime:
    return start_of_day(day + _DAY, zone)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, also where the clocks skip its midnight."""
    # Clocks that skip a midnight change at it, and with fold=0 a skipped time is read with the
    # offset before the change: the instant of the change itself.
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def clock_change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The instant, after `before` and up to `after`, at which a zone's offset changes.

    Changes fall on whole seconds, and so must both bounds.
    """
    offset_before = before.astimezone(zone).utcoffset()
    while after - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(after - before) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset_before:
            before = middle
        else:
            after = middle
    return after
