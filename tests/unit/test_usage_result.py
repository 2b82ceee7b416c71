"""The usage query's result is read whatever the order of its rows."""

from decimal import Decimal
from random import Random

import pytest

from shared.usage import CompletionTime, UsageRow
from shared.usage_query import SET_NAMES
from shared.usage_result import OTHERS, UsageResult, read_usage

BUCKETS = ["2026-01-30 00:00:00", "2026-01-31 00:00:00"]
NUMBERS = {name: number for number, name in SET_NAMES.items()}


def row(set_name: str, **values: object) -> dict[str, str]:
    """A row of the result, of one call that cost a dollar unless said otherwise."""
    texts = {
        "grouping_set": NUMBERS[set_name],
        "bucket": "",
        "is_kept": "1",
        "api_key_id": "",
        "provider": "",
        "model": "",
        "weekday": "",
        "hour_of_day": "",
        "api_key_name": "",
        "calls": "1",
        "input_tokens": "10",
        "output_tokens": "20",
        "scaled_cost": "1000000.000000",
        "unpriced_calls": "0",
        "p50": "",
        "p95": "",
        "p99": "",
    }
    return texts | {name: str(value) for name, value in values.items()}


OPENAI = {"provider": "openai", "model": "gpt-4o"}
ROWS = [
    row("totals", calls=4, scaled_cost="4000000.000000", p50=100, p95=200, p99=300),
    row("api_keys", api_key_id="key-2", api_key_name="", p95=250),
    row("api_keys", api_key_id="key-1", api_key_name="production", calls=2),
    row("api_keys", is_kept=0, scaled_cost="2000000.000000"),
    row("providers", provider="0"),
    row("models", **OPENAI),
    row("models", provider="openai", model=""),
    row("models", provider="", model=""),
    row("api_key_series", bucket=BUCKETS[1], api_key_id="key-2"),
    row("api_key_series", bucket=BUCKETS[0], api_key_id="key-1", calls=2),
    row("api_key_series", bucket=BUCKETS[1], is_kept=0, scaled_cost="0.000001"),
    row("provider_series", bucket=BUCKETS[0], provider="0"),
    row("model_series", bucket=BUCKETS[0], **OPENAI),
    row("model_series", bucket=BUCKETS[1], **OPENAI, calls=7),
    row("busy_hours", weekday=7, hour_of_day=0, calls=3, p95=900),
    row("busy_hours", weekday=1, hour_of_day=13),
    row("busy_hours", weekday=1, hour_of_day=2),
]


@pytest.fixture(params=range(5))
def result(request: pytest.FixtureRequest) -> UsageResult:
    """What is read from the rows, in any order."""
    rows = list(ROWS)
    Random(request.param).shuffle(rows)  # noqa: S311 - nothing secret
    return read_usage(rows, BUCKETS)


def described(rows: list[UsageRow]) -> list[tuple[str | None, str, str | None]]:
    return [(row.id, row.name, row.provider) for row in rows]


def test_the_rows_of_each_table_are_told_apart_and_put_in_order(result: UsageResult) -> None:
    assert described(result.tables.api_keys) == [
        ("key-1", "production", None),  # as costly as the next, and busier
        ("key-2", "key-2", None),  # without a name
        (None, OTHERS, None),  # last, though costlier
    ]
    assert described(result.tables.providers) == [("0", "0", None)]
    assert described(result.tables.models) == [
        ("/", "", ""),
        ("openai/", "", "openai"),
        ("openai/gpt-4o", "gpt-4o", "openai"),
    ]


def test_totals_are_read_with_every_digit(result: UsageResult) -> None:
    assert (result.totals.calls, result.totals.cost_usd) == (4, Decimal(4))
    assert result.totals.completion_time_ms == CompletionTime(p50=100, p95=200, p99=300)
    others = result.series.api_keys[-1]
    assert others.cost_usd == [Decimal(0), Decimal("0.000000000001")]


def test_shares_are_of_the_total(result: UsageResult) -> None:
    assert [row.cost_share for row in result.tables.api_keys] == [0.25, 0.25, 0.5]


def test_percentiles_that_are_not_there_are_null(result: UsageResult) -> None:
    first, second, _ = result.tables.api_keys
    assert first.completion_time_ms == CompletionTime(p50=None, p95=None, p99=None)
    assert second.completion_time_ms.p95 == 250


def test_series_have_a_value_for_every_bucket_and_the_order_of_the_table(
    result: UsageResult,
) -> None:
    assert [(one.id, one.name, one.calls) for one in result.series.api_keys] == [
        ("key-1", "production", [2, 0]),
        ("key-2", "key-2", [0, 1]),
        (None, OTHERS, [0, 1]),
    ]
    assert [one.calls for one in result.series.models] == [[1, 7]]


def test_busy_hours_are_in_order(result: UsageResult) -> None:
    assert [(busy.weekday, busy.hour, busy.calls) for busy in result.busy_hours] == [
        (1, 2, 1),
        (1, 13, 1),
        (7, 0, 3),
    ]
    assert result.busy_hours[-1].completion_time_p95_ms == 900


def test_calls_without_a_cost_have_no_share() -> None:
    free = [row("totals", scaled_cost="0.000000"), row("providers", scaled_cost="0.000000")]
    assert read_usage(free, BUCKETS).tables.providers[0].cost_share == 0


def test_others_have_a_series_also_where_the_table_has_them_all() -> None:
    rows = [
        row("totals"),
        row("providers", provider="a"),
        row("providers", provider="b"),
        row("provider_series", bucket=BUCKETS[0], provider="a"),
        row("provider_series", bucket=BUCKETS[0], is_kept=0),
    ]
    result = read_usage(rows, BUCKETS)
    assert [row.name for row in result.tables.providers] == ["a", "b"]
    assert [one.name for one in result.series.providers] == ["a", OTHERS]


def test_no_rows_are_no_calls() -> None:
    result = read_usage([], BUCKETS)
    assert result.totals.calls == 0
    assert result.totals.cost_usd == 0
    assert result.tables.models == []
    assert result.series.models == []
    assert result.busy_hours == []
