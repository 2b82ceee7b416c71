"""What a check has to say."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Report:
    """What was looked at, what was found, and what could not be looked at.

    Attributes:
        looked_at: A line for each thing that was.
        found: A line for each thing that must not be.
        unasked: A line for each thing that nothing is known of; never a clean result.
    """

    looked_at: Sequence[str]
    found: Sequence[str] = ()
    unasked: Sequence[str] = ()

    @property
    def lines(self) -> list[str]:
        """For people."""
        return [
            *self.looked_at,
            *(f"FOUND: {line}" for line in self.found),
            *(f"NOT CHECKED: {line}" for line in self.unasked),
        ]

    @property
    def status(self) -> int:
        """0 nothing found, 1 something found, 2 nothing found where not everything was asked."""
        return 1 if self.found else 2 if self.unasked else 0
