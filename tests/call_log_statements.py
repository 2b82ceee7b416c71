"""The SQL statements of docs/call-logs.md, and calls to run them over."""

import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import sqlglot
from sqlglot import exp

from local.aws import LocalAws
from local.template import Template
from tests.functional.athena_caller import CALL_LOG_SCHEMA, calls

PAGE = Path(__file__).parents[1] / "docs/call-logs.md"
BUCKET = Template.load().physical_name("CallLogBucket")
DAY = "2026-01-31"
SMALL = "ws-small"  # the workspace that has a day of small files
_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
_STATEMENTS = re.findall(
    r"^```sql\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
)

Row = dict[str, Any]


def statement(kind: type[exp.Expr], table: str) -> str:
    """The page's only statement of a kind that makes or reads a table, on this stack's bucket."""
    (found,) = [
        text
        for text in _STATEMENTS
        if isinstance(sqlglot.parse_one(text, read="athena"), kind)
        and re.search(rf"(?:TABLE|FROM) api_usage\.{table}\b", text)
    ]
    text: str = found
    return text.replace("s3://BUCKET/", f"s3://{BUCKET}/").replace("'ws-acme'", f"'{SMALL}'")


COMPACT = statement(exp.Insert, "api_calls")
REWRITE = statement(exp.Insert, "other_calls")


def select(insert: str) -> str:
    """What a statement would insert."""
    into, _, rest = insert.partition("\n")
    assert into == "INSERT INTO api_usage.rewritten"
    return rest


def table_input(create: str) -> Mapping[str, Any]:
    """What `CREATE EXTERNAL TABLE` leaves in Glue."""
    tree = sqlglot.parse_one(create, read="athena")
    location = tree.find(exp.LocationProperty)
    keys = tree.find(exp.PartitionedByProperty)
    assert isinstance(tree.this, exp.Schema)
    assert location is not None
    assert keys is not None
    return {
        "Name": tree.this.this.name,
        "TableType": "EXTERNAL_TABLE",
        "PartitionKeys": _columns(keys.this),
        "Parameters": {"EXTERNAL": "TRUE", "classification": "parquet"}
        | {
            each.this.name: each.args["value"].name
            for each in tree.find_all(exp.Property)
            if type(each) is exp.Property
        },
        "StorageDescriptor": {
            "Columns": _columns(tree.this),
            "Location": location.this.name,
            "InputFormat": f"{_PARQUET}.MapredParquetInputFormat",
            "OutputFormat": f"{_PARQUET}.MapredParquetOutputFormat",
            "SerdeInfo": {"SerializationLibrary": f"{_PARQUET}.serde.ParquetHiveSerDe"},
        },
    }


def _columns(schema: exp.Expr) -> list[dict[str, str]]:
    return [
        {"Name": column.name, "Type": column.args["kind"].sql("hive").lower().replace(" ", "")}
        for column in schema.expressions
    ]


@dataclass(frozen=True)
class Objects:
    """The call-log bucket of a running stack."""

    aws: LocalAws

    def make_table(self, name: str) -> None:
        """The page's table, as Athena would make it."""
        self.aws.client("glue").create_table(
            DatabaseName="api_usage", TableInput=table_input(statement(exp.Create, name))
        )

    def put(self, key: str, table: pa.Table, **options: Any) -> None:
        """One Parquet file."""
        file = io.BytesIO()
        pq.write_table(table, file, **options)
        self.aws.client("s3").put_object(Bucket=BUCKET, Key=key, Body=file.getvalue())

    def below(self, prefix: str) -> dict[str, bytes]:
        """Every file below a prefix, by its key."""
        s3 = self.aws.client("s3")
        listed = s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix).get("Contents", [])
        return {
            each["Key"]: s3.get_object(Bucket=BUCKET, Key=each["Key"])["Body"].read()
            for each in listed
        }

    def delete(self, keys: Iterable[str]) -> None:
        """As `aws s3 rm` does."""
        for key in keys:
            self.aws.client("s3").delete_object(Bucket=BUCKET, Key=key)


def rows_of(files: Mapping[str, bytes]) -> list[Row]:
    """The calls of call-log files, with workspace and day by their folders."""
    found = []
    for key, content in files.items():
        folders = dict(part.split("=") for part in key.split("/") if "=" in part)
        for row in pq.read_table(io.BytesIO(content)).to_pylist():
            called_at = row["called_at"].replace(tzinfo=None)
            found.append({**row, "called_at": _datetime(called_at), **folders})
    return found


def _datetime(value: datetime) -> datetime:
    """Of a pandas timestamp or a datetime, without a zone."""
    return datetime.fromisoformat(str(value)[:26])


# -- A day of many small files, in no order, of which a delivery came twice ------------------------

