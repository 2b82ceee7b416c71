"""Time, made by whoever runs the code, and the pace of looking at something that runs."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Protocol

_FIRST_PAUSE = 0.1
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
    """Paces repeated looks: the first at once, then less and less often, the last at `until`."""
    pause = _FIRST_PAUSE
    yield
    while (left := (until - clock.now()).total_seconds()) > 0:
        clock.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        yield
