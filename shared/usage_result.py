"""The usage query's result, read."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.totals import Totals
from shared.usage import (
    BusyHour,
    CompletionTime,
    UsageRow,
    UsageSeries,
    UsageSeriesBy,
    UsageTables,
    UsageTotals,
)
from shared.usage_query import SET_NAMES
from shared.usd import usd_from_scaled_cost

OTHERS = "Others"

_Row = Mapping[str, str]
_Member = tuple[str, str, str] | None
"""API key id, provider and model, as far as a row is about them; None for all others together."""


@dataclass(frozen=True)
class UsageResult:
    """What a usage query found.

    Attributes:
        totals: Of everything.
        series: The costliest members of each dimension over time.
        tables: All members of each dimension, up to a number.
        busy_hours: Hours of the week, in order.
    """

    totals: UsageTotals
    series: UsageSeriesBy
    tables: UsageTables
    busy_hours: list[BusyHour]


def read_usage(rows: Iterable[_Row], bucket_names: Sequence[str]) -> UsageResult:
    """Read the result file's rows, given the names of the buckets in order."""
    by_set: dict[str, list[_Row]] = defaultdict(list)
    for row in rows:
        by_set[SET_NAMES[row["grouping_set"]]].append(row)
    totals = _totals(by_set["totals"][0]) if by_set else _NO_CALLS
    api_keys = _table(by_set["api_keys"], _api_key, totals.cost_usd)
    providers = _table(by_set["providers"], _provider, totals.cost_usd)
    models = _table(by_set["models"], _model, totals.cost_usd)
    return UsageResult(
        totals,
        UsageSeriesBy(
            api_keys=_series(by_set["api_key_series"], api_keys, bucket_names),
            providers=_series(by_set["provider_series"], providers, bucket_names),
            models=_series(by_set["model_series"], models, bucket_names),
        ),
        UsageTables(
            api_keys=list(api_keys.values()),
            providers=list(providers.values()),
            models=list(models.values()),
        ),
        sorted(map(_busy_hour, by_set["busy_hours"]), key=lambda busy: (busy.weekday, busy.hour)),
    )


_NO_CALLS = UsageTotals(
    calls=0,
    input_tokens=0,
    output_tokens=0,
    cost_usd=Decimal(0),
    unpriced_calls=0,
    completion_time_ms=CompletionTime(p50=None, p95=None, p99=None),
)


def _totals(row: _Row) -> UsageTotals:
    sums = _sums(row)
    return UsageTotals(
        calls=sums.rows,
        input_tokens=sums.input_tokens,
        output_tokens=sums.output_tokens,
        cost_usd=sums.cost_usd,
        unpriced_calls=sums.unpriced_calls,
        completion_time_ms=CompletionTime(
            p50=_milliseconds(row["p50"]),
            p95=_milliseconds(row["p95"]),
            p99=_milliseconds(row["p99"]),
        ),
    )


def _sums(row: _Row) -> Totals:
    return Totals(
        rows=int(row["calls"]),
        input_tokens=int(row["input_tokens"]),
        output_tokens=int(row["output_tokens"]),
        cost_usd=usd_from_scaled_cost(Decimal(row["scaled_cost"])),
        unpriced_calls=int(row["unpriced_calls"]),
    )


def _milliseconds(text: str) -> int | None:
    return int(text) if text else None


def _member(row: _Row) -> _Member:
    if row["is_kept"] == "0":
        return None
    return row["api_key_id"], row["provider"], row["model"]


def _api_key(row: _Row) -> tuple[str, str, None]:
    key = row["api_key_id"]
    return key, row["api_key_name"] or key, None


def _provider(row: _Row) -> tuple[str, str, None]:
    return row["provider"], row["provider"], None


def _model(row: _Row) -> tuple[str, str, str]:
    provider, model = row["provider"], row["model"]
    return f"{provider}/{model}", model, provider


def _table(
    rows: Iterable[_Row],
    identify: Callable[[_Row], tuple[str, str, str | None]],
    total_cost: Decimal,
) -> dict[_Member, UsageRow]:
    """The rows of a table, in order; `identify` gives id, name and provider of a row."""
    table: dict[_Member, UsageRow] = {}
    for row in rows:
        totals = _totals(row)
        member = _member(row)
        identity, name, provider = identify(row) if member else (None, OTHERS, None)
        table[member] = UsageRow(
            **dict(totals),
            id=identity,
            name=name,
            provider=provider,
            cost_share=float(totals.cost_usd / total_cost) if total_cost else 0.0,
        )
    rank = {
        member: (not member, -row.cost_usd, -row.calls, member) for member, row in table.items()
    }
    return {member: table[member] for member in sorted(table, key=rank.__getitem__)}


def _series(
    rows: Iterable[_Row], table: Mapping[_Member, UsageRow], bucket_names: Sequence[str]
) -> list[UsageSeries]:
    """One series for each member that has rows, in the order of its table; others last."""
    values: dict[_Member, dict[str, Totals]] = defaultdict(dict)
    for row in rows:
        values[_member(row)][row["bucket"]] = _sums(row)
    series = []
    for member in sorted(values, key=[*filter(None, table), None].index):
        over_time = [values[member].get(bucket, _NONE) for bucket in bucket_names]
        series.append(
            UsageSeries(
                id=table[member].id if member else None,
                name=table[member].name if member else OTHERS,
                calls=[sums.rows for sums in over_time],
                input_tokens=[sums.input_tokens for sums in over_time],
                output_tokens=[sums.output_tokens for sums in over_time],
                cost_usd=[sums.cost_usd for sums in over_time],
            )
        )
    return series


_NONE = Totals()


def _busy_hour(row: _Row) -> BusyHour:
    return BusyHour(
        weekday=int(row["weekday"]),
        hour=int(row["hour_of_day"]),
        calls=int(row["calls"]),
        completion_time_p95_ms=_milliseconds(row["p95"]),
    )
