"""What the checks saw, for a person or a program."""

import json
import sys
from collections.abc import Sequence
from decimal import Decimal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from local.smoke.run import Result

_MARKS = {True: "[green]ok", False: "[red]FAILED", None: "[yellow]not checked"}


def table(results: Sequence[Result]) -> None:
    """Check, seen, ok: a line for each."""
    lines = Table("Check", "Seen", "", box=None)
    for result in results:
        lines.add_row(result.check, escape(result.seen.text), _MARKS[result.seen.ok])
    # Cut to the width of a terminal, but not where another program reads it.
    Console(width=None if sys.stdout.isatty() else 1000).print(lines)


def as_json(results: Sequence[Result], most_usd: Decimal | None) -> str:
    """The same for a program; `ok` is null for what was not checked."""
    return json.dumps(
        {
            "costs_at_most_usd": None if most_usd is None else f"{most_usd:.6f}",
            "failed": sum(result.seen.ok is False for result in results),
            "not_checked": sum(result.seen.ok is None for result in results),
            "checks": [
                {"check": result.check, "seen": result.seen.text, "ok": result.seen.ok}
                for result in results
            ],
        },
        indent=2,
    )


def summary(results: Sequence[Result]) -> str:
    """How many are ok, failed and not checked."""
    counted = {ok: sum(result.seen.ok is ok for result in results) for ok in (True, False, None)}
    return f"{counted[True]} ok, {counted[False]} failed, {counted[None]} not checked."
