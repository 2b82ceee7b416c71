"""The seam between the local Athena and the SQL engine under it.

A statement goes in; typed columns, Arrow record batches and the bytes scanned come out, or an
error; a running statement can be cancelled. What Athena promises around that (states, workgroups,
request tokens, result files) is not the engine's business.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

import pyarrow as pa


@dataclass(frozen=True)
class Statement:
    """One SQL statement as the client sent it.

    Attributes:
        sql: In Athena's dialect, unchanged.
        database: The database of unqualified table names, or None.
        bytes_cutoff: The engine stops once it has to read more bytes than this; None is no limit.
    """

    sql: str
    database: str | None = None
    bytes_cutoff: int | None = None


@dataclass(frozen=True)
class Column:
    """A column of a result, in Athena's words: `varchar`, `bigint`, `decimal`, `timestamp`, …"""

    name: str
    type: str
    precision: int = 0
    scale: int = 0


@dataclass(frozen=True)
class Result:
    """What a statement answers.

    Attributes:
        columns: One per field of the batches.
        batches: Streamed once, in the statement's order. May raise what `Query.run` raises.
    """

    columns: Sequence[Column]
    batches: Iterator[pa.RecordBatch]


@dataclass(frozen=True)
class Scanned:
    """What a query has read of its tables: bytes of stored data, and rows."""

    bytes: int = 0
    rows: int = 0


class Query(Protocol):
    """One statement on its way through an engine. Belongs to one thread, but for `cancel`."""

    @property
    def scanned(self) -> Scanned:
        """So far; complete once the result's batches are exhausted."""
        ...

    def run(self) -> Result:
        """Start it, and return as soon as the columns are known.

        Raises:
            QueryFailedError: The statement is wrong, or the engine could not finish it.
            QueryCancelledError: `cancel` was called, before or while it ran.
            BytesCutoffError: It has to read more than its cutoff.
        """
        ...

    def cancel(self) -> None:
        """Stop it, from any thread and at any time; without effect once it has ended."""
        ...

    def close(self) -> None:
        """Give back what it holds."""
        ...


class Engine(Protocol):
    """Something that runs Athena's SQL."""

    def query(self, statement: Statement) -> Query:
        """Take a statement, without starting it."""
        ...

    def close(self) -> None:
        """Give back what it holds; its queries have ended."""
        ...


class ErrorKind(Enum):
    """What went wrong, as (category, type, worth a retry) of Athena's error catalog.

    Category 1 is Athena's own trouble, 2 the user's.
    """

    EXHAUSTED = (1, 0, True)
    INTERNAL = (1, 200, True)
    RESULT_WRITE = (1, 401, False)
    USER = (2, 1000, False)
    DATA = (2, 1001, False)
    SYNTAX = (2, 1006, False)

    @property
    def category(self) -> int:
        return self.value[0]

    @property
    def type(self) -> int:
        return self.value[1]

    @property
    def is_retryable(self) -> bool:
        return self.value[2]


class QueryFailedError(Exception):
    """A query that FAILED; its text is Athena's reason: `COLUMN_NOT_FOUND: line 1:8: Column …`."""

    def __init__(self, name: str, message: str, kind: ErrorKind = ErrorKind.USER) -> None:
        super().__init__(f"{name}: {message}")
        self.kind = kind


class QueryCancelledError(Exception):
    """The query was cancelled."""


class BytesCutoffError(Exception):
    """The query has to read more bytes than its cutoff allows."""
