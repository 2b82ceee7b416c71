"""Queries that somebody waits for in front of a page, and repeats when they take long."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.athena import Athena
from shared.clock import Clock, looks
from shared.export import ExportError
from shared.outcome import bad_end
from shared.query_execution import QueryState
from shared.timeframe import (
    Timeframe,
    TimeframeLimits,
    TimeframeRequest,
    data_through,
    resolve_timeframe,
)

# A page asks again and again for "up to now": within this time, that is the same query.
_GRANULARITY = timedelta(minutes=5)


class QueryFailedError(Exception):
    """The query came to a bad end; `error` says how."""

    def __init__(self, error: ExportError) -> None:
        super().__init__(error.title)
        self.error = error


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
        self, workspace_id: str, statement: str, until: datetime
    ) -> Iterator[dict[str, str]] | None:
        """The result's rows; None where it takes longer than `until`.

        Asking again with the same statement finds the same query, which goes on meanwhile.

        Raises:
            QueryFailedError: It came to a bad end.
            ServiceUnavailableError: AWS did not answer.
            RefusedError: AWS said no.
        """
        query_id = self.athena.start(statement, self._request_token(workspace_id, statement))
        for _ in looks(self.clock, until):
            query = self.athena.look([query_id])[query_id]
            if query.state is QueryState.SUCCEEDED:
                return self.athena.result(query)
            if query.state.is_final:
                raise QueryFailedError(bad_end(query))
        return None

    def _request_token(self, workspace_id: str, statement: str) -> str:
        # With the time in it, so that what failed, or has changed, is asked anew soon.
        parts = (workspace_id, "interactive", _floor(self.clock.now()).isoformat(), statement)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _floor(instant: datetime) -> datetime:
    return instant - (instant - datetime.min.replace(tzinfo=instant.tzinfo)) % _GRANULARITY