_CALLS = [
    {
        "call_id": f"small-{number * 7919 % 1009:04}",  # in another order than in time
        "called_at": datetime.fromisoformat(DAY) + timedelta(seconds=143 * number, milliseconds=7),
        "api_key_id": f"key-{number % 3}",
        "api_key_name": "=production",
        "provider": "openai",
        "model": "gpt-5",
        "call_type": "completion" if number % 4 else "embedding",
        "input_tokens": 900 + number,
        "output_tokens": number if number % 4 else None,
        "completion_time_ms": None if number % 5 else 1_000 + number,
        "input_token_price": Decimal("2.500000"),
        "output_token_price": Decimal("0.600001") if number % 4 else None,
    }
    for number in range(600)
]
COMPACTED = [{**row, "workspace_id": SMALL, "day": DAY} for row in _CALLS]
"""What is left of them."""


def put_small_files(objects: Objects) -> None:
    """Twenty files as a stream leaves them, and one of them again under another name."""
    folder = f"api_calls/workspace_id={SMALL}/day={DAY}/"
    for number in range(20):
        part = calls(_CALLS[number::20][::-1])
        objects.put(f"{folder}stream-{number:02}.parquet", part)
    objects.put(f"{folder}stream-07-again.parquet", calls(_CALLS[7::20]))


# -- Calls of another layout, by day of arrival ----------------------------------------------------

_OTHER = pa.schema(
    {
        "id": pa.string(),
        "tenant": pa.string(),
        "ts": pa.int64(),
        "key_id": pa.string(),
        "key_label": pa.string(),
        "vendor": pa.string(),
        "model_name": pa.string(),
        "kind": pa.string(),
        "tokens_in": pa.int32(),
        "tokens_out": pa.int32(),
        "seconds": pa.float64(),
        "usd_in": pa.float64(),
        "usd_out": pa.float64(),
    }
)
_PRICES = {"small": ("0.15", "0.6"), "large": ("2.5", "10"), "embed-3": ("0.02", "0")}
_TENANTS = ("ws-old-1", "ws-old-2", "ws-old-3")


def _other(number: int) -> tuple[str, Row]:
    """A call and its day of arrival: one every five minutes from noon of the day before on."""
    at = datetime(2026, 1, 30, 12, tzinfo=UTC) + timedelta(minutes=5 * number, microseconds=45_678)
    arrived = at + timedelta(hours=9 if number % 10 == 0 else 0)
    model = ("small", "large", "embed-3")[number % 3]
    per_million = [float(price) for price in _PRICES[model]]
    return f"{arrived:%Y-%m-%d}", {
        "id": f"old-{number * 7919 % 1009:04}",
        "tenant": _TENANTS[number % 7 % 3],
        "ts": (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1),
        "key_id": f"key-{number % 4}",
        "key_label": "nightly",
        "vendor": "openai",
        "model_name": model,
        "kind": "embed" if model == "embed-3" else "chat",
        "tokens_in": 2_000 + number,
        "tokens_out": 0 if model == "embed-3" else 17 * number,
        "seconds": None if number % 9 == 4 else number / 1000,
        "usd_in": per_million[0] / 1_000_000,
        "usd_out": per_million[1] / 1_000_000,
    }


OTHERS = [_other(number) for number in range(600)]


def put_other_layout(objects: Objects) -> None:
    """A file for each day of arrival."""
    in_order = sorted(OTHERS, key=lambda other: other[0])
    for arrived, of_day in groupby(in_order, lambda other: other[0]):
        table = pa.Table.from_pylist([row for _, row in of_day], schema=_OTHER)
        objects.put(f"raw/dt={arrived}/part-0.parquet", table)


def _rewritten(other: Row) -> Row:
    prices = [
        Decimal(price).quantize(Decimal("0.000001")) for price in _PRICES[other["model_name"]]
    ]
    is_embedding = other["kind"] == "embed"
    called_at = datetime.fromisoformat("1970-01-01") + timedelta(milliseconds=other["ts"] // 1000)
    return {
        "call_id": other["id"],
        "called_at": called_at,
        "api_key_id": other["key_id"],
        "api_key_name": other["key_label"],
        "provider": other["vendor"],
        "model": other["model_name"],
        "call_type": "embedding" if is_embedding else "completion",
        "input_tokens": other["tokens_in"],
        "output_tokens": None if is_embedding else other["tokens_out"],
        "completion_time_ms": None
        if other["seconds"] is None
        else round(Decimal(str(other["seconds"])) * 1000),
        "input_token_price": prices[0],
        "output_token_price": None if is_embedding else prices[1],
        "workspace_id": other["tenant"],
        "day": f"{called_at:%Y-%m-%d}",
    }


REWRITTEN = [row for row in map(_rewritten, (other for _, other in OTHERS)) if row["day"] == DAY]
"""What one day of them is in the call-log table, worked out in Python."""


def as_text(rows: Iterable[Row]) -> list[tuple[str | None, ...]]:
    """Rows as a CSV of Athena's has them, in order of their calls."""
    return sorted(
        (tuple(_text(row[name]) for name in [*CALL_LOG_SCHEMA.names, "workspace_id", "day"]))
        for row in rows
    )


def _text(value: Any) -> str | None:
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03}"
    return None if value is None else str(value)
