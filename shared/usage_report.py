"""Usage reports: the usage query, and what its result amounts to."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from shared.export import ResolvedTimeframe
from shared.export_request import CallsRequest
from shared.interactive_query import InteractiveQueries
from shared.local_time import Granularity, buckets
from shared.timeframe import Timeframe, TimeframeError
from shared.usage import Usage
from shared.usage_query import A_REPORT_HAS, usage_query
from shared.usage_result import read_usage

MAX_BUCKETS = 1_000


class UsageRequest(CallsRequest):
    """Analytics as asked for."""

    granularity: Granularity | None = None


@dataclass(frozen=True)
class UsageReports:
    """Makes usage reports.

    Attributes:
        queries: Runs the query.
    """

    queries: InteractiveQueries

    def report(self, workspace_id: str, request: UsageRequest, until: datetime) -> Usage | None:
        """The report; None where it takes longer than `until`: then ask again.

        Raises:
            TimeframeError: The timeframe cannot be analysed, or has too many buckets.
            QueryFailedError: The query came to a bad end.
            ServiceUnavailableError: AWS did not answer.
            RefusedError: AWS said no.
        """
        timeframe = self.queries.timeframe(request.timeframe_request())
        data_through = self.queries.data_through()
        granularity = request.granularity or fitting_granularity(timeframe)
        starts = buckets(timeframe, granularity, ZoneInfo(request.timezone))
        if len(starts) > MAX_BUCKETS:
            raise TimeframeError(
                "granularity",
                f"makes {len(starts):,} buckets and there may be {MAX_BUCKETS:,}: "
                "choose a coarser one or a shorter timeframe",
            )
        selection = request.selection(workspace_id, timeframe)
        statement = usage_query(selection, granularity, request.timezone)
        rows = self.queries.rows(workspace_id, statement, until, having=A_REPORT_HAS)
        if rows is None:
            return None
        found = read_usage(rows, list(starts))
        return Usage(
            timeframe=ResolvedTimeframe.of(timeframe),
            data_through=data_through,
            timezone=request.timezone,
            granularity=granularity,
            totals=found.totals,
            buckets=list(starts.values()),
            series=found.series,
            tables=found.tables,
            busy_hours=found.busy_hours,
        )


def fitting_granularity(timeframe: Timeframe) -> Granularity:
    """What makes some dozens of buckets."""
    length = timeframe.end - timeframe.start
    if length <= timedelta(days=3):
        return Granularity.HOUR
    return Granularity.DAY if length <= timedelta(days=100) else Granularity.WEEK
