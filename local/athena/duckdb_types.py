"""DuckDB's result types as Athena's."""

from typing import Any, Final

import pyarrow as pa
from duckdb.sqltypes import DuckDBPyType

from local.athena.engine import Column, QueryFailedError
from local.athena.result_types import column_of

# DuckDB's type → Athena's
_TYPES: Final = {
    "bigint": "bigint",
    "blob": "varbinary",
    "boolean": "boolean",
    "date": "date",
    "double": "double",
    "float": "float",
    "integer": "integer",
    "list": "array",
    "map": "map",
    "smallint": "smallint",
    "struct": "row",
    "time": "time",
    "timestamp": "timestamp",
    "timestamp with time zone": "timestamp with time zone",
    "tinyint": "tinyint",
}
_WIDER_INTEGERS: Final = ("hugeint", "uhugeint", "ubigint", "uinteger", "usmallint", "utinyint")


def athena_column(name: str, duckdb_type: DuckDBPyType) -> Column:
    """The column as Athena describes it; integers that Athena does not have are `bigint`."""
    type_id = str(duckdb_type.id)
    if type_id == "decimal":
        sizes: dict[str, int] = dict(duckdb_type.children)  # type: ignore[arg-type] # for decimals
        return Column(name, "decimal", sizes["precision"], sizes["scale"])
    if type_id.startswith("timestamp_"):  # of seconds, milliseconds or nanoseconds
        type_id = "timestamp"
    if type_id in _WIDER_INTEGERS:
        type_id = "bigint"
    return column_of(name, _TYPES.get(type_id, "varchar"))


def with_athena_integers(batch: pa.RecordBatch, columns: list[Column]) -> pa.RecordBatch:
    """The batch with each `bigint` as 64 bits: DuckDB's sum of integers is a 128-bit one.

    Raises:
        QueryFailedError: A value needs more than 64 bits.
    """
    arrays: list[Any] = []
    for array, column in zip(batch.columns, columns, strict=True):
        try:
            arrays.append(array.cast(pa.int64()) if column.type == "bigint" else array)
        except pa.ArrowInvalid as error:
            raise QueryFailedError(
                "NUMERIC_VALUE_OUT_OF_RANGE", f"bigint overflow: {error}"
            ) from error
    return pa.RecordBatch.from_arrays(
        arrays,
        schema=pa.schema(
            [
                pa.field(column.name, array.type)
                for array, column in zip(arrays, columns, strict=True)
            ]
        ),
    )
