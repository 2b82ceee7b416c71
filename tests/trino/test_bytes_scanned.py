"""What Trino reads of the call logs, held against the least that can be read.

The least are the compressed columns that a statement needs, of the row groups that its timeframe
touches, as the Parquet files' own footers have them. Trino reads through what lies between two of
them where that is less than 1 MB: one request to S3 costs more.
"""

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benchmarks.needed_columns import (
    EXTENDED_COLUMNS,
    ROWS_COLUMNS,
    SUMMARY_COLUMNS,
    USAGE_COLUMNS,
)
from local.stack import LocalStack
from shared.call_log import Columns
from shared.local_time import Granularity
from shared.queries import CallSelection, rows_query, summary_query
from shared.timeframe import Timeframe
from shared.usage_query import usage_query
from tests.functional.athena_caller import CALL_LOG_SCHEMA, write_call_log
from tests.trino.both_engines import EitherEngine, found

pytestmark = pytest.mark.trino

WORKSPACES = 50
DAYS = 366
CALLS = 120_000
ROW_GROUPS = 2  # so large that the ids alone are more than Trino reads through
READ_THROUGH = 2**20
FOOTER = 48 * 1024  # what it reads from a file's end, whatever the footer's size
FIRST_DAY = date(2024, 1, 1)  # of a leap year
THE_DAY = date(2024, 7, 1)
WORKSPACE = "ws-scan-0"
WHOLE_DAY = Timeframe(datetime(2024, 7, 1, tzinfo=UTC), datetime(2024, 7, 2, tzinfo=UTC))
AN_HOUR = Timeframe(datetime(2024, 7, 1, 4, tzinfo=UTC), datetime(2024, 7, 1, 5, tzinfo=UTC))


@dataclass(frozen=True)
class Scan:
    """A statement, and the least that it has to read.

    Attributes:
        name: In the summary.
        sql: The statement.
        columns: Which it needs.
        timeframe: Which row groups it needs.
    """

    name: str
    sql: str
    columns: frozenset[str]
    timeframe: Timeframe = WHOLE_DAY


def selection(timeframe: Timeframe) -> CallSelection:
    return CallSelection(WORKSPACE, timeframe)


SCANS = [
    Scan("rows", rows_query(selection(WHOLE_DAY), row_limit=1_000_000), ROWS_COLUMNS),
    Scan(
        "extended rows",
        rows_query(selection(WHOLE_DAY), row_limit=1_000_000, columns=Columns.EXTENDED),
        EXTENDED_COLUMNS,
    ),
    Scan("summary", summary_query(selection(WHOLE_DAY)), SUMMARY_COLUMNS),
    Scan("usage", usage_query(selection(WHOLE_DAY), Granularity.HOUR, "UTC"), USAGE_COLUMNS),
    Scan("summary of an hour", summary_query(selection(AN_HOUR)), SUMMARY_COLUMNS, AN_HOUR),
]


