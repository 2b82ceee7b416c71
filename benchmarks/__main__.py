"""`python -m benchmarks`: measure all of it, or the sections that are named."""

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmarks import cold_starts, costs, exports, growth, scanned, warm_requests
from benchmarks.document import comparisons, machine, table, write

SECTIONS: dict[str, tuple[str, Callable[[argparse.Namespace], str]]] = {
    "exports": (
        "A million rows",
        lambda asked: comparisons(list(exports.lines(asked.rows, asked.rounds))),
    ),
    "requests": (
        "A request to a warm function",
        lambda asked: comparisons(list(warm_requests.lines(asked.rows // 10, asked.rounds * 2))),
    ),
    "cold-starts": (
        "Cold starts",
        lambda asked: comparisons(list(cold_starts.lines(asked.rounds))),
    ),
    "scanned": ("Bytes scanned", lambda asked: comparisons(list(scanned.lines(asked.rows)))),
    "growth": (
        "Time, as timeframe and workspace grow",
        lambda asked: table(
            ["calls in 366 days", "days", "`POST /exports`", "`/exports/estimate`", "`GET /usage`"],
            list(growth.rows(asked.rows, max(asked.rounds // 2, 1))),
        ),
    ),
    "costs": (
        "What an export reads and costs",
        lambda asked: table(
            ["calls in 366 days", "1 day", "30 days", "366 days"],
            list(costs.rows(asked.rows * 100)),
        ),
    ),
}
"""Name → title, and what makes its table."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Print each section's report, and put it into the document that is named."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--rows", type=int, default=1_000_000, help="of the large export")
    parser.add_argument("--rounds", type=int, default=7, help="of each comparison")
    parser.add_argument("--write", type=Path, help="the document that holds the reports")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.sections) - set(SECTIONS):
        parser.error(f"no section is called {', '.join(sorted(unknown))}")
    for name in asked.sections or SECTIONS:
        sys.stderr.write(f"Measuring {name}\n")
        title, made = SECTIONS[name]
        measured = made(asked)
        report = f"### {title}\n\n{measured}\n\nMeasured on {machine()}; {asked.rounds} rounds."
        sys.stdout.write(report + "\n\n")
        if asked.write:
            write(asked.write, name, report)


if __name__ == "__main__":
    main()
