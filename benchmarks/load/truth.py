"""What the answers must be, read from the same Parquet files without any code of the product."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb

FILTERS = {
    "api_key_ids": "api_key_id",
    "providers": "provider",
    "models": "model",
    "call_types": "call_type",
}
HEADER = (
    "Date",
    "API Key ID",
    "API Key Name",
    "Provider",
    "Model",
    "Input Tokens",
    "Output Tokens",
    "Completion Time (ms)",
    "Input Token Price (USD/1M tokens)",
    "Output Token Price (USD/1M tokens)",
)
EXTENDED = (*HEADER, "Call ID", "Call Type", "Total Cost (USD)")
_TEXTS = {"API Key ID", "API Key Name", "Provider", "Model", "Call ID", "Call Type"}

Row = tuple[str | None, ...]


@dataclass(frozen=True)
class Meant:
    """Which calls: of a workspace, `start` <= called_at < `end`, and passing every filter."""

    workspace: str
    start: datetime
    end: datetime
    filters: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @classmethod
    def by(cls, workspace: str, timeframe: Mapping[str, str], asked: Mapping[str, Any]) -> "Meant":
        """The calls of a resolved timeframe, with the filters of the request it is of."""
        filters = tuple(
            (column, tuple(asked[name])) for name, column in FILTERS.items() if asked.get(name)
        )
        start, end = (datetime.fromisoformat(timeframe[name]) for name in ("start", "end"))
        return cls(workspace, start, end, filters)


@dataclass(frozen=True)
class Sums:
    """What calls add up to."""

    rows: int
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal
    unpriced_calls: int

    @classmethod
    def of(cls, totals: Mapping[str, Any]) -> "Sums":
        """From control totals, or from the totals of a usage report."""
        return cls(
            totals["rows"] if "rows" in totals else totals["calls"],
            totals["input_tokens"],
            totals["output_tokens"],
            Decimal(totals["cost_usd"]),
            totals["unpriced_calls"],
        )


@dataclass
class Truth:
    """The call logs of a folder."""

    folder: Path
    _sums: dict[Meant, Sums] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._database = duckdb.connect()
        self._database.execute("SET TimeZone = 'UTC'")
        self._database.execute(
            "CREATE TABLE calls AS SELECT * REPLACE (called_at::TIMESTAMP AS called_at)"
            " FROM read_parquet(?, hive_partitioning = true, hive_types_autocast = false)",
            [f"{self.folder}/workspace_id=*/day=*/*.parquet"],
        )

    def calls(self, meant: Meant) -> list[tuple[Any, ...]]:
        """Oldest first."""
        filters = "".join(f" AND {column} IN ?" for column, _ in meant.filters)
        instants = [i.astimezone(UTC).replace(tzinfo=None) for i in (meant.start, meant.end)]
        return self._database.execute(
            f"""
            SELECT strftime(called_at, '%Y-%m-%d %H:%M:%S.%g'), api_key_id, api_key_name,
              provider, model, input_tokens, output_tokens, completion_time_ms,
              input_token_price, output_token_price, call_id, call_type
            FROM calls
            WHERE workspace_id = ? AND called_at >= ? AND called_at < ?{filters}
            ORDER BY called_at, call_id
            """,
            [meant.workspace, *instants, *(list(values) for _, values in meant.filters)],
        ).fetchall()

    def sums(self, meant: Meant) -> Sums:
        if meant not in self._sums:
            calls = self.calls(meant)
            costs = [_cost(call) for call in calls]
            self._sums[meant] = Sums(
                len(calls),
                sum(call[5] or 0 for call in calls),
                sum(call[6] or 0 for call in calls),
                sum((cost for cost in costs if cost is not None), Decimal(0)),
                costs.count(None),
            )
        return self._sums[meant]

    def file(self, meant: Meant, *, is_extended: bool, is_safe: bool) -> bytes:
        """The whole CSV, to the byte."""
        header = EXTENDED if is_extended else HEADER
        lines = [",".join(f'"{name}"' for name in header)]
        for call in self.calls(meant):
            cost = _cost(call)
            values = (*call, None if cost is None else f"{cost:.12f}")[: len(header)]
            cells = zip(header, values, strict=True)
            lines.append(",".join(_cell(name, value, is_safe=is_safe) for name, value in cells))
        return ("\n".join(lines) + "\n").encode()

    def workspaces_of(self, key_ids: Sequence[str]) -> set[str]:
        """Whose API keys these are."""
        found = self._database.execute(
            "SELECT DISTINCT workspace_id FROM calls WHERE api_key_id IN ?", [list(key_ids)]
        ).fetchall()
        return {workspace for (workspace,) in found}


def _cost(call: tuple[Any, ...]) -> Decimal | None:
    """Of one call, in US dollars; None where a price is missing that it takes."""
    cost = Decimal(0)
    for tokens, price in ((call[5], call[8]), (call[6], call[9])):
        if tokens and price is None:
            return None
        cost += (tokens or 0) * (price or Decimal(0))
    return cost.scaleb(-6)


def _cell(name: str, value: Any, *, is_safe: bool) -> str:
    if value is None:
        return ""
    text = str(value)
    if is_safe and name in _TEXTS and text.startswith(("=", "+", "-", "@", "'")):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"'


def resolved(asked: Mapping[str, Any], now: datetime) -> tuple[datetime, datetime]:
    """The timeframe that admins mean by what they send here.

    Args:
        asked: With `start` and `end`, both dates or both datetimes in UTC, or with a `period`.
        now: When it was asked; nothing is exported that comes after it.
    """
    zone = ZoneInfo(asked.get("timezone") or "UTC")
    today = now.astimezone(zone).date()
    if asked.get("start"):
        first, last = asked["start"], asked["end"]
        if "T" in first:
            return datetime.fromisoformat(first), min(datetime.fromisoformat(last), now)
        start, end = date.fromisoformat(first), date.fromisoformat(last) + timedelta(days=1)
    else:
        days = {"last_7_days": 7, "last_30_days": 30}[asked.get("period") or "last_30_days"]
        start, end = today - timedelta(days=days - 1), today + timedelta(days=1)
    midnights = [datetime.combine(day, time(), zone).astimezone(UTC) for day in (start, end)]
    return midnights[0], min(midnights[1], now)