@pytest.fixture(scope="module")
def the_day(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The footer of one day's file, among a year of days and fifty workspaces."""
    folder = tmp_path_factory.mktemp("scanned")
    small = day_of_calls(THE_DAY, 100)
    for number in range(1, WORKSPACES):
        write_call_log(folder, f"ws-scan-{number}", THE_DAY.isoformat(), small)
    for number in range(DAYS):
        day = FIRST_DAY + timedelta(days=number)
        if day != THE_DAY:
            write_call_log(folder, WORKSPACE, day.isoformat(), small)
    path = write_call_log(
        folder,
        WORKSPACE,
        THE_DAY.isoformat(),
        day_of_calls(THE_DAY, CALLS),
        row_group_size=CALLS // ROW_GROUPS,
        compression="zstd",
    )
    stack.aws.add_call_logs(folder)
    return pq.read_metadata(path)


def day_of_calls(day: date, count: int) -> pa.Table:
    """Calls of one day, in order, whose values are hard to compress."""
    draw = random.Random(count)  # noqa: S311 - nothing secret
    midnight = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() * 1000)
    prices = pa.array(["0.150000", "2.500000", "10.000000"]).cast(pa.decimal128(18, 6))
    columns: dict[str, Any] = {
        "call_id": [f"{draw.getrandbits(128):032x}" for _ in range(count)],
        "called_at": [midnight + number * 86_400_000 // count for number in range(count)],
        "api_key_id": [f"key-{draw.randrange(40)}" for _ in range(count)],
        "api_key_name": [f"name of key {draw.randrange(40)}" for _ in range(count)],
        "provider": [draw.choice(("openai", "azure", "anthropic")) for _ in range(count)],
        "model": [f"model-{draw.randrange(60)}" for _ in range(count)],
        "call_type": [draw.choice(("completion", "embedding")) for _ in range(count)],
        "input_tokens": [draw.randrange(100_000) for _ in range(count)],
        "output_tokens": [draw.randrange(10_000) for _ in range(count)],
        "completion_time_ms": [draw.randrange(60_000) for _ in range(count)],
        "input_token_price": prices.take(pa.array([draw.randrange(3) for _ in range(count)])),
        "output_token_price": prices.take(pa.array([draw.randrange(3) for _ in range(count)])),
    }
    return pa.table(columns, schema=CALL_LOG_SCHEMA)


def needed(footer: Any, scan: Scan) -> tuple[list[range], int]:
    """Where the columns lie in the file that it needs, and the size of the times' dictionaries.

    Trino looks into a dictionary first, whether any of its times is in the timeframe.
    """
    start, end = (
        instant.replace(tzinfo=None) for instant in (scan.timeframe.start, scan.timeframe.end)
    )
    places, dictionaries = [], 0
    for group in map(footer.row_group, range(footer.num_row_groups)):
        chunks = {chunk.path_in_schema: chunk for chunk in map(group.column, range(12))}
        times = chunks["called_at"]
        if times.statistics.max >= start and times.statistics.min < end:
            dictionaries += times.data_page_offset - times.dictionary_page_offset
            for chunk in map(chunks.__getitem__, scan.columns):
                first = chunk.dictionary_page_offset or chunk.data_page_offset
                places.append(range(first, first + chunk.total_compressed_size))
    return sorted(places, key=lambda place: place.start), dictionaries


def read_through(places: list[range]) -> int:
    """Their size with what lies between them, but for large gaps."""
    gaps = (after.start - before.stop for before, after in pairwise(places))
    return sum(map(len, places)) + sum(gap for gap in gaps if gap <= READ_THROUGH)


@pytest.mark.parametrize("scan", SCANS, ids=lambda scan: scan.name)
def test_one_day_of_a_year_and_one_of_fifty_workspaces_is_all_that_is_read(
    both: EitherEngine, the_day: Any, measured: list[str], scan: Scan
) -> None:
    answer = found(both.trino, scan.sql)
    places, dictionaries = needed(the_day, scan)
    least, scanned = sum(map(len, places)), answer.scanned.bytes
    measured.append(
        f"Bytes scanned, {scan.name}: {scanned:,} for {least:,}, {scanned / least:.2f} times"
    )
    assert answer.rows
    assert least > 500_000
    assert least <= scanned <= read_through(places) + dictionaries + FOOTER


def test_the_plan_has_the_one_partition_and_the_timestamps_pushed_down(
    both: EitherEngine, the_day: Any
) -> None:
    sql = f"EXPLAIN {summary_query(selection(AN_HOUR))}"
    plan = " ".join((found(both.trino, sql).rows[0][0] or "").split())
    assert f"day:string:PARTITION_KEY :: [[{THE_DAY}]]" in plan
    assert f"workspace_id:string:PARTITION_KEY :: [[{WORKSPACE}]]" in plan
    assert "called_at >= timestamp(3) '2024-07-01 04:00:00.000'" in plan
    assert "called_at < timestamp(3) '2024-07-01 05:00:00.000'" in plan
    assert "call_id" not in plan
