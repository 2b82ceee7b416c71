"""Exports from request to download URL, against DuckDB's own COPY and what people write instead."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from benchmarks.call_logs import write_workspace
from benchmarks.http_events import request
from benchmarks.measured import Line, alternately, at_most, figure
from local.lambda_runtime import LambdaRuntime
from local.stack import LocalStack
from local.template.template import TEMPLATE
from shared.queries import CallSelection, rows_query
from shared.timeframe import Timeframe

ROOT = TEMPLATE.parent
CLIENTS = ROOT / ".clients" / "bin" / "python"
OTHERS = {
    "wrangler": "awswrangler `read_sql_query`, `to_csv`, upload",
    "pandas_cursor": "PyAthena pandas cursor, `to_csv`, upload",
    "csv_writer": "PyAthena cursor, `csv.writer`, upload",
}
FEW, MANY = "ws-few", "ws-many"
FEW_ROWS = 1_000
DAYS = 30


@dataclass(frozen=True)
class Run:
    """A program's run: seconds, peak of its memory in MiB, rows, and the export if it was ours."""

    seconds: float
    peak_mb: float
    rows: int | None = None
    export: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Contest:
    """The same calls in the same Athena and S3 for everybody."""

    stack: LocalStack
    folder: Path
    call_logs: Path
    timeframe: Timeframe

    def ours(self, workspace_id: str) -> Run:
        """`POST /exports`, and looks where it takes long; in a function that is warm."""
        body = {"start": self.timeframe.start.isoformat(), "end": self.timeframe.end.isoformat()}
        event = request(workspace_id, "POST", "/exports", body)
        with LambdaRuntime(
            {"ExportFunction": self.stack.template.functions()["ExportFunction"]},
            self.stack.aws.environment,
            self.folder / "logs",
        ) as runtime:
            runtime.invoke("ExportFunction", request(workspace_id, "GET", "/exports"))
            began = time.perf_counter()
            while True:
                invocation = runtime.run("ExportFunction", event, "benchmark")
                export = json.loads(invocation.response["body"])
                if export["status"] not in ("queued", "running"):
                    break
                event = request(workspace_id, "GET", f"/exports/{export['id']}")
            seconds = time.perf_counter() - began
        assert export["status"] == "succeeded", export
        peak = re.search(rb"Max Memory Used: (\d+) MB", invocation.log_tail)
        assert peak is not None
        return Run(seconds, int(peak[1]), export["row_count"], export)

    def query(self) -> float:
        """Seconds from the start of the rows query, alone, until its object lies in S3."""
        workgroup, database = self._athena
        athena = self.stack.aws.client("athena")
        query = athena.start_query_execution(
            QueryString=self._statement,
            WorkGroup=workgroup,
            QueryExecutionContext={"Database": database},
        )["QueryExecutionId"]
        state = "QUEUED"
        while state in ("QUEUED", "RUNNING"):
            time.sleep(0.05)
            execution = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
            state = execution["Status"]["State"]
        assert state == "SUCCEEDED", execution
        return float(execution["Statistics"]["TotalExecutionTimeInMillis"]) / 1000

    def floor(self) -> Run:
        """DuckDB's own COPY."""
        return self._run(
            sys.executable, "floor", str(self.floor_file), str(self.call_logs), self._statement
        )

    def other(self, name: str) -> Run:
        """What people write instead."""
        bucket = self._settings["EXPORT_BUCKET"]
        arguments = (name, *self._athena, bucket, str(self.folder), self._statement)
        return self._run(str(CLIENTS), "others", *arguments)

    @property
    def floor_file(self) -> Path:
        return self.folder / "floor.csv"

    @property
    def _statement(self) -> str:
        return rows_query(CallSelection(MANY, self.timeframe), row_limit=1_000_000)

    @property
    def _settings(self) -> Mapping[str, str]:
        return self.stack.template.functions()["ExportFunction"].environment

    @property
    def _athena(self) -> tuple[str, str]:
        return self._settings["WORKGROUP"], self._settings["DATABASE"]

    def _run(self, python: str, program: str, *arguments: str) -> Run:
        ended = subprocess.run(
            [python, "-m", f"benchmarks.programs.{program}", *arguments],
            env={**os.environ, **self.stack.aws.environment, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            check=True,
        )
        return Run(**json.loads(ended.stdout))


@contextmanager
def contest(rows: int) -> Iterator[Contest]:
    """Two workspaces, of which one has `rows` calls in a month, on a stack of their own."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        call_logs = folder / "call-logs"
        for workspace_id, count in {FEW: FEW_ROWS, MANY: rows}.items():
            yesterday = midnight.date() - timedelta(days=1)
            write_workspace(call_logs, workspace_id, rows=count, days=DAYS, end=yesterday)
        timeframe = Timeframe(midnight - timedelta(days=DAYS), midnight)
        with LocalStack(call_logs, folder / "logs") as stack:
            yield Contest(stack, folder, call_logs, timeframe)


def _others(held: Contest, rounds: int) -> dict[str, list[Run]]:
    measures = {name: partial(held.other, name) for name in OTHERS}
    return alternately(rounds, {"ours": partial(held.ours, MANY), **measures})


def lines(rows: int, rounds: int) -> Iterator[Line]:
    """An export of `rows` rows, side by side with the others."""
    with contest(rows) as held:
        held.query()  # the first one copies the call logs out of S3
        found = alternately(
            rounds,
            {"ours": lambda: held.ours(MANY), "floor": held.floor, "few": lambda: held.ours(FEW)},
        )
        with urlopen(found["ours"][-1].export["file"]["download_url"]) as file:  # noqa: S310 - here
            assert file.read() == held.floor_file.read_bytes(), "the files differ"
        queries = alternately(rounds, {"query": held.query, "floor": lambda: held.floor().seconds})
        others = _others(held, max(rounds // 3, 1)) if CLIENTS.exists() else {}
    ours = found["ours"]
    assert {run.rows for runs in (ours, *others.values()) for run in runs} == {rows}

    yield at_most(
        1.3,
        f"{rows:,} rows, from request to download URL",
        [run.seconds for run in ours],
        [run.seconds for run in found["floor"]],
        name="DuckDB's COPY to disk",
        unit="s",
    )
    yield at_most(
        1.0,
        f"{rows:,} rows, the rows query alone, to the object in S3",
        queries["query"],
        queries["floor"],
        name="DuckDB's COPY to disk",
        unit="s",
    )
    seconds = {name: median(run.seconds for run in runs) for name, runs in others.items()}
    for name in (name for name in OTHERS if name in others):
        ratio, peak = seconds[name] / seconds["ours"], median(run.peak_mb for run in others[name])
        yield Line(
            f"{rows:,} rows, against {OTHERS[name]}",
            f"{figure(seconds['ours'], 's')}, {ours[-1].peak_mb} MB",
            f"{figure(seconds[name], 's')}, {peak:,.0f} MB",
            f"{ratio:.1f}× faster",
            "≥ 3×",
            ratio >= 3,
        )
    few, many = (median(run.peak_mb for run in found[name]) for name in ("few", "ours"))
    yield Line(
        f"Peak memory of the function, {rows:,} rows against {FEW_ROWS:,}",
        f"{many:.0f} MB",
        f"{few:.0f} MB",
        f"{many - few:+.0f} MB",
        "≤ 5 MB",
        many - few <= 5,
    )
