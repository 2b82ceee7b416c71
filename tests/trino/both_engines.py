"""Both engines over the same Glue table and the same objects in S3."""

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Final

from local.athena import DuckDbEngine, Engine
from local.athena.engine import Column, Query, Scanned, Statement
from local.athena.result_files import write_csv
from local.trino import TrinoEngine
from tests.functional.athena_caller import DATABASE
from tests.parquet_oracle import Row, csv_rows

_AT_ONCE: Final = 3


@dataclass(frozen=True)
class Found:
    """What an engine answers to a statement.

    Attributes:
        columns: With Athena's types.
        content: The CSV that Athena's backend makes of it.
        scanned: What was read for it.
    """

    columns: tuple[Column, ...]
    content: bytes
    scanned: Scanned

    @property
    def rows(self) -> list[Row]:
        return csv_rows(self.content)[1]


class EitherEngine:
    """An `Engine` that leaves each statement to the one that is chosen at the time."""

    def __init__(self, duckdb: DuckDbEngine, trino: TrinoEngine) -> None:
        self.duckdb = duckdb
        self.trino = trino
        self._chosen: Engine = duckdb

    @contextmanager
    def on(self, engine: Engine) -> Iterator[None]:
        """While it is open, statements go to this one."""
        self._chosen = engine
        try:
            yield
        finally:
            self._chosen = self.duckdb

    def query(self, statement: Statement) -> Query:
        return self._chosen.query(statement)

    def close(self) -> None:
        self.trino.close()
        self.duckdb.close()


@dataclass
class Parity:
    """Sends statements to both engines and compares what they answer.

    Attributes:
        statements: How many were compared.
        values: How many values were.
    """

    engines: EitherEngine
    statements: int = 0
    values: int = 0
    kinds: dict[str, int] = field(default_factory=dict)

    def check(self, *asked: tuple[str, str]) -> list[Found]:
        """Assert that both answer the same columns, types and values.

        Rows are compared in their order where the statement gives them one, which are the rows
        of an export; else as a multiset.

        Args:
            asked: What a statement is called when it is counted, and its SQL.

        Returns:
            What Trino answers.
        """
        with ThreadPoolExecutor(_AT_ONCE) as senders:
            on_trino = list(senders.map(lambda one: found(self.engines.trino, one[1]), asked))
        for (kind, sql), theirs in zip(asked, on_trino, strict=True):
            ours = found(self.engines.duckdb, sql)
            assert ours.columns == theirs.columns, sql
            if "\nORDER BY called_at, call_id\n" in sql:
                assert ours.content == theirs.content, sql
            else:
                assert sorted(map(_ordered, ours.rows)) == sorted(map(_ordered, theirs.rows)), sql
            self.statements += 1
            self.kinds[kind] = self.kinds.get(kind, 0) + 1
            self.values += len(theirs.rows) * len(theirs.columns)
        return on_trino


def found(engine: Engine, sql: str) -> Found:
    """What one engine answers."""
    file = io.BytesIO()
    with closing(engine.query(Statement(sql, DATABASE))) as query:
        result = query.run()
        write_csv(result, file)
        return Found(tuple(result.columns), file.getvalue(), query.scanned)


def _ordered(row: Row) -> list[tuple[bool, str]]:
    """A row that sorts among others, with NULL told from an empty text."""
    return [(value is None, value or "") for value in row]
