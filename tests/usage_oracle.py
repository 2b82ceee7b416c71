"""What `GET /usage` must say, reckoned call by call from the same call logs, without any SQL.

Time zones are ICU's, sums are Python's, and the rules of the answer are written down here a second
time.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from tests.call_table import Call
from tests.local_calendar import Calendar

SERIES_LENGTH = 8
TABLE_LENGTH = 500


@dataclass(frozen=True)
class Asked:
    """What somebody wants to know.

    Attributes:
        start: Aware, UTC, included.
        end: Aware, UTC, excluded.
        granularity: `hour`, `day`, `week` or `month`.
        filters: Column of the call-log table → the values to keep.
    """

    workspace_id: str
    start: datetime
    end: datetime
    granularity: str
    filters: Mapping[str, Sequence[str]]

    def means(self, call: Call) -> bool:
        return (
            call.workspace_id == self.workspace_id
            and self.start <= call.called_at.replace(tzinfo=UTC) < self.end
            and all(getattr(call, column) in kept for column, kept in self.filters.items())
        )


def logged_calls(folder: Path) -> list[Call]:
    """Every call in a folder of call logs."""
    columns = ", ".join(field.name for field in fields(Call))
    columns = columns.replace("called_at", "called_at::TIMESTAMP AS called_at")
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    rows = connection.execute(
        f"SELECT {columns} FROM"
        " read_parquet(?, hive_partitioning = true, hive_types_autocast = false)",
        [f"{folder}/workspace_id=*/day=*/*.parquet"],
    ).fetchall()
    return [Call(*row) for row in rows]


def usage(calls: Iterable[Call], asked: Asked, calendar: Calendar) -> dict[str, Any]:
    """The parts of the answer that come from calls; instants as `datetime`, money as `Decimal`."""
    meant = [call for call in calls if asked.means(call)]
    starts = calendar.buckets(asked.granularity, asked.start, asked.end)

    def bucket_of(call: Call) -> datetime:
        return calendar.bucket_start(asked.granularity, call.called_at.replace(tzinfo=UTC))

    tables, series = {}, {}
    for dimension, member_of in _DIMENSIONS.items():
        members = _by(meant, member_of)
        ranked = sorted(members, key=lambda member: (*_weight(members[member]), member))
        tables[dimension] = _table(dimension, members, ranked, _cost(meant))
        series[dimension] = _series(dimension, members, ranked, bucket_of, starts)
    return {
        "totals": _totals(meant),
        "buckets": starts,
        "series": series,
        "tables": tables,
        "busy_hours": _busy_hours(meant, calendar),
    }


_Member = tuple[str, ...]
_DIMENSIONS: Mapping[str, Callable[[Call], _Member]] = {
    "api_keys": lambda call: (call.api_key_id or "",),
    "providers": lambda call: (call.provider or "",),
    "models": lambda call: (call.provider or "", call.model or ""),
}


def _by(calls: Iterable[Call], of: Callable[[Call], Any]) -> dict[Any, list[Call]]:
    groups = defaultdict(list)
    for call in calls:
        groups[of(call)].append(call)
    return dict(groups)


def _weight(calls: list[Call]) -> tuple[Decimal, int]:
    return -_cost(calls), -len(calls)


def _is_unpriced(call: Call) -> bool:
    return any(
        tokens and price is None
        for tokens, price in (
            (call.input_tokens, call.input_token_price),
            (call.output_tokens, call.output_token_price),
        )
    )


def _cost(calls: Iterable[Call]) -> Decimal:
    scaled = sum(
        (
            (call.input_tokens or 0) * (call.input_token_price or Decimal(0))
            + (call.output_tokens or 0) * (call.output_token_price or Decimal(0))
            for call in calls
            if not _is_unpriced(call)
        ),
        start=Decimal(0),
    )
    return scaled.scaleb(-6)


def _sums(calls: list[Call]) -> dict[str, Any]:
    return {
        "calls": len(calls),
        "input_tokens": sum(call.input_tokens or 0 for call in calls),
        "output_tokens": sum(call.output_tokens or 0 for call in calls),
        "cost_usd": _cost(calls),
    }


def _totals(calls: list[Call]) -> dict[str, Any]:
    return {
        **_sums(calls),
        "unpriced_calls": sum(map(_is_unpriced, calls)),
        "completion_time_ms": {
            f"p{percent}": _percentile(calls, percent) for percent in (50, 95, 99)
        },
    }


def _percentile(calls: list[Call], percent: int) -> int | None:
    """The smallest time that so many percent of the calls did not exceed, in coarser steps."""
    times = sorted(call.completion_time_ms for call in calls if call.completion_time_ms is not None)
    if not times:
        return None
    exact = times[-(-len(times) * percent // 100) - 1]
    return exact - exact % step(exact)


def step(milliseconds: int) -> int:
    """How finely completion times are told apart: 1 up to 100, 2 up to 250, 5 up to 500, …"""
    magnitude = 10 ** max(0, min(len(str(milliseconds)) - 3, 3))
    if milliseconds >= 500_000:
        return 10_000
    leading = milliseconds / magnitude
    if milliseconds < 100:
        return 1
    return int(magnitude * (2 if leading < 250 else 5 if leading < 500 else 10))


def _shown(dimension: str, member: _Member, calls: list[Call]) -> dict[str, Any]:
    if dimension == "models":
        provider, model = member
        return {"id": f"{provider}/{model}", "name": model, "provider": provider}
    (identity,) = member
    if dimension == "providers":
        return {"id": identity, "name": identity, "provider": None}
    named = [(call.called_at, call.api_key_name) for call in calls if call.api_key_name is not None]
    return {"id": identity, "name": (named and max(named)[1]) or identity, "provider": None}


_OTHERS = {"id": None, "name": "Others", "provider": None}
_NO_PERCENTILES = {"completion_time_ms": {"p50": None, "p95": None, "p99": None}}


def _table(
    dimension: str, members: dict[_Member, list[Call]], ranked: list[_Member], total: Decimal
) -> list[dict[str, Any]]:
    rows = [
        {**_shown(dimension, member, members[member]), **_totals(members[member])}
        for member in ranked[:TABLE_LENGTH]
    ]
    if others := [call for member in ranked[TABLE_LENGTH:] for call in members[member]]:
        rows.append({**_OTHERS, **_totals(others), **_NO_PERCENTILES})
    return [{**row, "cost_share": float(row["cost_usd"] / total) if total else 0.0} for row in rows]


def _series(
    dimension: str,
    members: dict[_Member, list[Call]],
    ranked: list[_Member],
    bucket_of: Callable[[Call], datetime],
    starts: list[datetime],
) -> list[dict[str, Any]]:
    shown = [
        (_shown(dimension, member, members[member]), members[member])
        for member in ranked[:SERIES_LENGTH]
    ]
    if others := [call for member in ranked[SERIES_LENGTH:] for call in members[member]]:
        shown.append((_OTHERS, others))
    series = []
    for about, calls in shown:
        in_bucket = _by(calls, bucket_of)
        assert in_bucket.keys() <= set(starts)
        over_time = [_sums(in_bucket.get(start, [])) for start in starts]
        columns = {name: [sums[name] for sums in over_time] for name in _sums([])}
        series.append({"id": about["id"], "name": about["name"], **columns})
    return series


def _busy_hours(calls: list[Call], calendar: Calendar) -> list[dict[str, Any]]:
    def hour_of_week(call: Call) -> tuple[int, int]:
        wall = calendar.at(call.called_at.replace(tzinfo=UTC)).wall
        return wall.isoweekday(), wall.hour

    return [
        {
            "weekday": weekday,
            "hour": hour,
            "calls": len(busy),
            "completion_time_p95_ms": _percentile(busy, 95),
        }
        for (weekday, hour), busy in sorted(_by(calls, hour_of_week).items())
    ]
