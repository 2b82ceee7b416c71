"""A table of the Glue catalog, as far as a query engine needs it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from local.athena.engine import QueryFailedError

_DUCKDB_TYPES: Final = {
    "bigint": "BIGINT",
    "boolean": "BOOLEAN",
    "char": "VARCHAR",
    "date": "DATE",
    "decimal": "DECIMAL",
    "double": "DOUBLE",
    "float": "FLOAT",
    "int": "INTEGER",
    "smallint": "SMALLINT",
    "string": "VARCHAR",
    "timestamp": "TIMESTAMP",
    "tinyint": "TINYINT",
    "varchar": "VARCHAR",
}

# DuckDB's type → the Arrow types that Parquet may hold for it
_READS: Final = {
    "BIGINT": (pa.types.is_integer,),
    "BOOLEAN": (pa.types.is_boolean,),
    "DATE": (pa.types.is_date,),
    "DECIMAL": (pa.types.is_decimal, pa.types.is_integer),
    "DOUBLE": (pa.types.is_floating,),
    "FLOAT": (pa.types.is_floating,),
    "INTEGER": (pa.types.is_integer,),
    "SMALLINT": (pa.types.is_integer,),
    "TIMESTAMP": (pa.types.is_timestamp,),
    "TINYINT": (pa.types.is_integer,),
    "VARCHAR": (pa.types.is_string, pa.types.is_large_string, pa.types.is_binary),
}

_NUMBER: Final = (int, Decimal)
_LITERALS: Final[Mapping[str, tuple[type, ...]]] = {
    "BOOLEAN": (bool,),
    "DATE": (date, datetime),
    "TIMESTAMP": (date, datetime),
    "VARCHAR": (str,),
}


@dataclass(frozen=True)
class ColumnType:
    """The declared type of a column: `string`, `bigint`, `timestamp`, `decimal(18,6)`, …"""

    name: str
    duckdb: str

    @property
    def athena(self) -> str:
        """Its name in Athena's SQL."""
        return {"string": "varchar", "timestamp": "timestamp(3)", "int": "integer"}.get(
            self.name, self.duckdb.lower()
        )

    @classmethod
    def parse(cls, text: str) -> "ColumnType":
        """Raises `QueryFailedError` for a type that the local Athena does not know."""
        match = re.fullmatch(r"([a-z]+)(?:\((\d+)(?:,(\d+))?\))?", text.lower().replace(" ", ""))
        if match is None or match[1] not in _DUCKDB_TYPES:
            raise QueryFailedError(
                "NOT_SUPPORTED", f"The local Athena has no columns of type {text}"
            )
        duckdb = _DUCKDB_TYPES[match[1]]
        if duckdb == "DECIMAL":
            duckdb = f"DECIMAL({match[2] or 10},{match[3] or 0})"
        return cls(match[1], duckdb)

    def compares_with(self, literal: object) -> bool:
        """Whether Athena compares such a column with such a literal: it converts no text."""
        return isinstance(literal, _LITERALS.get(self.duckdb, _NUMBER))

    def reads(self, stored: pa.DataType) -> bool:
        """Whether a Parquet column stored this way can be read as this type."""
        return any(can_read(stored) for can_read in _READS[self.duckdb.partition("(")[0]])


@dataclass(frozen=True)
class GlueTable:
    """One table.

    Attributes:
        database: Its database.
        name: Its name in that database.
        columns: Stored columns → type, in declared order.
        partition_keys: Partition columns → type, in declared order.
        parameters: The table's properties, the partition projection among them.
    """

    database: str
    name: str
    columns: Mapping[str, ColumnType]
    partition_keys: Mapping[str, ColumnType]
    parameters: Mapping[str, str]

    @classmethod
    def from_glue(cls, table: Mapping[str, Any]) -> "GlueTable":
        """From the `Table` of Glue's GetTable."""
        return cls(
            database=table["DatabaseName"],
            name=table["Name"],
            columns=_columns(table["StorageDescriptor"]["Columns"]),
            partition_keys=_columns(table.get("PartitionKeys", [])),
            parameters=MappingProxyType(dict(table.get("Parameters", {}))),
        )

    @property
    def all_columns(self) -> dict[str, ColumnType]:
        """Stored columns, then partition keys: what `SELECT *` gives."""
        return {**self.columns, **self.partition_keys}


def _columns(declared: list[Mapping[str, str]]) -> Mapping[str, ColumnType]:
    columns = {column["Name"].lower(): ColumnType.parse(column["Type"]) for column in declared}
    return MappingProxyType(columns)
