"""What a statement needs of one table: which files, and the relation that DuckDB sees."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby

from local.athena.conditions import ColumnConditions, Literal, column_conditions
from local.athena.engine import ErrorKind, QueryFailedError, Scanned
from local.athena.glue_table import GlueTable
from local.athena.moto_storage import MotoTables
from local.athena.parquet_files import ParquetFile, ParquetFiles
from local.athena.projection import projected_partitions
from local.athena.statement import ParsedStatement, TableReference


@dataclass(frozen=True)
class TableScan:
    """One table as one SELECT of a statement reads it."""

    table: GlueTable
    conditions: Mapping[str, ColumnConditions]
    files: list[ParquetFile]

    def relation(self) -> str:
        """A DuckDB query for the table's columns, by name and with their declared types.

        A column that a file does not have is NULL there; files of one schema are read together.
        """
        by_schema = sorted(self.files, key=lambda file: str(file.schema))
        groups = [list(group) for _, group in groupby(by_schema, lambda file: str(file.schema))]
        return "\nUNION ALL ".join(map(self._relation_of, groups)) or self._empty_relation()

    def scanned(self, columns: Iterable[str]) -> Scanned:
        """What is read where these columns are needed."""
        scans = [file.scan(set(columns), self.conditions) for file in self.files]
        return Scanned(sum(scan.bytes for scan in scans), sum(scan.rows for scan in scans))

    def _relation_of(self, files: list[ParquetFile]) -> str:
        stored = files[0].schema
        columns = []
        for name, column_type in self.table.columns.items():
            if name not in stored.names:
                columns.append(f'CAST(NULL AS {column_type.duckdb}) AS "{name}"')
                continue
            if not column_type.reads(stored.field(name).type):
                raise QueryFailedError(
                    "HIVE_BAD_DATA",
                    f"Field {name}'s type {stored.field(name).type} in parquet file "
                    f"{files[0].address} is incompatible with type {column_type.name} defined in "
                    "table schema",
                    ErrorKind.DATA,
                )
            columns.append(f'CAST("{name}" AS {column_type.duckdb}) AS "{name}"')
        for name, key_type in self.table.partition_keys.items():
            columns.append(f'CAST("{name}" AS {key_type.duckdb}) AS "{name}"')
        paths = ", ".join(_text(str(file.path)) for file in files)
        keys = ", ".join(f"{_text(key)}: VARCHAR" for key in self.table.partition_keys)
        return (
            f"SELECT {', '.join(columns)} "  # noqa: S608 - names of the catalog, quoted
            f"FROM read_parquet([{paths}], hive_partitioning = true, hive_types = {{{keys}}})"
        )

    def _empty_relation(self) -> str:
        columns = ", ".join(
            f'CAST(NULL AS {column_type.duckdb}) AS "{name}"'
            for name, column_type in self.table.all_columns.items()
        )
        return f"SELECT {columns} WHERE false"


class TableScans:
    """Turns the tables that statements name into scans."""

    def __init__(self, tables: MotoTables, files: ParquetFiles) -> None:
        self._tables = tables
        self._files = files

    def of(
        self,
        reference: TableReference,
        statement: ParsedStatement,
        database: str | None,
        now: datetime,
    ) -> TableScan:
        """The scan for one table of a statement.

        Raises:
            QueryFailedError: There is no such table, or it cannot be read like this.
        """
        table = self._table(reference, statement, database)
        conditions = column_conditions(reference.select, reference.alias, table.all_columns)
        for name, column_type in table.all_columns.items():
            for comparison in conditions[name].comparisons:
                for literal in comparison.literals:
                    if not column_type.compares_with(literal):
                        raise statement.error(
                            "TYPE_MISMATCH",
                            f"Cannot apply operator: {column_type.athena} "
                            f"{comparison.operator} {_type_of(literal)}",
                            comparison.column,
                        )
        partitions = projected_partitions(table, conditions, now)
        return TableScan(table, conditions, self._files.of_partitions(partitions))

    def _table(
        self, reference: TableReference, statement: ParsedStatement, database: str | None
    ) -> GlueTable:
        schema, name = (reference.table.db or database or "").lower(), reference.table.name.lower()
        if not schema:
            raise statement.error(
                "MISSING_SCHEMA_NAME",
                "Schema must be specified when session schema is not set",
                reference.table,
            )
        if not self._tables.has_database(schema):
            raise statement.error(
                "SCHEMA_NOT_FOUND", f"Schema '{schema}' does not exist", reference.table
            )
        table = self._tables.table(schema, name)
        if table is None:
            raise statement.error(
                "TABLE_NOT_FOUND",
                f"Table 'awsdatacatalog.{schema}.{name}' does not exist",
                reference.table,
            )
        return table


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _type_of(literal: Literal) -> str:
    names = {
        bool: "boolean",
        datetime: "timestamp(3)",
        date: "date",
        int: "integer",
        str: "varchar",
    }
    return "decimal" if isinstance(literal, Decimal) else names[type(literal)]
