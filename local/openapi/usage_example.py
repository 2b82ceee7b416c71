"""An example of `GET /usage`: two days of one API key's calls."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from local.openapi.examples import CALLS
from shared.export import ResolvedTimeframe
from shared.local_time import Granularity
from shared.totals import Totals
from shared.usage import (
    BusyHour,
    CompletionTime,
    Usage,
    UsageRow,
    UsageSeries,
    UsageSeriesBy,
    UsageTables,
    UsageTotals,
)

_START = datetime(2026, 1, 30, tzinfo=UTC)
_TIMES_A_DAY = [112, 84]
_COMPLETION_TIME = CompletionTime(p50=2_140, p95=6_870, p99=11_320)


def _on(day: int, calls: Iterable[Totals]) -> Totals:
    once = sum(calls, start=Totals())
    return Totals(*(_TIMES_A_DAY[day] * value for value in vars(once).values()))


def _totals(calls: Iterable[Totals]) -> UsageTotals:
    calls = list(calls)
    both = vars(_on(0, calls) + _on(1, calls))
    return UsageTotals(calls=both.pop("rows"), **both, completion_time_ms=_COMPLETION_TIME)


_TOTALS = _totals(CALLS.values())


def _row(member: str, name: str, calls: list[Totals], provider: str | None = None) -> UsageRow:
    totals = _totals(calls)
    share = float(round(totals.cost_usd / _TOTALS.cost_usd, 4))
    return UsageRow(**dict(totals), id=member, name=name, provider=provider, cost_share=share)


def _series(member: str, name: str, calls: list[Totals]) -> UsageSeries:
    days = [_on(day, calls) for day in range(len(_TIMES_A_DAY))]
    return UsageSeries(
        id=member,
        name=name,
        calls=[day.rows for day in days],
        input_tokens=[day.input_tokens for day in days],
        output_tokens=[day.output_tokens for day in days],
        cost_usd=[day.cost_usd for day in days],
    )


_API_KEY = ("key-9d41", "Checkout assistant", list(CALLS.values()))
_PROVIDERS = [
    (name, name, [calls for (provider, _), calls in CALLS.items() if provider == name])
    for name in ("anthropic", "openai")
]
_MODELS = [
    (f"{provider}/{model}", model, [calls], provider) for (provider, model), calls in CALLS.items()
]

USAGE = Usage(
    timeframe=ResolvedTimeframe(start=_START, end=_START + timedelta(days=2)),
    data_through=datetime(2026, 2, 3, 9, 15, tzinfo=UTC),
    timezone="UTC",
    granularity=Granularity.DAY,
    totals=_TOTALS,
    buckets=[_START, _START + timedelta(days=1)],
    series=UsageSeriesBy(
        api_keys=[_series(*_API_KEY)],
        providers=[_series(*provider) for provider in _PROVIDERS],
        models=[_series(*model[:3]) for model in _MODELS],
    ),
    tables=UsageTables(
        api_keys=[_row(*_API_KEY)],
        providers=[_row(*provider) for provider in _PROVIDERS],
        models=[_row(*model) for model in _MODELS],
    ),
    busy_hours=[
        BusyHour(
            weekday=weekday,
            hour=12,
            calls=_on(day, CALLS.values()).rows,
            completion_time_p95_ms=_COMPLETION_TIME.p95,
        )
        for day, weekday in enumerate((5, 6))
    ],
)
