"""An engine that a test can hold up or let fail, so that what lasts a moment can be looked at."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from local.athena import Engine
from local.athena.engine import (
    ErrorKind,
    Query,
    QueryCancelledError,
    QueryFailedError,
    Result,
    Scanned,
    Statement,
)

_ROWS_QUERY = '"Output Token Price (USD/1M tokens)"'  # what only the query of the CSV has


class SteeredEngine:
    """Another engine, but for what it is told.

    Args:
        engine: Runs the queries.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._let_go = threading.Event()
        self._let_go.set()
        self._held = ""
        self._failure: str | None = None

    @contextmanager
    def holding(self, text: str = "") -> Iterator[None]:
        """No rows are written by queries with this text until this ends."""
        self._held = text
        self._let_go.clear()
        try:
            yield
        finally:
            self._let_go.set()

    @contextmanager
    def failing(self, message: str) -> Iterator[None]:
        """Exports fail."""
        self._failure = message
        try:
            yield
        finally:
            self._failure = None

    def query(self, statement: Statement) -> Query:
        query = self.engine.query(statement)
        if _ROWS_QUERY not in statement.sql or self._held not in statement.sql:
            return query
        return _SteeredQuery(query, self._let_go, self._failure)

    def close(self) -> None:
        self._let_go.set()
        self.engine.close()


class _SteeredQuery:
    def __init__(self, query: Query, let_go: threading.Event, failure: str | None) -> None:
        self._query = query
        self._let_go = let_go
        self._failure = failure
        self._cancelled = threading.Event()

    @property
    def scanned(self) -> Scanned:
        return self._query.scanned

    def run(self) -> Result:
        if self._failure is not None:
            raise QueryFailedError("HIVE_BAD_DATA", self._failure, ErrorKind.DATA)
        while not self._let_go.wait(0.05):
            if self._cancelled.is_set():
                raise QueryCancelledError
        return self._query.run()

    def cancel(self) -> None:
        self._cancelled.set()
        self._query.cancel()

    def close(self) -> None:
        self._query.close()
