"""Trino as the engine under the local Athena: statements go in as they are.

It reads the table of `template.yaml` as Athena does: from Glue, with its partition projection, and
the objects from S3.
"""

import time
from collections.abc import Callable, Iterator
from threading import Event, Lock
from typing import Any, Final

import pyarrow as pa

from local.athena.engine import (
    BytesCutoffError,
    Engine,
    ErrorKind,
    QueryCancelledError,
    QueryFailedError,
    Result,
    Scanned,
    Statement,
)
from local.trino.client import Failure, Page, TrinoClient, UnavailableError
from local.trino.distribution import distribution
from local.trino.server import TrinoServer
from local.trino.values import athena_column, record_batch

# Trino's kinds of errors in the words of Athena's catalog
_KINDS: Final = {
    "USER_ERROR": ErrorKind.USER,
    "INSUFFICIENT_RESOURCES": ErrorKind.EXHAUSTED,
}
# Soon after its start, a node may not have said yet that it has the catalog.
_NOBODY: Final = "NO_NODES_AVAILABLE"
_PATIENCE_SECONDS: Final = 60
_PAUSE_SECONDS: Final = 0.5
_DATA_ERRORS: Final = ("HIVE_BAD_DATA", "HIVE_CURSOR_ERROR", "HIVE_CANNOT_OPEN_SPLIT")


def trino_engine(tell: Callable[[str], None]) -> Callable[[str], Engine]:
    """What makes the engine, given the address of the AWS services.

    Args:
        tell: Is told what takes its time.
    """

    def make(aws_url: str) -> Engine:
        program = distribution(tell)
        tell("Starting Trino, which takes about 15 seconds")
        return TrinoEngine(TrinoServer(program, aws_url))

    return make


class TrinoEngine:
    """An `Engine` that is a server of its own.

    Attributes:
        server: Ends with the engine.
    """

    def __init__(self, server: TrinoServer) -> None:
        self.server = server

    def query(self, statement: Statement) -> "TrinoQuery":
        return TrinoQuery(statement, self.server.client)

    def close(self) -> None:
        self.server.close()


class TrinoQuery:
    """A `Query` that follows Trino's pages.

    Attributes:
        id: Trino's own, once it has started.
    """

    def __init__(self, statement: Statement, client: TrinoClient) -> None:
        self._statement = statement
        self._client = client
        self._cancelled = Event()
        self._page_lock = Lock()
        self._next_uri: str | None = None
        self._scanned = Scanned()
        self._patience = 0.0
        self.id = ""

    @property
    def scanned(self) -> Scanned:
        return self._scanned

    def run(self) -> Result:
        self._raise_if_cancelled()
        self._patience = time.monotonic() + _PATIENCE_SECONDS
        page = self._take(self._start)
        self.id = page.query_id
        while page.columns is None and page.next_uri is not None:
            page = self._following(page.next_uri)
        columns = page.columns or []
        return Result([athena_column(c) for c in columns], self._batches(columns, page))

    def cancel(self) -> None:
        self._cancelled.set()
        self._end_in_trino()

    def close(self) -> None:
        self._end_in_trino()  # where it was left before its last page

    def _batches(self, columns: list[dict[str, Any]], page: Page) -> Iterator[pa.RecordBatch]:
        while True:
            if page.rows:
                yield record_batch(columns, page.rows)
            if page.next_uri is None:
                return
            page = self._following(page.next_uri)

    def _start(self) -> Page:
        return self._client.start(self._statement.sql, self._statement.database)

    def _following(self, next_uri: str) -> Page:
        return self._take(lambda: self._client.following(next_uri))

    def _take(self, fetch: Callable[[], Page]) -> Page:
        """A page, with what it tells of the whole query."""
        try:
            page = fetch()
        except Failure as failure:
            self._next_uri = None
            self._raise_if_cancelled()
            if failure.name == _NOBODY and time.monotonic() < self._patience:
                time.sleep(_PAUSE_SECONDS)  # nothing of it has been read yet
                return self._take(self._start)
            raise _athena_error(failure) from failure
        except UnavailableError as error:
            self._raise_if_cancelled()  # a page of a statement that was ended is gone
            raise QueryFailedError(
                "GENERIC_INTERNAL_ERROR", str(error), ErrorKind.INTERNAL
            ) from error
        self._scanned = Scanned(
            page.statistics["physicalInputBytes"], page.statistics["processedRows"]
        )
        with self._page_lock:
            self._next_uri = page.next_uri
        self._raise_if_cancelled()
        cutoff = self._statement.bytes_cutoff
        if cutoff is not None and self._scanned.bytes > cutoff:
            raise BytesCutoffError
        return page

    def _end_in_trino(self) -> None:
        with self._page_lock:
            next_uri, self._next_uri = self._next_uri, None
        if next_uri is not None:
            self._client.cancel(next_uri)

    def _raise_if_cancelled(self) -> None:
        if self._cancelled.is_set():
            self._end_in_trino()
            raise QueryCancelledError


def _athena_error(failure: Failure) -> QueryFailedError:
    """Trino's error names and messages are Athena's."""
    kind = _KINDS.get(failure.type, ErrorKind.INTERNAL)
    if failure.name in _DATA_ERRORS:
        kind = ErrorKind.DATA
    elif kind is ErrorKind.USER and failure.message.startswith("line "):
        kind = ErrorKind.SYNTAX
    return QueryFailedError(failure.name, failure.message, kind)
