"""EventBridge Scheduler, as far as one machine needs it: when it fires, and what it sends."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pyawscron import AWSCron

_CRON = re.compile(r"cron\(([^()\s]+(?: [^()\s]+){5})\)")
_ARN = "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/local"


class ScheduleExpressionError(ValueError):
    """It is not a cron expression of EventBridge Scheduler."""


def scheduled_times(
    expression: str, zone: ZoneInfo, start: datetime, end: datetime
) -> list[datetime]:
    """The instants (UTC) from `start` up to `end`, both aware, at which a schedule fires.

    As Scheduler has it, a local time that the clocks skip is left out, and one that they repeat
    counts once.

    Raises:
        ScheduleExpressionError: It is not `cron(…)` with six fields that Scheduler knows.
    """
    match = _CRON.fullmatch(expression)
    if match is None:
        raise ScheduleExpressionError(
            f"{expression!r} is no schedule: write cron(minutes hours day month weekday year)"
        )
    # The library knows no zones: the zone's own clock is read as if it showed UTC.
    first, last = (bound.astimezone(zone).replace(tzinfo=UTC) for bound in (start, end))
    try:
        found = AWSCron.get_all_schedule_bw_dates(first, last, match[1])
    except (ValueError, LookupError) as error:
        raise ScheduleExpressionError(f"{expression!r} has a field that means nothing") from error
    local = [time.replace(tzinfo=zone) for time in found]
    times = [time.astimezone(UTC) for time in local]
    return [
        instant
        for time, instant in zip(local, times, strict=True)
        if instant.astimezone(zone).replace(tzinfo=None) == time.replace(tzinfo=None)
        and start <= instant <= end
    ]


def delivery(event: Any, scheduled_time: datetime) -> Any:
    """What Scheduler sends for an input: with its placeholders filled in.

    An event that names a schedule, but a time of the past, gets the scheduled time too.
    """
    if not isinstance(event, Mapping) or "schedule_arn" not in event:
        return event
    arn = event["schedule_arn"]
    return {
        **event,
        "scheduled_time": f"{scheduled_time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "schedule_arn": _ARN if arn == "<aws.scheduler.schedule-arn>" else arn,
    }
