"""What the command line tells a person."""

import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from local.aws import Mail
    from local.sample_call_logs import SampleSummary
    from local.stack import LocalStack

_SERVE_TOKEN_SECONDS = 12 * 3600

# Tables are cut to the width of a terminal, but not where another program reads them.
console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 1000)


def progress(export: Mapping[str, Any]) -> str:
    """One line on an export that is under way."""
    under_way = export["progress"]
    running = " and ".join(under_way["running"]) or "queries"
    counted = f", {export['row_count']:,} rows counted" if export["row_count"] is not None else ""
    return (
        f"Athena: {running} {export['status']}, {under_way['elapsed_seconds']:.1f} s, "
        f"{under_way['bytes_scanned']:,} bytes scanned{counted}"
    )


def success(export: Mapping[str, Any], files: Sequence[Path], seconds: float) -> None:
    """The summary of an export that is on disk."""
    totals, timeframe = export["control_totals"], export["timeframe"]
    unpriced = totals["unpriced_calls"]
    one_file = f"{files[0]}" if len(files) == 1 else f"{len(files)} in {files[0].parent}"
    _facts(
        {
            "File" if len(files) == 1 else "Files": one_file,
            "Size": f"{sum(file['size_bytes'] for file in export['files']):,} bytes",
            "Rows": f"{totals['rows']:,}",
            "Input tokens": f"{totals['input_tokens']:,}",
            "Output tokens": f"{totals['output_tokens']:,}",
            "Total cost": f"{totals['cost_usd']} USD"
            + (f", without {unpriced:,} calls that have no price" if unpriced else ""),
            "Timeframe": f"{_utc(timeframe['start'])} to {_utc(timeframe['end'])} (UTC)",
            "Bytes scanned": f"{export['bytes_scanned']:,}",
            "Seconds": f"{seconds:.1f}",
        }
    )


def no_file(body: Mapping[str, Any], logs: Path) -> None:
    """Why there is no file: a problem, an export without one, or API Gateway's own message."""
    error = body.get("error") or body
    console.print(f"[red]{error.get('title', error.get('message', 'No answer'))}")
    if "detail" in error:
        console.print(error["detail"], markup=False)
    if body.get("status") == "failed":
        console.print(f"Export {body['id']}; Athena's own words are in the logs.", markup=False)
    if "detail" not in error or body.get("status") == "failed":
        console.print(f"The functions' logs are in {logs}", markup=False)
    if body.get("suggested_timeframes"):
        table = Table("Start", "End", "Rows", "Cost (USD)", box=None)  # to be pasted
        for part in body["suggested_timeframes"]:
            rows = f"{part['rows']:,}" + ("" if part["fits"] else "  over the limit alone")
            table.add_row(part["start"], part["end"], rows, part["cost_usd"])
        console.print(table)


def serving(stack: "LocalStack", workspace: str, logs: Path, *, has_page: bool) -> None:
    """Where page and API are, who may call it, and how."""
    provider = stack.identity_provider
    admin, member = (
        provider.token(workspace_id=workspace, admin=admin, lifetime=_SERVE_TOKEN_SECONDS)
        for admin in (True, False)
    )
    what = "Page and API" if has_page else "API"
    console.print(f"{what} on {stack.url} (Ctrl-C stops it; logs in {logs})\n", markup=False)
    console.print(f"Tokens of workspace {workspace}:\n", markup=False)
    console.print(f"ADMIN='{admin}'\n", markup=False)
    console.print(f"MEMBER='{member}'\n", markup=False)
    for title, line in {
        "An export of the last 30 days:": f'curl -sX POST -H "Authorization: Bearer $ADMIN"'
        f" {stack.url}/exports",
        "Of yesterday, without waiting:": 'curl -siX POST -H "Authorization: Bearer $ADMIN"'
        " -H 'Prefer: respond-async' -H 'Content-Type: application/json'"
        f""" -d '{{"period": "yesterday", "timezone": "Europe/Berlin"}}' {stack.url}/exports""",
        "How it stands:": f'curl -s -H "Authorization: Bearer $ADMIN" {stack.url}/exports/ID',
        "What a member gets:": f'curl -siX POST -H "Authorization: Bearer $MEMBER"'
        f" {stack.url}/exports",
        "With the AWS CLI, or anything else that is made for AWS:": f"export {_variables(stack)}",
        "An export as the console or a schedule asks for it:": "aws lambda invoke"
        " --function-name ExportFunction --cli-read-timeout 900"
        " --payload fileb://events/direct.json out.json",
    }.items():
        console.print(f"{title}\n  {line}", markup=False)


def _variables(stack: "LocalStack") -> str:
    wanted = (
        "AWS_ENDPOINT_URL",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_DEFAULT_REGION",
    )
    return " ".join(
        f"{name}={value}"
        for name, value in stack.client_environment.items()
        if name.startswith(wanted)
    )


def after_invocation(files: Sequence[Path], mails: Sequence["Mail"]) -> None:
    """What is on disk, and what was mailed."""
    for file in files:
        console.print(f"File: {file}", markup=False)
    for mail in mails:
        console.print(f"\nMail: {mail.subject}\n\n{mail.text}", markup=False)


def scheduled(
    runs: Sequence[tuple[datetime, Sequence[Mapping[str, Any]]]], zone: ZoneInfo, exports: Path
) -> None:
    """What each run of a schedule came to, a line for each workspace."""
    table = Table("Scheduled", "Workspace", "Outcome", "Rows", "Cost (USD)", "Files", box=None)
    for when, answers in runs:
        for answer in answers:
            totals = answer.get("control_totals")
            table.add_row(
                f"{when.astimezone(zone):%Y-%m-%d %H:%M}",
                answer.get("workspace_id", ""),
                answer["status"] if "id" in answer else f"refused: {answer['detail']}",
                f"{totals['rows']:,}" if totals else "",
                totals["cost_usd"] if totals else "",
                f"{len(answer.get('files', []))}",
            )
    console.print(table if runs else "The schedule does not fire in these days.", crop=False)
    for folder in dict.fromkeys(
        answer["delivered_to"] for _, answers in runs for answer in answers if answer.get("files")
    ):
        console.print(f"Delivered to {folder}", markup=False)
    if runs:
        console.print(f"Files are in {exports}", markup=False)


def seeded(output: Path, summary: "SampleSummary") -> None:
    """What was made."""
    _facts(
        {
            "Folder": str(output),
            "Files": f"{summary.files:,}",
            "Size": f"{summary.bytes:,} bytes",
            **{workspace: f"{rows:,} calls" for workspace, rows in summary.workspaces.items()},
        }
    )


def _facts(facts: Mapping[str, str]) -> None:
    width = max(map(len, facts))
    for name, value in facts.items():
        console.print(f"{name:<{width}}  {value}", markup=False)


def _utc(instant: str) -> str:
    return instant.replace("T", " ").removesuffix("Z").removesuffix(".000")
