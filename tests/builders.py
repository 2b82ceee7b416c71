"""Values for tests, with everything filled in that a test does not speak of."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from shared.export import PROBLEM_TYPE_PREFIX, Export, Part, ResolvedTimeframe, Trigger, export_id
from shared.export_request import ExportRequest
from shared.query_execution import QueryExecution, QueryState
from shared.timeframe import Timeframe
from shared.totals import Summary, Totals

NOW = datetime(2026, 3, 18, 14, 30, 45, 123000, tzinfo=UTC)
JANUARY = Timeframe(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))


def an_export(**values: Any) -> Export:
    """An export of January that has just been asked for."""
    given: dict[str, Any] = {
        "id": export_id(NOW, random=7),
        "workspace_id": "ws-acme",
        "trigger": Trigger.API,
        "requested_by": "ada@acme.example",
        "created_at": NOW,
        "request": ExportRequest(start="2026-01-01", end="2026-01-31"),
        "timeframe": ResolvedTimeframe.of(JANUARY),
        "data_through": NOW,
        "row_limit": 1_000_000,
    }
    given |= values
    return Export(**{"parts": [Part(timeframe=given["timeframe"])]} | given)


def error_name(export: Export) -> str:
    """The last part of the type of an export's error."""
    assert export.error is not None
    return export.error.type.removeprefix(PROBLEM_TYPE_PREFIX)


def the_part(export: Export) -> Part:
    """The part of an export that has one."""
    (part,) = export.parts
    return part


def a_query(state: QueryState, **values: Any) -> QueryExecution:
    """A query in a state."""
    return QueryExecution(id=values.pop("id", "query-1"), state=state, **values)


def a_summary(rows: int) -> Summary:
    """A summary of calls in one hour to one model, at 1 USD per 1M tokens, 1,000 tokens each."""
    totals = Totals(rows=rows, input_tokens=rows * 1000, cost_usd=Decimal(rows) / 1000)
    return Summary({JANUARY.start: totals}, {("openai", "gpt-4o"): totals} if rows else {})


def hour_row(hour: datetime, **sums: int | str) -> dict[str, str]:
    """A row of the summary query's result for an hour, of one call unless said otherwise."""
    return _summary_row(sums, hour=f"{hour:%Y-%m-%d %H:%M:%S}", by_model="0")


def model_row(provider: str, model: str, **sums: int | str) -> dict[str, str]:
    """A row of the summary query's result for a model, of one call unless said otherwise."""
    return _summary_row(sums, provider=provider, model=model, by_model="1")


def _summary_row(sums: dict[str, int | str], **group: str) -> dict[str, str]:
    row: dict[str, int | str] = {
        "hour": "",
        "provider": "",
        "model": "",
        "rows": 1,
        "input_tokens": 0,
        "output_tokens": 0,
        "scaled_cost": "0.000000",
        "unpriced_calls": 0,
    }
    return {name: str(value) for name, value in (row | group | sums).items()}
