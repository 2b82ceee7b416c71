"""Time, made by whoever runs the code, and the pace of looking at something that runs."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 2.0


class Clock(Protocol):
    """The time, and waiting."""

    def now(self) -> datetime:
        """The current time: aware, to the millisecond."""

    def sleep(self, seconds: float) -> None:
        """Wait."""


def looks(clock: Clock, until: datetime) -> Iterator[None]:
    """Paces repeated looks: the first at once, then less and less often, the last at `until`."""
    pause = _FIRST_PAUSE
    yield
    while (left := (until - clock.now()).total_seconds()) > 0:
        clock.sleep(min(pause, left))
        pause = min(pause * 1.5, _LONGEST_PAUSE)
        yield
