"""What an export would hold, without making it: only its summary query runs."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field

from shared.call_log import Columns
from shared.export import ControlTotals, Instant, ResolvedTimeframe, Suggestion, suggestions
from shared.export_request import ExportRequest
from shared.interactive_query import InteractiveQueries
from shared.queries import A_SUMMARY_HAS, summary_query
from shared.totals import read_summary

# Measured on samples of many models; names make the difference.
_BYTES_PER_ROW = {Columns.STANDARD: 136, Columns.EXTENDED: 205}


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
        queries: Runs the summary query.
        row_limit: Rows an export may have.
    """

    queries: InteractiveQueries
    row_limit: int

    def estimate(
        self, workspace_id: str, request: ExportRequest, until: datetime
    ) -> Estimate | None:
        """The estimate; None where it takes longer than `until`: then ask again.

        Raises:
            TimeframeError: The timeframe cannot be exported.
            QueryFailedError: The query came to a bad end.
            ServiceUnavailableError: AWS did not answer.
            RefusedError: AWS said no.
        """
        timeframe = self.queries.timeframe(request.timeframe_request())
        statement = summary_query(request.selection(workspace_id, timeframe))
        rows = self.queries.rows(workspace_id, statement, until, having=A_SUMMARY_HAS)
        if rows is None:
            return None
        counted = read_summary(rows)
        row_count = counted.totals.rows
        fits = row_count <= self.row_limit
        return Estimate(
            timeframe=ResolvedTimeframe.of(timeframe),
            data_through=self.queries.data_through(),
            row_count=row_count,
            row_limit=self.row_limit,
            fits=fits,
            control_totals=ControlTotals.of(counted),
            suggested_timeframes=None
            if fits
            else suggestions(timeframe, counted, self.row_limit, request.timezone),
            approximate_size_bytes=row_count * _BYTES_PER_ROW[request.columns],
        )
