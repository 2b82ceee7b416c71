"""The usage query's result, read."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

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
_NOTHING = UsageTotals(
    calls=0,
    input_tokens=0,
    output_tokens=0,
    cost_usd=Decimal(0),
    unpriced_calls=0,
    completion_time_ms=CompletionTime(p50=None, p95=None, p99=None),
)

_Row = Mapping[str, str]


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
    totals = _totals(by_set["totals"][0])
    tables = UsageTables(
        api_keys=_table(by_set["api_keys"], totals.cost_usd),
        providers=_table(by_set["providers"], totals.cost_usd),
        models=_table(by_set["models"], totals.cost_usd),
    )
    series = UsageSeriesBy(
        api_keys=_series(by_set["api_key_series"], tables.api_keys, bucket_names),
        providers=_series(by_set["provider_series"], tables.providers, bucket_names),
        models=_series(by_set["model_series"], tables.models, bucket_names),
    )
    return UsageResult(totals, series, tables, _busy_hours(by_set["busy_hours"]))


def _totals(row: _Row) -> UsageTotals:
    # Sums over no calls at all are NULL, which reads as empty.
    return UsageTotals(
        calls=int(row["calls"] or 0),
        input_tokens=int(row["input_tokens"] or 0),
        output_tokens=int(row["output_tokens"] or 0),
        cost_usd=usd_from_scaled_cost(Decimal(row["scaled_cost"] or 0)),
        unpriced_calls=int(row["unpriced_calls"] or 0),
        completion_time_ms=CompletionTime(
            p50=_milliseconds(row["p50"]),
            p95=_milliseconds(row["p95"]),
            p99=_milliseconds(row["p99"]),
        ),
    )


def _milliseconds(text: str) -> int | None:
    return int(text) if text else None


def _member(row: _Row) -> str | None:
    """Id of what a row is about; None for all others together."""
    if row["is_kept"] == "0":
        return None
    if row["api_key_id"]:
        return row["api_key_id"]
    return f"{row['provider']}/{row['model']}" if row["model"] else row["provider"]


def _table(rows: Iterable[_Row], total_cost: Decimal) -> list[UsageRow]:
    table = []
    for row in rows:
        totals = _totals(row)
        member = _member(row)
        name = row["api_key_name"] if row["api_key_id"] else row["model"] or row["provider"]
        table.append(
            UsageRow(
                **dict(totals),
                id=member,
                name=OTHERS if member is None else name,
                provider=row["provider"] if member is not None and row["model"] else None,
                cost_share=float(totals.cost_usd / total_cost) if total_cost else 0.0,
            )
        )
    return sorted(table, key=lambda row: (row.id is None, -row.cost_usd, -row.calls, row.id or ""))


def _series(
    rows: Iterable[_Row], table: Sequence[UsageRow], bucket_names: Sequence[str]
) -> list[UsageSeries]:
    """One series for each member that has rows, in the order of its table; others last."""
    values: dict[str | None, dict[str, UsageTotals]] = defaultdict(dict)
    for row in rows:
        values[_member(row)][row["bucket"]] = _totals(row)
    names: dict[str | None, str] = {row.id: row.name for row in table if row.id is not None}
    names[None] = OTHERS
    series = []
    for member in (member for member in names if member in values):
        over_time = [values[member].get(bucket, _NOTHING) for bucket in bucket_names]
        series.append(
            UsageSeries(
                id=member,
                name=names[member],
                calls=[totals.calls for totals in over_time],
                input_tokens=[totals.input_tokens for totals in over_time],
                output_tokens=[totals.output_tokens for totals in over_time],
                cost_usd=[totals.cost_usd for totals in over_time],
            )
        )
    return series


def _busy_hours(rows: Iterable[_Row]) -> list[BusyHour]:
    hours = [
        BusyHour(
            weekday=int(row["weekday"]),
            hour=int(row["hour_of_day"]),
            calls=int(row["calls"]),
            completion_time_p95_ms=_milliseconds(row["p95"]),
        )
        for row in rows
    ]
    return sorted(hours, key=lambda hour: (hour.weekday, hour.hour))
