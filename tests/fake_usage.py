"""Usage reports of the product over the fakes: calls in DuckDB, a clock that stands still."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta

from shared.interactive_query import InteractiveQueries
from shared.query_execution import QueryExecution, QueryState
from shared.usage import Usage
from shared.usage_report import UsageReports, UsageRequest
from tests.call_table import Call, CallTable
from tests.fake_system import LIMITS
from tests.fakes import FakeAthena, FakeClock, Fate
from tests.usage_calls import as_read

USAGE = "summary"  # what the fake Athena takes the usage query for
FOREVER = [Fate(QueryState.RUNNING)]


@dataclass
class UsageAthena(FakeAthena):
    """Athena whose queries find something: the calls of a table."""

    table: CallTable = field(default_factory=CallTable)

    def result(self, query: QueryExecution, *, having: str) -> Iterator[dict[str, str]]:
        with self.steps.around("result"):
            rows = self.table.run(self.queries[query.id].statement)
        return map(as_read, rows)


class FakeUsage:
    """The analytics of a system that has these calls."""

    def __init__(self, calls: Iterable[Call] = (), tick: timedelta = timedelta(0)) -> None:
        self.clock = FakeClock(tick)
        self.athena = UsageAthena()
        self.athena.table.fill(calls)
        self.queries = InteractiveQueries(self.athena, LIMITS, self.clock)
        self.reports = UsageReports(self.queries)

    def ask(
        self, *, workspace_id: str = "ws-acme", seconds: float = 20, **request: object
    ) -> Usage | None:
        """The report, or None where it takes longer."""
        until = self.clock.now() + timedelta(seconds=seconds)
        return self.reports.report(workspace_id, UsageRequest.model_validate(request), until)

    def report(self, **asked: object) -> Usage:
        """The report, which is there in time."""
        usage = self.ask(**asked)  # type: ignore[arg-type]  # as `ask` takes them
        assert usage is not None
        return usage
