"""Call logs of any size: the samples' calls, of one busy workspace."""

from datetime import date, timedelta
from pathlib import Path

from local.sample_call_logs.parquet import write_calls
from local.sample_call_logs.traffic import SamplePeriod, calls_of_day, calls_per_day
from local.sample_call_logs.workspaces import WORKSPACES

_SEED = 7


def write_workspace(folder: Path, workspace_id: str, *, rows: int, days: int, end: date) -> None:
    """Write `rows` calls of a workspace in the `days` UTC days up to and including `end`."""
    period = SamplePeriod(end - timedelta(days=days - 1), days)
    acme = WORKSPACES[0]
    for day, count in calls_per_day(acme, rows, period, _SEED).items():
        if count:
            path = folder / f"workspace_id={workspace_id}" / f"day={day}" / "calls.parquet"
            write_calls(calls_of_day(acme, day, count, period, _SEED), path)
