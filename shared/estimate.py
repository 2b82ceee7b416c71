"""What an export would hold, without making it: only its summary query runs."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, Field

from shared.athena import Athena
from shared.call_log import Columns
from shared.clock import Clock, looks
from shared.export import (
    ControlTotals,
    ExportError,
    Instant,
    ResolvedTimeframe,
    Suggestion,
    suggestions,
)
from shared.export_request import ExportRequest
from shared.outcome import bad_end
from shared.queries import summary_query
from shared.query_execution import QueryState
from shared.timeframe import Timeframe, TimeframeLimits, data_through, resolve_timeframe
from shared.totals import Summary, read_summary

# An admin moves the timeframe's ends about: within this time, the same ends are the same query.
_GRANULARITY = timedelta(minutes=5)

# Measured on samples of many models; names make the difference.
_BYTES_PER_ROW = {Columns.STANDARD: 165, Columns.EXTENDED: 240}


class EstimateFailedError(Exception):
    """The query of an estimate came to a bad end; `error` says how."""

    def __init__(self, error: ExportError) -> None:
        super().__init__(error.title)
        self.error = error


class Estimate(BaseModel):
    """What an export of the same request would hold."""

    timeframe: ResolvedTimeframe
    data_through: Instant
    row_count: int = Field(description="Exact.")
    row_limit: int
    fits: bool = Field(description="Whether one export may have that many rows.")
    control_totals: ControlTotals
    suggested_timeframes: list[Suggestion] | None = Field(
        description="Where it does not fit: parts that tile the timeframe."
    )
    approximate_size_bytes: int


@dataclass(frozen=True)
class Estimates:
    """Makes estimates.

    Attributes:
        athena: Runs the query.
        row_limit: Rows an export may have.
        limits: What timeframes may be.
        clock: Time.
    """

    athena: Athena
    row_limit: int
    limits: TimeframeLimits
    clock: Clock

    def estimate(
        self, workspace_id: str, request: ExportRequest, until: datetime
    ) -> Estimate | None:
        """The estimate; None where it takes longer than `until`: ask again, the query goes on.

        Raises:
            TimeframeError: The timeframe cannot be exported.
            EstimateFailedError: The query failed.
            ServiceUnavailableError: AWS did not answer.
        """
        now = self.clock.now()
        timeframe = self._timeframe(request, now)
        statement = summary_query(request.selection(workspace_id, timeframe))
        counted = self._summary(statement, _request_token(workspace_id, statement, now), until)
        if counted is None:
            return None
        rows = counted.totals.rows
        fits = rows <= self.row_limit
        return Estimate(
            timeframe=ResolvedTimeframe.of(timeframe),
            data_through=data_through(now, self.limits.settle),
            row_count=rows,
            row_limit=self.row_limit,
            fits=fits,
            control_totals=ControlTotals.of(counted),
            suggested_timeframes=None
            if fits
            else suggestions(timeframe, counted, self.row_limit, request.timezone),
            approximate_size_bytes=rows * _BYTES_PER_ROW[request.columns],
        )

    def _timeframe(self, request: ExportRequest, now: datetime) -> Timeframe:
        asked = request.timeframe_request()
        timeframe = resolve_timeframe(asked, now=now, limits=self.limits)
        if timeframe.end < data_through(now, self.limits.settle):
            return timeframe
        end = _floor(timeframe.end)
        return Timeframe(timeframe.start, end) if timeframe.start < end else timeframe

    def _summary(self, statement: str, request_token: str, until: datetime) -> Summary | None:
        query_id = self.athena.start(statement, request_token)
        for _ in looks(self.clock, until):
            query = self.athena.look([query_id])[query_id]
            if query.state is QueryState.SUCCEEDED:
                return read_summary(self.athena.result(query))
            if query.state.is_final:
                raise EstimateFailedError(bad_end(query))
        return None


def _floor(instant: datetime) -> datetime:
    return instant - (instant - datetime.min.replace(tzinfo=instant.tzinfo)) % _GRANULARITY


def _request_token(workspace_id: str, statement: str, now: datetime) -> str:
    # With the time in it, so that what failed or has changed is asked anew some minutes later.
    parts = (workspace_id, "estimate", _floor(now).isoformat(), statement)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
