"""Reports as Markdown, and the parts of a document that are replaced by them."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.measured import Line

END = "<!-- end of what was measured -->"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def comparisons(lines: Sequence[Line]) -> str:
    """The table of lines."""
    verdicts = {None: "", True: "yes", False: "**no**"}
    rows = [
        [line.what, line.ours, line.baseline, line.ratio, line.aim, verdicts[line.is_met]]
        for line in lines
    ]
    return table(["what", "ours", "against", "ratio", "aim", "met"], rows)


def machine() -> str:
    """Where and when this was, and how busy it was there."""
    load = os.getloadavg()[1]
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC; {platform.system()} {platform.machine()}, "
        f"{os.cpu_count()} processors, Python {platform.python_version()}; "
        f"load average of the last five minutes {load:.1f}"
    )


def begin(section: str) -> str:
    """The mark before a section's report."""
    return f"<!-- {section}, measured by `make bench`: do not edit -->"


def replaced(document: str, section: str, report: str) -> str:
    """The document with a section's report between its marks.

    Raises:
        ValueError: They are not there.
    """
    before, mark, rest = document.partition(begin(section))
    _, end, after = rest.partition(END)
    if not (mark and end):
        raise ValueError(f"there is no place for the report: {begin(section)} … {END}")
    return f"{before}{mark}\n\n{report}\n\n{END}{after}"


def write(path: Path, section: str, report: str) -> None:
    """Put a section's report into a document."""
    path.write_text(replaced(path.read_text(encoding="utf-8"), section, report), encoding="utf-8")
