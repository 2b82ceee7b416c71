"""Talking to the local Athena over HTTP, as any client does; and writing call logs for it."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from local.aws import LocalAws
from local.template import Template
from tests.parquet_oracle import Row, csv_rows

WORKGROUP = Template.load().physical_name("WorkGroup")
DATABASE = "api_usage"
WAIT_SECONDS = 60

# True of every sample call. Without it, an engine looks into each day since the first projected.
SINCE_SAMPLES = f"day >= '{datetime.now(UTC).date() - timedelta(days=60)}'"

CALL_LOG_SCHEMA = pa.schema(
    [
        ("call_id", pa.string()),
        ("called_at", pa.timestamp("ms")),
        ("api_key_id", pa.string()),
        ("api_key_name", pa.string()),
        ("provider", pa.string()),
        ("model", pa.string()),
        ("call_type", pa.string()),
        ("input_tokens", pa.int64()),
        ("output_tokens", pa.int64()),
        ("completion_time_ms", pa.int64()),
        ("input_token_price", pa.decimal128(18, 6)),
        ("output_token_price", pa.decimal128(18, 6)),
    ]
)


@dataclass(frozen=True)
class Answer:
    """A query that has ended, and its CSV."""

    execution: dict[str, Any]
    header: Row
    rows: list[Row]

    @property
    def row(self) -> Row:
        (row,) = self.rows
        return row

    @property
    def bytes_scanned(self) -> int:
        scanned: int = self.execution["Statistics"]["DataScannedInBytes"]
        return scanned


class QueryEndedError(AssertionError):
    """A query that ended in another way than it should have."""


class AthenaCaller:
    """Runs statements to their end."""

    def __init__(self, aws: LocalAws) -> None:
        self.athena = aws.client("athena")
        self.s3 = aws.client("s3")

    def start(self, sql: str, **request: Any) -> str:
        defaults = {"WorkGroup": WORKGROUP, "QueryExecutionContext": {"Database": DATABASE}}
        answer = self.athena.start_query_execution(QueryString=sql, **{**defaults, **request})
        query_id: str = answer["QueryExecutionId"]
        return query_id

    def look(self, query_id: str) -> dict[str, Any]:
        answer = self.athena.get_query_execution(QueryExecutionId=query_id)
        execution: dict[str, Any] = answer["QueryExecution"]
        return execution

    def ended(self, query_id: str) -> dict[str, Any]:
        deadline = time.monotonic() + WAIT_SECONDS
        while (execution := self.look(query_id))["Status"]["State"] in ("QUEUED", "RUNNING"):
            assert time.monotonic() < deadline, execution
            time.sleep(0.01)
        return execution

    def run(self, sql: str, **request: Any) -> Answer:
        execution = self.ended(self.start(sql, **request))
        if execution["Status"]["State"] != "SUCCEEDED":
            raise QueryEndedError(execution["Status"])
        header, rows = csv_rows(self.object(execution["ResultConfiguration"]["OutputLocation"]))
        return Answer(execution, header, rows)

    def failure(self, sql: str, **request: Any) -> dict[str, Any]:
        """The status of a query that has to fail."""
        status: dict[str, Any] = self.ended(self.start(sql, **request))["Status"]
        assert status["State"] == "FAILED", status
        return status

    def object(self, address: str) -> bytes:
        bucket, _, key = address.removeprefix("s3://").partition("/")
        content: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return content


def write_call_log(
    folder: Path, workspace: str, day: str, table: pa.Table, name: str = "calls", **options: Any
) -> Path:
    """One Parquet file where the call-log table looks for it."""
    path = folder / f"workspace_id={workspace}" / f"day={day}" / f"{name}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, **options)
    return path


def calls(rows: list[dict[str, Any]]) -> pa.Table:
    """Call logs of these rows; what a row does not say is NULL."""
    return pa.Table.from_pylist(rows, schema=CALL_LOG_SCHEMA)
