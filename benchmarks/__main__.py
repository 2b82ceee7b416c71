"""`python -m benchmarks`: measure all of it, or the sections that are named."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import cold_starts, costs, exports, growth, scanned, warm_requests
from benchmarks.document import comparisons, machine, table, write

SECTIONS: dict[str, Callable[[argparse.Namespace], str]] = {
    "exports": lambda asked: (
        "### A million rows\n\n" + comparisons(list(exports.lines(asked.rows, asked.rounds)))
    ),
    "requests": lambda asked: (
        "### A request to a warm function\n\n"
        + comparisons(list(warm_requests.lines(asked.rows // 10, asked.rounds * 2)))
    ),
    "cold-starts": lambda asked: (
        "### Cold starts\n\n" + comparisons(list(cold_starts.lines(asked.rounds)))
    ),
    "scanned": lambda asked: "### Bytes scanned\n\n" + comparisons(list(scanned.lines(asked.rows))),
    "growth": lambda asked: (
        "### Time, as timeframe and workspace grow\n\n"
        + table(
            ["calls in 366 days", "days", "`POST /exports`", "`/exports/estimate`", "`GET /usage`"],
            list(growth.rows(asked.rows, max(asked.rounds // 2, 1))),
        )
    ),
    "costs": lambda asked: (
        "### What an export reads and costs\n\n"
        + table(
            ["calls in 366 days", "1 day", "30 days", "366 days"],
            list(costs.rows(asked.rows * 100)),
        )
    ),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the report; a whole one goes into the document that is named."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the large export")
    parser.add_argument("--rounds", type=int, default=7, help="of each comparison")
    parser.add_argument("--write", type=Path, help="the document that holds whole reports")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.sections) - set(SECTIONS):
        parser.error(f"no section is called {', '.join(sorted(unknown))}")
    parts = [f"Measured on {machine()}."]
    for name in asked.sections or SECTIONS:
        sys.stderr.write(f"Measuring {name}\n")
        parts.append(SECTIONS[name](asked))
    report = "\n\n".join(parts)
    sys.stdout.write(report + "\n")
    if asked.write and not asked.sections:
        write(asked.write, report)


if __name__ == "__main__":
    main()
