"""Writes one day's calls as call logs: an example of a nightly batch job.

    python examples/nightly_call_logs.py BUCKET 2026-01-31 <calls.jsonl

Reads one call a line, as JSON with the table's columns and `workspace_id`; put your own source in
the place of standard input. It must give every call of that day in UTC, late ones too, since each
file replaces the one of before: run again, the job makes up for what was missing.

Needs boto3 and pyarrow, and `s3:PutObject` on api_calls/ in the bucket.
"""

import json
import sys
import tempfile
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any, TextIO

import boto3
import pyarrow as pa
import pyarrow.parquet as pq

PRICE = pa.decimal128(18, 6)
SCHEMA = pa.schema(
    {
        "call_id": pa.string(),
        "called_at": pa.timestamp("ms", tz="UTC"),
        "api_key_id": pa.string(),
        "api_key_name": pa.string(),
        "provider": pa.string(),
        "model": pa.string(),
        "call_type": pa.string(),
        "input_tokens": pa.int64(),
        "output_tokens": pa.int64(),
        "completion_time_ms": pa.int64(),
        "input_token_price": PRICE,
        "output_token_price": PRICE,
    }
)
ROW_GROUP = 250_000  # so that an export of some hours reads some of a large day

Call = dict[str, Any]


def read_calls(lines: TextIO, day: date) -> Iterator[Call]:
    """Calls as the table has them.

    Raises:
        ValueError: A line is no call of that day; it says which line, and why.
    """
    for number, line in enumerate(lines, start=1):
        try:
            call = read_call(line, day)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"Line {number}: {type(error).__name__}: {error}") from error
        yield call


def read_call(line: str, day: date) -> Call:
    """One call. Of another day it is an error: its file would lose others."""
    call: Call = json.loads(line, parse_float=Decimal)  # never by way of a float: prices are money
    called_at = datetime.fromisoformat(call["called_at"])
    if called_at.tzinfo is None:  # it would be taken for the time of this machine
        raise ValueError(f"{call['call_id']} has a called_at without Z or another offset.")
    called_at = called_at.astimezone(UTC)
    if called_at.date() != day:
        raise ValueError(f"{call['call_id']} was made at {called_at}, not on {day} in UTC.")
    if missing := [name for name in ("workspace_id", *SCHEMA.names) if name not in call]:
        raise ValueError(f"{call['call_id']} lacks {', '.join(missing)}: say null if it has none.")
    milliseconds = called_at.microsecond // 1000
    return call | {"called_at": called_at.replace(microsecond=milliseconds * 1000)}


def by_workspace(calls: Iterable[Call]) -> Iterator[tuple[str, list[Call]]]:
    """Each workspace's calls in order, each call once, whatever the source repeats."""
    once = {(call["workspace_id"], call["call_id"]): call for call in calls}
    in_order = sorted(
        once.values(), key=lambda call: (call["workspace_id"], call["called_at"], call["call_id"])
    )
    for workspace_id, of_workspace in groupby(in_order, lambda call: str(call["workspace_id"])):
        yield workspace_id, list(of_workspace)


def write_call_logs(bucket: str, day: date, calls: Iterable[Call]) -> int:
    """Puts one file per workspace, each whole or not at all, and returns how many."""
    s3 = boto3.client("s3")
    files = 0
    for workspace_id, of_workspace in by_workspace(calls):
        table = pa.Table.from_pylist(of_workspace, schema=SCHEMA)  # without workspace_id
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "calls.parquet"
            pq.write_table(table, file, compression="zstd", row_group_size=ROW_GROUP)
            s3.upload_file(
                str(file), bucket, f"api_calls/workspace_id={workspace_id}/day={day}/calls.parquet"
            )
        files += 1
    return files


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    the_day = date.fromisoformat(sys.argv[2])
    try:
        write_call_logs(sys.argv[1], the_day, read_calls(sys.stdin, the_day))
    except ValueError as error:
        sys.exit(str(error))
