"""What a check saw, or why it saw nothing."""

from dataclasses import dataclass


class NotCheckedError(Exception):
    """A check cannot be made; the message says why, to follow "not checked:"."""


@dataclass(frozen=True)
class Seen:
    """What a check saw.

    Attributes:
        text: For a person.
        ok: Whether it is as it must be; None where that was not checked.
    """

    text: str
    ok: bool | None

    @classmethod
    def of(cls, faults: list[str], text: str) -> "Seen":
        """The faults, or `text` where there are none."""
        return cls("; ".join(faults) or text, not faults)
