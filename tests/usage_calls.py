"""Calls that are hard to add up, and what the product's statements make of them on DuckDB."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from shared.local_time import Granularity, buckets
from shared.queries import CallSelection, summary_query
from shared.timeframe import Timeframe
from shared.totals import Summary, read_summary
from shared.usage_query import usage_query
from shared.usage_result import UsageResult, read_usage
from tests.call_table import Call, CallTable
from tests.usage_oracle import Asked

TEXTS = [
    None, "", "0", "a", "a/b", "b/c", "c", "openai", "azure", "Others", "meta/llama-3", "é", "漢字",
    "@cf/x", 'say "x", \n', "'; --", "100%", "%s", "\\", " ",
]  # fmt: skip
PRICES = [None, *map(Decimal, ("0", "0.000001", "0.15", "2.5", "10", "75", "99999.999999"))]
TOKENS = [None, 0, 1, 999, 10**12]


def hard_calls(seed: int, count: int, instants: Sequence[datetime]) -> list[Call]:
    """Calls at some of these instants, the same for the same arguments; most in `ws-acme`."""
    random = Random(seed)  # noqa: S311 - nothing secret
    texts = random.sample(TEXTS, random.choice([1, 3, len(TEXTS)]))
    keys = [f"key-{number}" for number in range(random.choice([1, 3, 15]))]

    def call(number: int) -> Call:
        key = random.choice(keys)
        return Call(
            workspace_id=random.choice(["ws-acme"] * 9 + ["ws-globex"]),
            call_id=f"call-{number}",
            called_at=random.choice(instants).astimezone(UTC).replace(tzinfo=None),
            api_key_id=random.choice([key] * 9 + [None, ""]),
            api_key_name=random.choice([key.upper()] * 3 + texts),
            provider=random.choice(texts),
            model=random.choice(texts),
            call_type=random.choice(["completion", "embedding"]),
            input_tokens=random.choice([*TOKENS, random.randrange(5000)]),
            output_tokens=random.choice([*TOKENS, random.randrange(5000)]),
            completion_time_ms=random.choice([None, int(10 ** random.uniform(0, 6.5))]),
            input_token_price=random.choice(PRICES),
            output_token_price=random.choice(PRICES),
        )

    return [call(number) for number in range(count)]


def selection(asked: Asked) -> CallSelection:
    filters = {column: tuple(kept) for column, kept in asked.filters.items()}
    return CallSelection(asked.workspace_id, Timeframe(asked.start, asked.end), filters)


def usage_on_duckdb(table: CallTable, asked: Asked, zone: str) -> UsageResult:
    """What the usage query finds."""
    granularity = Granularity(asked.granularity)
    rows = table.run(usage_query(selection(asked), granularity, zone))
    names = buckets(Timeframe(asked.start, asked.end), granularity, ZoneInfo(zone))
    return read_usage(map(as_read, rows), list(names))


def summary_on_duckdb(table: CallTable, asked: Asked) -> Summary:
    """What the export's summary query finds."""
    return read_summary(map(as_read, table.run(summary_query(selection(asked)))))


def as_read(row: dict[str, Any]) -> dict[str, str]:
    """A row as it is read from the result's CSV."""
    return {
        name: "" if value is None else f"{value:f}" if isinstance(value, Decimal) else str(value)
        for name, value in row.items()
    }
