"""What the real engine reads of the call logs, against the least that can be read.

The least are the compressed columns that a statement needs, as the Parquet footers have them: with
whole days there is no row group that it does not need.
"""

from collections.abc import Collection, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.call_logs import write_workspace
from benchmarks.measured import Line, figure
from benchmarks.needed_columns import (
    ROWS_COLUMNS,
    SUMMARY_COLUMNS,
    USAGE_COLUMNS,
    needed_bytes,
)
from local.aws import LocalAws
from local.template import Template
from local.trino import trino_engine
from shared.local_time import Granularity
from shared.queries import CallSelection, rows_query, summary_query
from shared.timeframe import Timeframe
from shared.usage_query import usage_query
from tests.functional.athena_caller import AthenaCaller

DAY = date(2026, 1, 31)
_LIMIT = 1.05
_FEW = 10
"""Rows that the rows query may answer: it reads all to find the first, and a million take minutes
through Trino's client."""


def lines(rows: int) -> Iterator[Line]:
    """A day of `rows` calls, and one of a tenth of that, in a file each."""
    midnight = datetime(DAY.year, DAY.month, DAY.day, tzinfo=UTC)
    timeframe = Timeframe(midnight, midnight + timedelta(days=1))
    with TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        with LocalAws(Template.load(), engine=trino_engine(print)) as aws:
            for count in (rows, rows // 10):
                workspace_id = f"ws-{count}"
                write_workspace(folder, workspace_id, rows=count, days=1, end=DAY)
                (path,) = folder.glob(f"workspace_id={workspace_id}/day=*/*.parquet")
                selection = CallSelection(workspace_id, timeframe)
                aws.add_call_logs(folder)
                for statement, sql, columns in (
                    ("rows", rows_query(selection, row_limit=_FEW), ROWS_COLUMNS),
                    ("summary", summary_query(selection), SUMMARY_COLUMNS),
                    ("usage", usage_query(selection, Granularity.HOUR, "UTC"), USAGE_COLUMNS),
                ):
                    scanned = AthenaCaller(aws).run(sql).bytes_scanned
                    yield _line(f"{statement}, {count:,} calls in a day", scanned, path, columns)


def _line(what: str, scanned: int, path: Path, columns: Collection[str]) -> Line:
    least = needed_bytes(path, columns)
    ratio = scanned / least
    return Line(
        f"Bytes scanned by Trino: {what}",
        figure(scanned / 1e6, "MB"),
        f"{figure(least / 1e6, 'MB')}, the columns it needs",
        f"{ratio:.2f}×",
        f"≤ {_LIMIT}×",
        ratio <= _LIMIT,
    )
