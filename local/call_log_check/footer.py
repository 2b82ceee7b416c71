"""What a Parquet footer says: columns, their types, and row groups."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, Final

import pyarrow as pa

from local.call_log_check.contract import Contract
from local.call_log_check.findings import Finding
from local.call_log_check.limits import Limits

_DECIMAL: Final = re.compile(r"decimal\((\d+), *(\d+)\)")
_TIMESTAMP_UNIT: Final = "ms"
_CODECS: Final = frozenset({"UNCOMPRESSED", "SNAPPY", "GZIP", "ZSTD", "LZ4", "LZO"})
"""What Athena's documentation says that it reads in Parquet, by pyarrow's names."""


def footer_findings(file: str, metadata: Any, contract: Contract, limits: Limits) -> list[Finding]:
    """What is wrong with a file, as far as its footer tells."""
    return [
        *_column_findings(file, metadata, contract),
        *_row_group_findings(file, metadata, limits),
    ]


def readable_columns(metadata: Any, contract: Contract) -> dict[str, str]:
    """Columns whose values can be checked: name in the table → name in the file."""
    return {
        name: fields[0].name
        for name, fields in _fields(metadata).items()
        if name in contract.types
        and len(fields) == 1
        and _is_comparable(_plain(fields[0].type), contract.types[name])
    }


def is_int96(metadata: Any, column: str) -> bool:
    """Whether a column's times are INT96, the unit-less form of Hive, Firehose and Athena."""
    stored = map(metadata.schema.column, range(metadata.num_columns))
    return any(one.name.lower() == column and one.physical_type == "INT96" for one in stored)


def _column_findings(file: str, metadata: Any, contract: Contract) -> Iterable[Finding]:
    rows: int = metadata.num_rows
    stored = _fields(metadata)
    for name, declared in contract.types.items():
        if name not in stored:
            advice = f"Write {name} as {_parquet(declared)}; every call reads as NULL without it."
            yield Finding("missing-column", file, name, rows, "calls", "no such column", advice)
            continue
        if len(stored[name]) > 1:
            names = ", ".join(field.name for field in stored[name])
            advice = "Column names ignore case: keep one of them."
            yield Finding(
                "repeated-column", file, name, len(stored[name]), "columns", names, advice
            )
            continue
        found = _plain(stored[name][0].type)
        if pa.types.is_timestamp(found) and declared == "timestamp":
            if found.unit != _TIMESTAMP_UNIT and not is_int96(metadata, name):
                advice = "Write it in milliseconds (TIMESTAMP(MILLIS)), in UTC."
                yield Finding("timestamp-unit", file, name, rows, "calls", f"{found}", advice)
        elif not _is_type(found, declared):
            advice = f"Write it as {_parquet(declared)}."
            yield Finding("type", file, name, rows, "calls", f"{found}", advice)
    for name, fields in stored.items():
        if name not in contract.types:
            advice = "The table has no such column, and nothing reads it: leave it out."
            yield Finding(
                "unknown-column", file, fields[0].name, rows, "calls", f"{fields[0].type}", advice
            )


def _row_group_findings(file: str, metadata: Any, limits: Limits) -> Iterable[Finding]:
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    if not metadata.num_rows:
        yield Finding("empty-file", file, "", 1, "files", "0 calls", "Delete it.")
        return
    codecs = {group.column(at).compression for group in groups for at in range(group.num_columns)}
    if unread := sorted(codecs - _CODECS):
        advice = "Athena cannot read it: compress with Snappy or ZSTD."
        yield Finding("codec", file, "", metadata.num_rows, "calls", unread[0], advice)
    sizes = [group.total_byte_size for group in groups]
    huge = [size for size in sizes if size > limits.huge_row_group]
    if huge:
        yield Finding(
            "huge-row-group",
            file,
            "",
            len(huge),
            "row groups",
            f"{max(huge) >> 20:,} MiB",
            f"Write row groups of at most {limits.huge_row_group >> 20} MiB; 128 MiB are good.",
        )
    if len(groups) > 1 and metadata.num_rows < limits.row_group_rows * len(groups):
        yield Finding(
            "tiny-row-group",
            file,
            "",
            len(groups),
            "row groups",
            f"{min(group.num_rows for group in groups):,} calls",
            f"Write row groups of {limits.row_group_rows:,} calls and more, or a single one.",
        )


def _fields(metadata: Any) -> Mapping[str, list[Any]]:
    fields = defaultdict(list)
    for field in metadata.schema.to_arrow_schema():
        fields[field.name.lower()].append(field)
    return fields


def _plain(stored: Any) -> Any:
    return stored.value_type if pa.types.is_dictionary(stored) else stored


def _is_type(stored: Any, declared: str) -> bool:
    if decimal := _DECIMAL.fullmatch(declared):
        precision, scale = map(int, decimal.groups())
        return pa.types.is_decimal(stored) and (stored.precision, stored.scale) == (
            precision,
            scale,
        )
    if declared == "bigint":
        return bool(pa.types.is_int64(stored))
    if declared == "string":
        return _is_text(stored)
    return False


def _is_comparable(stored: Any, declared: str) -> bool:
    """Whether values stored so can be held against what the column should have."""
    if declared == "string":
        return _is_text(stored)
    if declared == "timestamp":
        return bool(pa.types.is_timestamp(stored))
    return bool(
        pa.types.is_integer(stored)
        or pa.types.is_float32(stored)
        or pa.types.is_float64(stored)
        or pa.types.is_decimal128(stored)
        or pa.types.is_decimal32(stored)
        or pa.types.is_decimal64(stored)
    )


def _is_text(stored: Any) -> bool:
    return bool(
        pa.types.is_string(stored)
        or pa.types.is_large_string(stored)
        or pa.types.is_string_view(stored)
    )


def _parquet(declared: str) -> str:
    """A declared type in the words of Parquet."""
    words = {
        "bigint": "a signed 64-bit integer (INT64)",
        "string": "text (BYTE_ARRAY, STRING)",
        "timestamp": "a timestamp in milliseconds, UTC (INT64, TIMESTAMP(MILLIS))",
    }
    return words.get(declared, declared)
