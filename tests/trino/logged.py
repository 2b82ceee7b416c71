"""Calls of tests, put where the call-log table looks for them."""

from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby
from operator import attrgetter
from pathlib import Path

from local.stack import LocalStack
from tests.call_table import Call
from tests.functional.athena_caller import calls as call_log
from tests.functional.athena_caller import write_call_log


def log(stack: LocalStack, folder: Path, calls: Iterable[Call]) -> None:
    """Log calls, a file for each workspace and day, by way of a folder that is empty."""
    ordered = sorted(calls, key=attrgetter("workspace_id", "called_at"))
    for (workspace_id, day), of_day in groupby(ordered, _partition):
        rows = [asdict(call) for call in of_day]
        for row in rows:
            del row["workspace_id"]
        write_call_log(folder, workspace_id, day, call_log(rows))
    if ordered:
        stack.aws.add_call_logs(folder)


def _partition(call: Call) -> tuple[str, str]:
    return call.workspace_id, f"{call.called_at:%Y-%m-%d}"
