"""`python -m local check-logs`."""

import os
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from local.call_log_check.check import Checked, check_call_logs
from local.call_log_check.contract import Contract
from local.call_log_check.duplicates import Within
from local.call_log_check.findings import amount
from local.call_log_check.s3_place import place_at
from local.cli_errors import errors_for_people
from local.progress import progress
from local.template import Template


def check_logs(
    place: Annotated[
        str, typer.Argument(metavar="DIR|s3://BUCKET/PREFIX", help="Of a table, workspace or day.")
    ],
    sample: Annotated[
        int | None,
        typer.Option(help="Look into N files only, evenly spread.", min=1, metavar="N"),
    ] = None,
    duplicates_within: Annotated[
        Within,
        typer.Option(help="Where a call may not be twice; a day needs less disk."),
    ] = Within.WORKSPACE,
    first_day: Annotated[
        str | None,
        typer.Option(
            help="The stack's FirstDay.  [default: the template's]",
            metavar="D",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Hold call logs against the table in template.yaml: a line for each finding.

    S3 is read with the shell's own credentials.
    Exit status: 0 clean, 1 findings, 2 not readable.
    """
    console = Console(stderr=True)
    lines, checked = 0, Checked()
    with errors_for_people(console), progress(console, "Listing the files") as show:
        checked.progress = lambda: show(
            f"{amount(checked.files, 'files')}, {amount(checked.calls, 'calls')} checked"
        )
        for finding in check_call_logs(
            place_at(place),
            Contract.of(Template.load(parameters={"FirstDay": first_day} if first_day else {})),
            today=datetime.now(UTC).date(),
            sample=sample,
            within=duplicates_within,
            checked=checked,
        ):
            lines += 1
            _print(finding.line())
    seen = f"{amount(checked.calls, 'calls')} in {amount(checked.files, 'files')}"
    verdict = amount(lines, "findings") if lines else "Clean"
    console.print(f"{verdict}: {seen}.", highlight=False)
    raise typer.Exit(1 if lines else 0)


def _print(line: str) -> None:
    """For a person or a pipe, which whoever reads it may close: `head` has seen enough."""
    try:
        print(line, flush=True)  # noqa: T201
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more
        raise typer.Exit(1) from None
