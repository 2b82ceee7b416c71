"""Queries that somebody waits for in front of a page, and repeats when they take long."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.athena import Athena
from shared.clock import Clock, looks
from shared.export import ExportError
from shared.outcome import MAX_ATTEMPTS, QUERY_CANCELLED, bad_end
from shared.query_execution import QueryExecution, QueryState
from shared.timeframe import (
    Timeframe,
    TimeframeLimits,
    TimeframeRequest,
    data_through,
    resolve_timeframe,
)

# A page asks again and again for "up to now": within this time, that is the same query.
_GRANULARITY = timedelta(minutes=5)
_SOONEST = timedelta(seconds=1)


class QueryFailedError(Exception):
    """The query came to a bad end.

    Attributes:
        error: How.
        retry_after: When the same question is asked anew; None where that would not help.
    """

    def __init__(self, error: ExportError, retry_after: timedelta | None) -> None:
        super().__init__(error.title)
        self.error = error
        self.retry_after = retry_after


@dataclass(frozen=True)
class InteractiveQueries:
    """Runs queries with small results.

    Attributes:
        athena: Runs them.
        limits: What timeframes may be.
        clock: Time.
    """

    athena: Athena
    limits: TimeframeLimits
    clock: Clock

    def timeframe(self, request: TimeframeRequest) -> Timeframe:
        """The timeframe of a request; one that is open to the present ends on five minutes.

        Raises:
            TimeframeError: It cannot be resolved.
        """
        now = self.clock.now()
        timeframe = resolve_timeframe(request, now=now, limits=self.limits)
        end = _floor(timeframe.end)
        is_open = timeframe.end == data_through(now, self.limits.settle)
        return Timeframe(timeframe.start, end) if is_open and timeframe.start < end else timeframe

    def data_through(self) -> datetime:
        """The instant up to which call logs are taken to be complete."""
        return data_through(self.clock.now(), self.limits.settle)

    def rows(
        self, workspace_id: str, statement: str, until: datetime, *, having: str
    ) -> Iterator[dict[str, str]] | None:
        """The result's rows, with a column `having`; None where it takes longer than `until`.

        Asking again with the same statement finds the same query, which goes on meanwhile. One
        that fails for a moment is run once more at once, and what has come to a bad end is run
        anew in the next five minutes.

        Raises:
            QueryFailedError: It came to a bad end.
            ServiceUnavailableError: AWS did not answer.
            RefusedError: AWS said no.
        """
        window = _floor(self.clock.now())
        for attempt in range(1, MAX_ATTEMPTS + 1):
            # Nothing is stored: the token finds the query, and the failed one before it.
            token = _request_token(workspace_id, window, attempt, statement)
            query = self._last_seen(self.athena.start(statement, token), until)
            if not query.state.is_final:
                return None
            if query.state is QueryState.SUCCEEDED:
                return self.athena.result(query, having=having)
            if not query.failed_for_now:
                break
        raise self._failure(query, window + _GRANULARITY)

    def _last_seen(self, query_id: str, until: datetime) -> QueryExecution:
        """A query once it has ended, or as it stands when the time is over."""
        for _ in looks(self.clock, until):
            query = self.athena.look([query_id])[query_id]
            if query.state.is_final:
                break
        return query

    def _failure(self, query: QueryExecution, anew: datetime) -> QueryFailedError:
        error = bad_end(query)
        may_pass = query.failed_for_now or error == QUERY_CANCELLED
        return QueryFailedError(error, max(anew - self.clock.now(), _SOONEST) if may_pass else None)


def _request_token(workspace_id: str, window: datetime, attempt: int, statement: str) -> str:
    parts = (workspace_id, "interactive", window.isoformat(), str(attempt), statement)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _floor(instant: datetime) -> datetime:
    return instant - (instant - datetime.min.replace(tzinfo=instant.tzinfo)) % _GRANULARITY
