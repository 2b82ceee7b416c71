"""The exports of the product over the fakes, with short words for what tests do."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from shared.export import Export, Trigger
from shared.export_request import ExportRequest
from shared.exports import Exports, Look, Order, Outcome
from shared.timeframe import TimeframeLimits
from tests.fakes import FakeAthena, FakeClock, FakeExportStore, InlineExecutor, Steps

ORDER = Order(
    workspace_id="ws-acme",
    request=ExportRequest(start="2026-01-01", end="2026-01-31"),
    trigger=Trigger.API,
    requested_by="ada@acme.example",
)
LIMITS = TimeframeLimits(timedelta(minutes=15), max_days=366, first_day=date(2023, 1, 1))


class FakeSystem:
    """A system with nothing in it.

    Attributes:
        outcomes: What was told of exports that became final, in order.
    """

    def __init__(self, *, row_limit: int = 100, tick: timedelta = timedelta(0)) -> None:
        files: dict[str, int] = {}
        self.clock = FakeClock(tick)
        self.steps = Steps()
        self.athena = FakeAthena(steps=self.steps, files=files)
        self.store = FakeExportStore(self.steps, files)
        self.outcomes: list[Outcome] = []
        self.exports = Exports(
            athena=self.athena,
            store=self.store,
            row_limit=row_limit,
            limits=LIMITS,
            clock=self.clock,
            executor=InlineExecutor(),
            on_outcome=self._tell,
        )

    def use(self, athena: FakeAthena) -> None:
        """Run the queries on another Athena."""
        self.athena = athena
        self.exports = replace(self.exports, athena=athena)

    def create(self, **changes: Any) -> Look:
        """Take an order of January's calls, or of what the changes say."""
        return self.exports.create(replace(ORDER, **changes))

    def wait(self, look: Look, *, seconds: float = 3600) -> Look:
        """Wait until the export is final, or so many seconds."""
        return self.exports.wait(look, self.clock.now() + timedelta(seconds=seconds))

    def run(self, **changes: Any) -> Export:
        """Take an order and wait for its outcome."""
        return self.wait(self.create(**changes)).export

    def look(self, export: Export) -> Look:
        return self.exports.look(export.workspace_id, export.id)

    def stored(self, export: Export) -> Export:
        """The export as its manifest has it."""
        return self.store.manifests[export.workspace_id, export.id].export

    def sweep(self) -> None:
        """Resume everything that is marked."""
        for mark in self.exports.unfinished():
            self.exports.resume(mark)

    def _tell(self, outcome: Outcome) -> None:
        with self.steps.around("tell outcome"):
            self.outcomes.append(outcome)
