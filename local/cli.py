"""The command line of the local stack: `python -m local …`."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, NoReturn
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from rich.console import Console
from rich.markup import escape
from rich.status import Status

from local import report
from local.api_client import Answer, ApiClient
from local.call_log_check.command import check_logs
from local.cli_errors import errors_for_people
from local.cli_options import workspace_id
from local.cron import Cron
from local.engines import EngineName, engine_named
from local.events import EventError, Exit, download_files, exit_status, exports_in, read_event
from local.page import PageBuildError, built_page
from local.sample_call_logs import (
    DEFAULT_DAYS,
    DEFAULT_ROWS,
    DEFAULT_SEED,
    ensure_sample_call_logs,
    write_sample_call_logs,
)
from local.scheduler import delivery, names_schedule, scheduled_times
from local.smoke.command import smoke
from local.stack import LocalStack
from local.web_deployment.command import deploy_web
from shared.timeframe import Period

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "call-logs"
EXPORTS = ROOT / "exports"
LOGS = ROOT / ".local" / "logs"
SAMPLE_WORKSPACE = "ws-acme"
IN_THE_SHELLS_AWS = {"check-logs", "deploy-web", "smoke"}
"""Commands that reach AWS itself, with what the shell says of it; the others have their own."""

cli = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="The whole system on this machine, on call logs of yours or on samples.",
)
console = Console(stderr=True)


@cli.callback()
def main(context: typer.Context) -> None:
    for ending in (signal.SIGTERM, signal.SIGHUP):  # stop everything, as Ctrl-C does
        signal.signal(ending, _interrupt)
    if context.invoked_subcommand not in IN_THE_SHELLS_AWS:
        _leave_the_shells_aws()


def _leave_the_shells_aws() -> None:
    # What the shell says of AWS, of proxies and of moto is about other things than this stack.
    for name in [name for name in os.environ if name.startswith(("AWS_", "MOTO_"))]:
        del os.environ[name]
    os.environ |= {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull}
    os.environ |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def _interrupt(_signal: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt


CallLogs = Annotated[
    Path | None,
    typer.Option(
        help="Folder of call logs, workspace_id=…/day=…/*.parquet.  [default: samples, made anew]",
        show_default=False,
    ),
]
RowLimit = Annotated[
    int | None,
    typer.Option(
        help="Rows an export may have.", min=1, max=1_000_000, metavar="N", show_default=False
    ),
]
EngineOption = Annotated[
    EngineName,
    typer.Option(
        "--engine",
        help="Runs the SQL: duckdb is embedded; trino is the engine under Athena, 450 MB to fetch.",
    ),
]
Workspace = Annotated[
    str | None, typer.Option(help="Whose calls; the only one in the folder if left out.")
]


@cli.command()
def export(
    call_logs: CallLogs = None,
    workspace: Workspace = None,
    start: Annotated[
        str | None, typer.Option(help="ISO 8601 date or datetime.", metavar="D")
    ] = None,
    end: Annotated[
        str | None, typer.Option(help="The same; a date is included.", metavar="D")
    ] = None,
    period: Annotated[Period | None, typer.Option(help="Instead of start and end.")] = None,
    timezone: Annotated[str | None, typer.Option(help="IANA name.", metavar="TZ")] = None,
    output: Annotated[
        Path | None,
        typer.Option(help="The CSV to write.  [default: in exports/]", show_default=False),
    ] = None,
    row_limit: RowLimit = None,
    split: Annotated[
        bool, typer.Option("--split", help="Over the row limit, write several files.")
    ] = False,
    engine: EngineOption = EngineName.DUCKDB,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the API's response, alone.")
    ] = False,
) -> None:
    """Export a timeframe's calls to a CSV, through every part of the system.

    Exit status: 0 done, 1 failed, 2 bad arguments or a refused request, 3 over the row limit.
    """
    began = time.monotonic()
    asked = {"start": start, "end": end, "period": period, "timezone": timezone}
    asked["on_limit"] = "split" if split else None
    request = {name: value for name, value in asked.items() if value is not None}
    _check_writable(output, is_folder=split)
    files: list[Path] = []
    with errors_for_people(console, LOGS), console.status("Starting the local stack") as status:
        workspace = _workspace(workspace, call_logs)
        with _stack(status, call_logs, row_limit, engine) as stack:
            status.update("Exporting")
            client = ApiClient(stack.url, stack.identity_provider.token(workspace_id=workspace))
            answer = client.export(request, lambda body: status.update(report.progress(body)))
            for number, file in enumerate(answer.body.get("files", []), start=1):
                status.update(f"Downloading {number} of {len(answer.body['files'])}")
                files.append(_target(output, file["name"]))
                client.download(file, files[-1])
    if as_json:
        print(answer.text)  # noqa: T201 - the API's own words, as they came
    elif files:
        report.success(answer.body, files, time.monotonic() - began)
    else:
        report.no_file(answer.body, LOGS)
    raise typer.Exit(_exit_status(answer))


Event = Annotated[Path, typer.Argument(help="A file such as those in events/.", show_default=False)]

OutputFolder = Annotated[
    Path, typer.Option(help="Folder for the files.  [default: exports/]", show_default=False)
]


@cli.command()
def invoke(
    event: Event,
    function: Annotated[str, typer.Option(help="Of template.yaml.")] = "ExportFunction",
    call_logs: CallLogs = None,
    scheduled_time: Annotated[
        datetime | None,
        typer.Option(help="UTC, for events of a schedule.  [default: now]", show_default=False),
    ] = None,
    row_limit: RowLimit = None,
    output: OutputFolder = EXPORTS,
    engine: EngineOption = EngineName.DUCKDB,
) -> None:
    """Send an event to a function, and print its answer.

    An event that names a schedule gets the scheduled time, as EventBridge Scheduler fills it in.
    Exit status: 0 done, 1 failed, 2 a mistake in the event, 3 over the row limit.
    """
    when = scheduled_time or datetime.now(UTC)
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    with errors_for_people(console, LOGS), console.status("Starting the local stack") as status:
        sent = delivery(read_event(event), when)
        with _stack(status, call_logs, row_limit, engine) as stack:
            if function not in stack.template.functions():
                names = ", ".join(stack.template.functions())
                raise typer.BadParameter(f"choose one of {names}", param_hint="--function")
            status.update(f"Invoking {function}")
            result = stack.invoke(function, sent)
            files = download_files(stack, result, output)
            mails = stack.aws.mails()
    print(json.dumps(result, indent=2))  # noqa: T201 - what the function answered
    report.after_invocation(files, mails)
    raise typer.Exit(exit_status(list(exports_in(result))))


@cli.command()
def schedule(
    event: Event = ROOT / "events" / "scheduled-previous-month.json",
    expression: Annotated[
        str, typer.Option(help="As EventBridge Scheduler has it.")
    ] = "cron(0 6 1 * ? *)",
    timezone: Annotated[str, typer.Option(help="IANA name.", metavar="TZ")] = "UTC",
    days: Annotated[int, typer.Option(help="How far back to begin.", min=1, max=366)] = 31,
    call_logs: CallLogs = None,
    row_limit: RowLimit = None,
    output: OutputFolder = EXPORTS,
    engine: EngineOption = EngineName.DUCKDB,
) -> None:
    """Run what a schedule would have run in the last days, at once.

    Exit status as of `invoke`, of the worst run.
    """
    now = datetime.now(UTC)
    with errors_for_people(console, LOGS), console.status("Starting the local stack") as status:
        sent = read_event(event)
        if not names_schedule(sent):
            raise EventError(f"{event} names no schedule_arn: it is no schedule's event.")
        times = scheduled_times(Cron(expression), _zone(timezone), now - timedelta(days=days), now)
        runs = []
        with _stack(status, call_logs, row_limit, engine) as stack:
            for when in times:
                status.update(f"Exporting as of {when:%Y-%m-%d %H:%M} UTC")
                result = stack.invoke("ExportFunction", delivery(sent, when))
                download_files(stack, result, output)
                runs.append((when, list(exports_in(result))))
    report.scheduled(runs, _zone(timezone), output)
    raise typer.Exit(exit_status([answer for _, answers in runs for answer in answers]))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise typer.BadParameter(
            f"{name!r} is no IANA time zone", param_hint="--timezone"
        ) from None


@cli.command()
def serve(
    call_logs: CallLogs = None,
    workspace: Workspace = None,
    port: Annotated[int, typer.Option(help="Of page and API.", min=0, max=65535)] = 8080,
    row_limit: RowLimit = None,
    engine: EngineOption = EngineName.DUCKDB,
) -> None:
    """Run the page and the API until Ctrl-C, with tokens and curl lines to paste."""
    with errors_for_people(console, LOGS), console.status("Building the page") as status:
        page = _page()
        status.update("Starting the local stack")
        workspace = _workspace(workspace, call_logs)
        with (
            _stack(status, call_logs, row_limit, engine, port=port, page=page) as stack,
            suppress(KeyboardInterrupt),  # how serving is meant to end
        ):
            status.update("Telling CloudFormation of the stack")
            stack.aws.describe_stack(stack.outputs())
            status.stop()
            report.serving(stack, workspace, LOGS, has_page=page is not None)
            threading.Event().wait()


def _page() -> Path | None:
    try:
        return built_page()
    except PageBuildError as error:
        console.print(f"[yellow]{escape(str(error))} Serving the API alone.", highlight=False)
        return None


@cli.command()
def seed(
    output: Annotated[Path, typer.Option(help="Folder to make.", show_default=False)],
    rows: Annotated[int, typer.Option(help="Calls, of all workspaces.", min=0)] = DEFAULT_ROWS,
    days: Annotated[
        int, typer.Option(help="Days, of which `end` is the last.", min=1)
    ] = DEFAULT_DAYS,
    end: Annotated[
        datetime | None,
        typer.Option(
            help="Last day (UTC).  [default: today]", formats=["%Y-%m-%d"], show_default=False
        ),
    ] = None,
    random_seed: Annotated[
        int, typer.Option("--seed", help="The same seed gives the same calls.")
    ] = DEFAULT_SEED,
) -> None:
    """Make sample call logs."""
    last_day = end.date() if end else datetime.now(UTC).date()
    with errors_for_people(console, LOGS), console.status(f"Making {rows:,} calls"):
        summary = write_sample_call_logs(
            output, rows=rows, days=days, end=last_day, seed=random_seed
        )
    report.seeded(output, summary)


cli.command()(check_logs)
cli.command()(deploy_web)
cli.command()(smoke)


def _samples() -> Path:
    ensure_sample_call_logs(SAMPLES, end=datetime.now(UTC).date())
    return SAMPLES


@contextmanager
def _stack(
    status: Status,
    call_logs: Path | None,
    row_limit: int | None,
    engine: EngineName,
    *,
    port: int = 0,
    page: Path | None = None,
) -> Iterator[LocalStack]:
    """The local stack, over the samples where there are no other call logs."""
    with LocalStack(
        call_logs or _samples(),
        LOGS,
        parameters={} if row_limit is None else {"RowLimit": str(row_limit)},
        port=port,
        page=page,
        engine=engine_named(engine, status.update),
    ) as stack:
        yield stack


def _workspace(given: str | None, call_logs: Path | None) -> str:
    if given is not None:
        return workspace_id(given)
    if call_logs is None:
        return SAMPLE_WORKSPACE
    found = sorted(path.name.partition("=")[2] for path in call_logs.glob("workspace_id=*"))
    if len(found) == 1:
        return found[0]
    raise typer.BadParameter(
        f"{call_logs} has calls of {len(found)} workspaces: choose one of {', '.join(found)}"
        if found
        else f"there are no call logs in {call_logs} (workspace_id=…/day=…/*.parquet)",
        param_hint="--workspace" if found else "--call-logs",
    )


def _check_writable(output: Path | None, *, is_folder: bool) -> None:
    if output is None:
        return
    if is_folder and not output.is_dir():
        raise typer.BadParameter(f"with --split, {output} must be a folder", param_hint="--output")
    folder = output if output.is_dir() else output.resolve().parent
    trouble = ""
    if not folder.is_dir():
        trouble = f"there is no folder {folder}"
    elif not os.access(folder, os.W_OK):
        trouble = f"{folder} is not to be written to"
    elif output.exists() and not (output.is_file() or output.is_dir()):
        trouble = f"{output} is neither a file nor a folder"
    if trouble:
        raise typer.BadParameter(trouble, param_hint="--output")


def _target(output: Path | None, file_name: str) -> Path:
    if output is None:
        EXPORTS.mkdir(exist_ok=True)
        return EXPORTS / file_name
    return output / file_name if output.is_dir() else output.resolve()


def _exit_status(answer: Answer) -> Exit:
    if answer.status >= 500 or "message" in answer.body:  # API Gateway's own words
        return Exit.REFUSED if answer.status < 500 else Exit.FAILED
    return exit_status([answer.body])
