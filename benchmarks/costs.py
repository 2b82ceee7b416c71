"""What an export reads and costs, by timeframe and by the calls that its workspace makes in a year.

Bytes are those of a day's file as large as it would be, times the days: nothing as large as the
largest of these workspaces is made.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.call_logs import write_workspace
from benchmarks.measured import figure
from benchmarks.monthly_cost import (
    CSV,
    GB,
    GETS_A_FILE,
    LAMBDA_GB_SECOND,
    MEMORY_GB,
    ROW_LIMIT,
    S3_GB_MONTH,
    S3_GET,
    S3_PUT,
    queried,
)
from benchmarks.needed_columns import ROWS_COLUMNS, SUMMARY_COLUMNS, needed_bytes

YEAR: Final = 366
TIMEFRAMES: Final = (1, 30, YEAR)
_PUTS: Final = 6  # the manifest, its mark, and Athena's objects
_SECONDS: Final = 20  # as long as the function may wait


def rows(largest: int) -> Iterator[list[str]]:
    """A line for each size of workspace: its calls in a year, and an export of each timeframe."""
    calls = 1_000
    while calls <= largest:
        per_day = max(round(calls / YEAR), 1)
        summary, export = _day_bytes(per_day)
        cells = [_export(per_day, days, summary * days, export * days) for days in TIMEFRAMES]
        yield [f"{calls:,}", *cells]
        calls *= 10


def _day_bytes(calls: int) -> tuple[int, int]:
    """What the summary query and the rows query need of a day with so many calls."""
    with TemporaryDirectory(prefix="benchmark-") as name:
        write_workspace(Path(name), "ws", rows=calls, days=1, end=date(2026, 1, 30))
        (path,) = Path(name).glob("*/*/*.parquet")
        return needed_bytes(path, SUMMARY_COLUMNS), needed_bytes(path, ROWS_COLUMNS)


def _export(per_day: int, days: int, summary: int, export: int) -> str:
    """Calls, bytes and US dollars of an export of so many days."""
    calls = per_day * days
    read = figure((summary + export) / 1e6, "MB")
    cost = _usd(calls, days, [summary, export])
    verdict = "" if calls <= ROW_LIMIT else f"; {-(-calls // ROW_LIMIT)} files"
    return f"{calls:,} calls, {read}, {cost:.4f} USD{verdict}"


def _usd(calls: int, days: int, scanned: list[int]) -> Decimal:
    """At most, for an export that is split where it has to be: then its calls are read twice."""
    reads = scanned if calls <= ROW_LIMIT else [*scanned, *scanned]
    return (
        sum(map(queried, reads), Decimal(0))
        + len(reads) * days * GETS_A_FILE * S3_GET
        + _PUTS * S3_PUT
        + _SECONDS * MEMORY_GB * LAMBDA_GB_SECOND
        + calls * CSV * S3_GB_MONTH / GB
    )
