"""DuckDB as the engine under the local Athena: embedded, nothing to install, no network.

Statements are translated (`statement.py`), and mean what they mean on Athena but for this: decimals
divide and average into doubles; a double divided by zero is an error; a timestamp cast to text
loses zeros at its end; `varchar(n)` cuts nothing; `approx_percentile` approximates in another way;
an alias can be used beside where it is defined; `with_timezone`, `to_iso8601` and
`format_datetime` are missing.
"""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Lock
from typing import Any, Final
from uuid import uuid4

import duckdb
import pyarrow as pa

from local.athena.duckdb_errors import athena_error
from local.athena.duckdb_types import athena_column, with_athena_integers
from local.athena.engine import (
    BytesCutoffError,
    Column,
    QueryCancelledError,
    Result,
    Scanned,
    Statement,
)
from local.athena.moto_storage import MotoObjects, MotoTables
from local.athena.parquet_files import ParquetFiles
from local.athena.statement import ParsedStatement
from local.athena.table_scan import TableScan, TableScans

_BATCH_ROWS: Final = 65_536
_INTERRUPTS: Final = 250
_INTERRUPT_SECONDS: Final = 0.02
_CONFIG: Final = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "integer_division": "true",  # 7 / 2 is 3, as on Athena
    "memory_limit": "2GB",  # beyond it, DuckDB spills to disk
    "python_enable_replacements": "false",  # a table is never a Python variable
}


class DuckDbEngine:
    """An `Engine` that reads its tables from moto's Glue and S3."""

    def __init__(self, tables: MotoTables, objects: MotoObjects) -> None:
        self._folder = TemporaryDirectory(prefix="local-athena-")
        folder = Path(self._folder.name)
        self._copies = folder / "objects"
        self._spill = folder / "spill"
        self._spill.mkdir()
        self._scans = TableScans(tables, ParquetFiles(objects, self._copies))

    def query(self, statement: Statement) -> "DuckDbQuery":
        return DuckDbQuery(statement, self)

    def close(self) -> None:
        self._folder.cleanup()

    def scans(self, statement: ParsedStatement, database: str | None) -> list[TableScan]:
        """The tables of a statement, which from now on are the views `scan_0`, `scan_1`, …"""
        now = datetime.now(UTC)
        scans = []
        for number, reference in enumerate(statement.table_references()):
            scans.append(self._scans.of(reference, statement, database, now))
            reference.replace_by(f"scan_{number}")
        return scans

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A database of its own in memory, that reaches no file but the copied objects."""
        spill = str(self._spill / uuid4().hex)
        connection = duckdb.connect(":memory:", config={**_CONFIG, "temp_directory": spill})
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET allowed_directories = ?", [[str(self._copies)]])
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        return connection


class DuckDbQuery:
    """A `Query`, with a connection of its own."""

    def __init__(self, statement: Statement, engine: DuckDbEngine) -> None:
        self._statement = statement
        self._engine = engine
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._connection_lock = Lock()
        self._cancelled = Event()
        self._closed = Event()
        self._scanned = Scanned()

    @property
    def scanned(self) -> Scanned:
        return self._scanned

    def run(self) -> Result:
        statement = ParsedStatement(self._statement.sql)
        scans = self._engine.scans(statement, self._statement.database)
        self._connection = self._engine.connect()
        self._raise_if_cancelled()
        try:
            for number, scan in enumerate(scans):
                self._connection.execute(f"CREATE TEMP VIEW scan_{number} AS {scan.relation()}")
            sql = statement.to_duckdb()
            relation = self._connection.sql(sql)
            self._scanned = _scanned(scans, _columns_read(self._connection, sql))
            self._raise_if_over_cutoff()
            columns = [
                athena_column(name, duckdb_type)
                for name, duckdb_type in zip(relation.columns, relation.types, strict=True)
            ]
            reader = relation.to_arrow_reader(_BATCH_ROWS)
        except duckdb.Error as error:
            raise athena_error(error, statement) from error
        return Result(columns, self._batches(reader, columns, statement))

    def cancel(self) -> None:
        self._cancelled.set()
        # Repeated: an interrupt that arrives between two of DuckDB's steps is lost.
        for _ in range(_INTERRUPTS):
            with self._connection_lock:
                if self._connection is None or self._closed.is_set():
                    return
                self._connection.interrupt()
            self._closed.wait(_INTERRUPT_SECONDS)

    def close(self) -> None:
        with self._connection_lock:
            self._closed.set()
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _batches(
        self, reader: pa.RecordBatchReader, columns: list[Column], statement: ParsedStatement
    ) -> Iterator[pa.RecordBatch]:
        while True:
            self._raise_if_cancelled()
            try:
                batch = reader.read_next_batch()
            except StopIteration:
                return
            except (OSError, pa.ArrowException) as error:  # DuckDB's errors, as Arrow passes them
                raise athena_error(error, statement) from error
            yield with_athena_integers(batch, columns)

    def _raise_if_cancelled(self) -> None:
        if self._cancelled.is_set():
            raise QueryCancelledError

    def _raise_if_over_cutoff(self) -> None:
        cutoff = self._statement.bytes_cutoff
        if cutoff is not None and self._scanned.bytes > cutoff:
            raise BytesCutoffError


def _scanned(scans: list[TableScan], columns: set[str]) -> Scanned:
    read = [scan.scanned(columns) for scan in scans]
    return Scanned(sum(part.bytes for part in read), sum(part.rows for part in read))


def _columns_read(connection: duckdb.DuckDBPyConnection, sql: str) -> set[str]:
    """The columns that DuckDB's plan takes from Parquet files, to return or to filter by."""
    row = connection.execute(f"EXPLAIN (FORMAT json) {sql}").fetchone()
    words: set[str] = set()
    nodes: list[dict[str, Any]] = json.loads(row[1]) if row else []
    while nodes:
        node = nodes.pop()
        nodes.extend(node["children"])
        details = node["extra_info"]
        if details.get("Function") == "READ_PARQUET":
            for part in (details.get("Projections", []), details.get("Filters", [])):
                text = " ".join([part] if isinstance(part, str) else part)
                words.update(re.findall(r"\w+", re.sub(r"'(?:[^']|'')*'", "", text).lower()))
    return words
