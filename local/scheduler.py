"""EventBridge Scheduler, as far as one machine needs it: when it fires, and what it sends."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from local.cron import Cron

_ARN = "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/local"


def scheduled_times(cron: Cron, zone: ZoneInfo, start: datetime, end: datetime) -> list[datetime]:
    """The instants (UTC) from `start` up to `end`, both aware, at which a schedule fires.

    As Scheduler has it, a local time that the clocks skip is left out, and one that they repeat
    counts once.
    """
    first, last = (bound.astimezone(zone).date() for bound in (start, end))
    local = list(cron.times(first, last))
    instants = [time.replace(tzinfo=zone).astimezone(UTC) for time in local]
    return [
        instant
        for time, instant in zip(local, instants, strict=True)
        if instant.astimezone(zone).replace(tzinfo=None) == time and start <= instant <= end
    ]


def names_schedule(event: Any) -> bool:
    """Whether an event says which schedule it is of."""
    return isinstance(event, Mapping) and "schedule_arn" in event


def delivery(event: Any, scheduled_time: datetime) -> Any:
    """What Scheduler sends for an input: with its placeholders filled in.

    An event that names a schedule gets the scheduled time in any case, also where it has one of
    the past.
    """
    if not isinstance(event, Mapping):
        return event
    filled = {
        "<aws.scheduler.scheduled-time>": f"{scheduled_time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "<aws.scheduler.schedule-arn>": _ARN,
    }
    sent = {
        name: filled.get(value, value) if isinstance(value, str) else value
        for name, value in event.items()
    }
    if names_schedule(event):
        sent["scheduled_time"] = filled["<aws.scheduler.scheduled-time>"]
    return sent
