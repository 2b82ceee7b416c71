"""The `Prefer` request header (RFC 7240): how long a caller wants to wait."""

import re
from dataclasses import dataclass
from datetime import timedelta

_PREFERENCE = re.compile(r'(?:[^,"]|"(?:[^"\\]|\\.)*")+')  # commas within quotes do not part them


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
    preferences = _read(header or "")
    seconds = preferences.get("wait", "")
    if seconds.isascii() and seconds.isdigit():
        wait = min(int(seconds), longest // timedelta(seconds=1))
        return Preference(timedelta(seconds=wait), f"wait={wait}")
    if "respond-async" in preferences:
        return Preference(timedelta(0), "respond-async")
    return Preference(default)


def _read(header: str) -> dict[str, str]:
    """Names, in lower case, and values; of preferences given twice, the first counts."""
    preferences: dict[str, str] = {}
    for preference in _PREFERENCE.findall(header):
        name, _, value = preference.partition(";")[0].partition("=")
        preferences.setdefault(name.strip().lower(), value.strip().strip('"'))
    return preferences
