"""Writes calls as the Parquet files that the call-log table is made of."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from local.sample_call_logs.traffic import Call

__all__ = ["write_calls"]

_PRICE = pa.decimal128(18, 6)
_SCHEMA = pa.schema(
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
        "input_token_price": _PRICE,
        "output_token_price": _PRICE,
    }
)
_ORDER = pq.SortingColumn.from_ordering(
    _SCHEMA, [("called_at", "ascending"), ("call_id", "ascending")]
)
_REPETITIVE = [
    name for name in _SCHEMA.names if name not in {"call_id", "called_at", "completion_time_ms"}
]


def write_calls(calls: Sequence[Call], file: Path) -> int:
    """Writes calls, already in order, as one file in a new folder, and returns its size in bytes.

    The same calls give the same bytes.
    """
    columns = [
        pa.array(values, field.type)
        for values, field in zip(zip(*calls, strict=True), _SCHEMA, strict=True)
    ]
    file.parent.mkdir(parents=True)
    pq.write_table(
        pa.Table.from_arrays(columns, schema=_SCHEMA),
        file,
        compression="zstd",
        sorting_columns=_ORDER,
        store_decimal_as_integer=True,
        # Arrow's own copy of the schema is nothing that other writers of call logs leave
        store_schema=False,
        use_dictionary=_REPETITIVE,
    )
    return file.stat().st_size
