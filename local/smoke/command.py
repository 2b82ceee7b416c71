"""`python -m local smoke`: does a deployed stack work?"""

import os
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Final
from urllib.parse import urlsplit

import typer
from rich.console import Console

from local.cli_errors import errors_for_people
from local.cli_options import workspace_id
from local.deployment import DeploymentError, deployed_stack
from local.progress import progress
from local.smoke import report
from local.smoke.cost import QUERIES, day_bytes, most_usd
from local.smoke.run import Result, results
from local.smoke.smoke import Smoke, boto3_client
from local.smoke.tokens import usable_token

_HERE: Final = ("127.0.0.1", "localhost", "::1")
console = Console(stderr=True)


def smoke(
    stack: Annotated[
        str | None, typer.Option(help="The stack's name, in the shell's region.", metavar="NAME")
    ] = None,
    api_url: Annotated[
        str | None, typer.Option(help="Instead of a stack: the API …", metavar="URL")
    ] = None,
    function: Annotated[
        str | None, typer.Option(help="… and the export function.", metavar="NAME")
    ] = None,
    workspace: Annotated[
        str | None, typer.Option(help="Whose calls are exported.", metavar="ID")
    ] = None,
    day: Annotated[
        str | None,
        typer.Option(
            help="The UTC day that is exported.  [default: yesterday]",
            metavar="D",
            show_default=False,
        ),
    ] = None,
    token: Annotated[
        str | None,
        typer.Option(help="Of an admin of the workspace.", envvar="SMOKE_TOKEN", metavar="JWT"),
    ] = None,
    member_token: Annotated[
        str | None,
        typer.Option(help="Of no admin.", envvar="SMOKE_MEMBER_TOKEN", metavar="JWT"),
    ] = None,
    cutoff_workgroup: Annotated[
        str | None,
        typer.Option(
            help="An Athena workgroup with a low bytes cutoff, to be reached.", metavar="NAME"
        ),
    ] = None,
    max_usd: Annotated[
        float, typer.Option(help="What the run may cost.", min=0, metavar="USD")
    ] = 0.01,
    endpoint_url: Annotated[
        str | None, typer.Option(help="Of AWS's services, instead of AWS's own.", metavar="URL")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was seen as JSON.")] = False,
) -> None:
    """Check that a deployed stack works, and say what Athena does that is not documented.

    Reads the stack, makes exports of one day, and changes nothing else. AWS is asked with the
    shell's own credentials. docs/smoke.md says what is checked, and the permissions it takes.
    Exit status: 0 all that was checked is well, 1 something is not, 2 it cannot be checked.
    """
    if endpoint_url is not None:
        os.environ["AWS_ENDPOINT_URL"] = _address(endpoint_url, "--endpoint-url")
    seen: list[Result] = []
    with errors_for_people(console), TemporaryDirectory() as folder:
        now = datetime.now(UTC)
        api, function, outputs = _named(stack, api_url, function)
        asked = Smoke(
            api_url=_address(api, "--api-url"),
            function=function,
            outputs=outputs,
            folder=Path(folder),
            day=_day(day, now.date()),
            workspace=workspace_id(workspace) if workspace is not None else None,
            token=usable_token(token, "admin's", now),
            member_token=usable_token(member_token, "member's", now),
            cutoff_workgroup=cutoff_workgroup,
        )
        budget = Decimal(str(max_usd))
        most = _announced_cost(asked, budget)
        asked.usd_left = budget - (most or 0)
        try:
            with progress(console, "Checking") as show:
                for result in results(asked, show):
                    seen.append(result)  # noqa: PERF402 - what was seen is shown, whatever comes
        finally:
            if as_json:
                print(report.as_json(seen, most))  # noqa: T201 - for a program
            elif seen:
                report.table(seen)
        console.print(report.summary(seen), highlight=False)
        if any(result.seen.ok is False for result in seen):
            raise typer.Exit(1)
        if lacks := [result.lacks for result in seen if result.lacks]:
            raise DeploymentError(f"Not all could be checked. {' '.join(dict.fromkeys(lacks))}")


def _named(
    stack: str | None, api_url: str | None, function: str | None
) -> tuple[str, str, Mapping[str, str] | None]:
    """Where the API is, what the export function is called, and the stack's outputs."""
    match stack, api_url, function:
        case str(), None, None:
            deployed = deployed_stack(stack)
            api, name = deployed.output("ApiUrl"), deployed.output("ExportFunctionName")
            return api, name, deployed.outputs
        case None, str(), str():
            return api_url, function, None
    raise typer.BadParameter(
        "name a stack, or else an API and a function (--api-url and --function)",
        param_hint="--stack",
    )


def _address(given: str, option: str) -> str:
    """An address without a slash at its end; a token goes over TLS, or stays on this machine."""
    parts = urlsplit(given)
    is_here = parts.scheme == "http" and parts.hostname in _HERE
    if not parts.hostname or not (parts.scheme == "https" or is_here):
        raise typer.BadParameter(f"{given!r} is no https address", param_hint=option)
    return given.rstrip("/")


def _day(given: str | None, today: date) -> date:
    try:
        day = date.fromisoformat(given) if given else today - timedelta(days=1)
    except ValueError:
        trouble = f"{given!r} is no date such as 2026-01-31"
    else:
        trouble = f"{day} is not over yet, in UTC" if day >= today else ""
    if trouble:
        raise typer.BadParameter(trouble, param_hint="--day")
    return day


def _announced_cost(asked: Smoke, budget: Decimal) -> Decimal | None:
    """Says what the run costs at most, before it starts; None where that cannot be known."""
    size, said, more, advice = 0, "", "", "allow it with --max-usd"
    if asked.workspace is not None and asked.outputs is None:
        more = ", and more for a day of over 10 MB"
    elif asked.workspace is not None:
        bucket = asked.output("CallLogBucketName")
        size = day_bytes(boto3_client("s3"), bucket, asked.workspace, asked.day.isoformat())
        said = f"{asked.day} of {asked.workspace} is {size:,} bytes. "
        advice = f"name a quieter --day or --workspace, or {advice}"
    most = most_usd(size)
    if most > budget:
        raise DeploymentError(f"{said}The run may cost ${most:.4f}{more}: {advice}.")
    console.print(
        f"{said}This costs at most ${most:.4f}{more}, by {QUERIES} Athena queries and their "
        "requests.",
        highlight=False,
    )
    return None if more else most
