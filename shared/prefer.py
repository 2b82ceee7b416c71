"""The `Prefer` request header (RFC 7240): how long a caller wants to wait."""

import re
from dataclasses import dataclass
from datetime import timedelta

_WAIT = re.compile(r'wait\s*=\s*"?([0-9]{1,4})"?', re.IGNORECASE)


@dataclass(frozen=True)
class Preference:
    """What is made of a `Prefer` header.

    Attributes:
        wait: How long to wait before answering without a result.
        applied: The value of `Preference-Applied`; empty where nothing was asked.
    """

    wait: timedelta
    applied: str = ""


def preferred_wait(header: str | None, *, default: timedelta, longest: timedelta) -> Preference:
    """Read a `Prefer` header; what it says beyond `wait` and `respond-async` is ignored.

    A wait over `longest` is shortened to it, and the applied preference says so.
    """
    preferences = [part.strip() for part in (header or "").split(",")]
    for match in filter(None, map(_WAIT.fullmatch, preferences)):
        wait = min(timedelta(seconds=int(match[1])), longest)
        return Preference(wait, f"wait={wait // timedelta(seconds=1)}")
    if "respond-async" in map(str.lower, preferences):
        return Preference(timedelta(0), "respond-async")
    return Preference(default)
