"""`docs/faults.md`, whose tables are what the tests saw."""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

DOCUMENT = Path(__file__).parents[2] / "docs/faults.md"


def table(head: Iterable[str], rows: Mapping[str, Iterable[str]]) -> str:
    """Markdown."""
    head = list(head)
    lines = [head, ["---"] * len(head), *([name, *cells] for name, cells in rows.items())]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(name: str, seen: str) -> None:
    """Put a table in the place of the one below a heading."""
    text = DOCUMENT.read_text(encoding="utf-8")
    DOCUMENT.write_text(text.replace(documented(name), seen), encoding="utf-8")


def documented(name: str) -> str:
    """The table below a heading."""
    text = DOCUMENT.read_text(encoding="utf-8")
    pattern = rf"^## {re.escape(name)}\n.*?\n\n(\|.*?\|)\n(?:\n|\Z)"
    (found,) = re.findall(pattern, text, re.MULTILINE | re.DOTALL)
    return str(found)
