"""`make load`: the stack, hundreds of admins, and a verdict. Exit status: 0 all is well, 1 not."""

import json
import os
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from benchmarks.load.aftermath import aftermath, sweep
from benchmarks.load.call_logs import MODELS, Plan, write_call_logs
from benchmarks.load.checks import CHECKS, Evidence
from benchmarks.load.journal import Journal
from benchmarks.load.memory import Sample, outgrown, sample
from benchmarks.load.repeated import repeatedly
from benchmarks.load.report import print_report
from benchmarks.load.truth import Truth
from local.lambda_runtime import TooManyRequestsError
from local.stack import Capacity, LocalStack

ROOT = Path(__file__).parents[2]
LOCUST = ROOT / ".load" / "bin" / "locust"
ADMINS_PER_WORKSPACE = 5
ROW_LIMIT = 2_000
SWEEP_SECONDS = 15
TIME_TO_FINISH = 240
"""Seconds in which admins end what they are at when the time is over."""


cli = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@cli.command()
def load(
    users: Annotated[int, typer.Option(help="Admins, all at once.", min=1)] = 200,
    seconds: Annotated[int, typer.Option(help="For how long.", min=1)] = 45,
    rate: Annotated[int, typer.Option(help="ThrottlingRate of the API.", min=1)] = 20,
    burst: Annotated[int, typer.Option(help="ThrottlingBurst of the API.", min=1)] = 40,
    invocations: Annotated[int, typer.Option(help="Processes of a function.", min=1)] = 8,
    queries: Annotated[int, typer.Option(help="Athena's active queries.", min=1)] = 8,
    calls: Annotated[int, typer.Option(help="Of a workspace in the middle.", min=10)] = 1_500,
) -> None:
    """Load the local stack, and hold every answer and file against the call logs."""
    if not LOCUST.exists():
        sys.exit("locust is not installed: run it as `make load`")
    plan = Plan(max(users // ADMINS_PER_WORKSPACE, 2), calls, datetime.now(UTC).date())
    capacity = Capacity(invocations=invocations, active_queries=queries)
    parameters = {
        "ThrottlingRate": str(rate),
        "ThrottlingBurst": str(burst),
        "RowLimit": str(ROW_LIMIT),
    }
    with TemporaryDirectory(prefix="load-") as temporary:
        folder = Path(temporary)
        write_call_logs(folder / "call-logs", plan)
        with LocalStack(
            folder / "call-logs", folder / "logs", parameters=parameters, capacity=capacity
        ) as stack:
            began, samples = time.monotonic(), list[Sample]()
            with (
                repeatedly(1, lambda: samples.append(sample())),
                repeatedly(SWEEP_SECONDS, partial(_sweep, stack)),
            ):
                _run_admins(stack, plan, folder, users, seconds)
            ran = time.monotonic() - began
            left = aftermath(stack, plan.names())
        journal = Journal.read(folder / "journal")
        evidence = Evidence(journal, left, Truth(folder / "call-logs"), ROW_LIMIT)
        found = {check.__name__: list(check(evidence)) for check in CHECKS}
        exports = sum(map(len, left.listed.values()))
        found[outgrown.__name__] = list(outgrown(samples, exports))
    print_report(evidence, samples, found, ran)
    sys.exit(1 if any(found.values()) else 0)


def _run_admins(stack: LocalStack, plan: Plan, folder: Path, users: int, seconds: int) -> None:
    """Runs locust to its end, and exits where that is not the end of its time."""
    (folder / "files").mkdir()
    (folder / "journal").touch()
    subjects = [
        (name, f"admin-{number}@{name}.example")
        for number in range(ADMINS_PER_WORKSPACE)
        for name in plan.names()
    ]
    told = folder / "plan.json"
    told.write_text(
        json.dumps(
            {
                "journal": str(folder / "journal"),
                "files": str(folder / "files"),
                "first_day": f"{plan.start}",
                "last_day": f"{plan.end - timedelta(days=1)}",
                "models": MODELS,
                "admins": [
                    {
                        "subject": subject,
                        "workspace": name,
                        "token": stack.identity_provider.token(subject=subject, workspace_id=name),
                    }
                    for name, subject in subjects
                ],
            }
        ),
        encoding="utf-8",
    )
    options = {
        "locustfile": ROOT / "benchmarks" / "load" / "admins.py",
        "host": stack.url,
        "users": users,
        "spawn-rate": max(users // 10, 1),
        "run-time": f"{seconds}s",
        "stop-timeout": TIME_TO_FINISH,
        "loglevel": "WARNING",
    }
    words = [f"--{name}={value}" for name, value in options.items()]
    ended = subprocess.run(
        [str(LOCUST), "--headless", "--only-summary", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LOAD_PLAN": str(told)},
        capture_output=True,
        text=True,
        check=False,
    )
    if ended.returncode:
        sys.exit(f"the admins broke off:\n{ended.stderr}")


def _sweep(stack: LocalStack) -> None:
    """Exports whose admins have left end meanwhile."""
    with suppress(TooManyRequestsError):  # the next one makes up for it
        sweep(stack)


if __name__ == "__main__":
    cli()
