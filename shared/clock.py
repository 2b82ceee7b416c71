"""Time, made by whoever runs the code, and the pace of looking at something that runs."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Protocol

_FIRST_PAUSE = 0.2
_SHARE_OF_THE_WAIT = 0.2
_LONGEST_PAUSE = 2.0


class Clock(Protocol):
    """The time, and waiting."""

    def now(self) -> datetime:
        """The current time: aware, to the millisecond."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The real time."""

    def now(self) -> datetime:
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


def looks(clock: Clock, until: datetime) -> Iterator[None]:
    """Paces repeated looks: the first at once, then less and less often, the last at `until`.

    Pauses grow with the time waited so far, so that what ends is seen about a tenth of that time
    later. That makes 20 looks in 20 seconds; all callers share Athena's 20 a second.
    """
    begun = clock.now()
    yield
    while (left := (until - (now := clock.now())).total_seconds()) > 0:
        waited = (now - begun).total_seconds()
        pause = _FIRST_PAUSE + waited * _SHARE_OF_THE_WAIT
        clock.sleep(min(pause, _LONGEST_PAUSE, left))
        yield
