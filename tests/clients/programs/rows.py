"""Values of whatever library, as text that can be compared."""

from datetime import datetime
from typing import Any

Row = list[str | None]


def as_text(value: Any) -> str | None:
    """None for every library's NULL; timestamps to the millisecond."""
    if value is None or str(value) in {"<NA>", "NaT", "nan"}:
        return None
    if isinstance(value, datetime):
        return value.isoformat(" ", "milliseconds")
    return str(value)
