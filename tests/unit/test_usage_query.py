"""What the usage query finds on DuckDB, against the same calls reckoned one by one."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from shared.local_time import Granularity
from shared.queries import CallSelection, summary_query
from shared.usage import UsageRow, UsageSeries
from shared.usage_query import SERIES_LENGTH, TABLE_LENGTH, usage_query
from shared.usage_result import OTHERS, UsageResult
from tests.builders import JANUARY
from tests.call_table import NOON, Call, CallTable
from tests.local_calendar import ZONES, calendar
from tests.unit.test_queries import (
    SELECTIONS,
    TABLE_COLUMNS,
    conditions,
    parsed,
    reading,
    workspace_literals,
)
from tests.usage_calls import TEXTS, hard_calls, summary_on_duckdb, usage_on_duckdb
from tests.usage_oracle import Asked, usage

TABLE = CallTable()
MILLISECOND = timedelta(milliseconds=1)
DAY = timedelta(days=1)
DIMENSIONS = ("api_keys", "providers", "models")
in_january = Asked("ws-acme", JANUARY.start, JANUARY.end, "day", {})
# An example takes its time: a statement of that length is parsed, and run.
some = settings(max_examples=settings().max_examples // 7)
few = settings(max_examples=settings().max_examples // 14)


def found(calls: Iterable[Call], asked: Asked = in_january, zone: str = "UTC") -> UsageResult:
    """What the query finds among these calls."""
    TABLE.fill(calls)
    return usage_on_duckdb(TABLE, asked, zone)


def tables_of(result: UsageResult) -> list[list[UsageRow]]:
    return [getattr(result.tables, dimension) for dimension in DIMENSIONS]


def series_of(result: UsageResult) -> list[list[UsageSeries]]:
    return [getattr(result.series, dimension) for dimension in DIMENSIONS]


@st.composite
def questions(draw: st.DrawFn) -> tuple[str, Asked, list[Call]]:
    """A zone, a timeframe in it around a clock change, and calls in and around that."""
    zone = draw(st.sampled_from(list(ZONES)))
    change = datetime.fromisoformat((ZONES[zone][2] or ["2026-03-29T01:00Z"])[0]).astimezone(UTC)
    before, after = draw(st.tuples(*[st.integers(0, 40 * 86_400_000)] * 2))
    granularity = draw(st.sampled_from(Granularity))
    scale = 24 if granularity is Granularity.HOUR else 1
    start = change - MILLISECOND * (before // scale)
    end = change + MILLISECOND * (after // scale + 1)
    filters = draw(
        st.dictionaries(
            st.sampled_from(["provider", "model"]),
            st.lists(st.sampled_from([t for t in TEXTS if t]), min_size=1, max_size=12),
            max_size=1,
        )
    )
    asked = Asked("ws-acme", start, end, granularity, filters)
    spread = [start + (end - start) // 20 * number for number in range(-1, 22)]
    spread = [moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in spread]
    edges = [start, start - MILLISECOND, end - MILLISECOND, end, change, change - MILLISECOND]
    count = draw(st.sampled_from([0, 1, 5, 60]))
    return zone, asked, hard_calls(draw(st.integers(0, 10**6)), count, [*spread, *edges])


any_question = given(question=questions())


# Against the oracle


@any_question
@some
def test_everything_is_what_the_calls_add_up_to(question: tuple[str, Asked, list[Call]]) -> None:
    zone, asked, calls = question
    expected = usage(calls, asked, calendar(zone))
    result = found(calls, asked, zone)
    assert result.totals.model_dump() == expected["totals"]
    assert result.tables.model_dump() == expected["tables"]
    assert result.series.model_dump() == expected["series"]
    assert [hour.model_dump() for hour in result.busy_hours] == expected["busy_hours"]


@any_question
@some
def test_totals_are_the_control_totals_of_an_export_to_the_last_digit(
    question: tuple[str, Asked, list[Call]],
) -> None:
    zone, asked, calls = question
    totals = found(calls, asked, zone).totals
    control = summary_on_duckdb(TABLE, asked).totals
    assert totals.calls == control.rows
    assert totals.input_tokens == control.input_tokens
    assert totals.output_tokens == control.output_tokens
    assert totals.cost_usd == control.cost_usd
    assert totals.unpriced_calls == control.unpriced_calls


@any_question
@some
def test_each_table_each_series_and_the_busy_hours_add_up_to_the_totals(
    question: tuple[str, Asked, list[Call]],
) -> None:
    zone, asked, calls = question
    result = found(calls, asked, zone)
    totals = result.totals
    assert sum(hour.calls for hour in result.busy_hours) == totals.calls
    for table in tables_of(result):
        for column in ("calls", "input_tokens", "output_tokens", "unpriced_calls"):
            assert sum(getattr(row, column) for row in table) == getattr(totals, column)
        assert sum(Fraction(row.cost_usd) for row in table) == Fraction(totals.cost_usd)
        shares = sum(row.cost_share for row in table)
        assert shares == (pytest.approx(1) if totals.cost_usd else 0)
    for series in series_of(result):
        for column in ("calls", "input_tokens", "output_tokens"):
            values = [value for one in series for value in getattr(one, column)]
            assert sum(values) == getattr(totals, column)
        costs = [Fraction(cost) for one in series for cost in one.cost_usd]
        assert sum(costs) == Fraction(totals.cost_usd)


@any_question
@few
def test_the_order_in_which_calls_are_read_changes_nothing(
    question: tuple[str, Asked, list[Call]],
) -> None:
    zone, asked, calls = question
    assert found(calls, asked, zone) == found(reversed(calls), asked, zone)


# One thing at a time


def a_call(number: int, **values: Any) -> Call:
    """A call that costs as many millionths of a dollar as its number."""
    given = {
        "call_id": f"call-{number}",
        "api_key_id": f"key-{number:03}",
        "api_key_name": f"Key {number}",
        "input_tokens": number,
        "output_tokens": 0,
        "input_token_price": Decimal(1),
    }
    return Call(**{**given, **values})


def test_no_calls_are_zeros() -> None:
    result = found([replace(Call(), workspace_id="ws-globex")])
    assert result.totals.calls == result.totals.cost_usd == 0
    assert result.totals.completion_time_ms.p50 is None
    assert tables_of(result) == [[], [], []]
    assert series_of(result) == [[], [], []]
    assert result.busy_hours == []


@pytest.mark.parametrize("members", [SERIES_LENGTH, SERIES_LENGTH + 1, SERIES_LENGTH + 5])
def test_series_are_of_the_costliest_and_of_all_others_together(members: int) -> None:
    series = found([a_call(number) for number in range(1, members + 1)]).series.api_keys
    costliest = [f"Key {number}" for number in range(members, members - SERIES_LENGTH, -1)]
    others = members - SERIES_LENGTH
    assert [one.name for one in series] == costliest + [OTHERS] * (others > 0)
    if others:
        assert series[-1].id is None
        assert sum(series[-1].calls) == others
        assert sum(series[-1].input_tokens) == sum(range(1, others + 1))
        assert sum(series[-1].cost_usd) == Decimal(sum(range(1, others + 1))) / 1_000_000


def test_a_table_has_five_hundred_rows_and_one_for_all_others() -> None:
    table = found([a_call(number) for number in range(1, TABLE_LENGTH + 3)]).tables.api_keys
    assert TABLE_LENGTH == 500
    assert len(table) == 501
    assert [row.id for row in table[:2]] == ["key-502", "key-501"]
    assert (table[-2].id, table[-1].id, table[-1].name) == ("key-003", None, OTHERS)
    assert (table[-1].calls, table[-1].input_tokens) == (2, 3)
    assert table[-1].completion_time_ms.p50 is None


def test_the_costliest_over_the_whole_timeframe_are_kept_in_every_bucket() -> None:
    # Key 1 is the costliest of its day, and not of the month.
    cheap = [a_call(1, called_at=NOON - DAY * 5), a_call(2, called_at=NOON - DAY * 5)]
    dear = [a_call(number, called_at=NOON - DAY) for number in range(10, 10 + SERIES_LENGTH)]
    series = found([*cheap, *dear]).series.api_keys
    assert [one.name for one in series[:-1]] == [f"Key {number}" for number in range(17, 9, -1)]
    assert sum(series[-1].calls) == 2


def free_calls(*keys: int) -> list[Call]:
    """A call of each of these keys, which costs nothing."""
    free = {"input_token_price": Decimal(0)}
    return [a_call(key, call_id=f"call-{place}", **free) for place, key in enumerate(keys)]


def test_of_what_costs_the_same_the_busier_comes_first_and_then_the_first_by_name() -> None:
    table = found(free_calls(3, 1, 2, 2)).tables.api_keys
    assert [row.name for row in table] == ["Key 2", "Key 1", "Key 3"]


def test_of_what_costs_the_same_the_busier_are_kept_and_then_the_first_by_name() -> None:
    busy = range(3, 3 + SERIES_LENGTH - 1)
    series = found(free_calls(1, 2, *busy, *busy)).series.api_keys
    assert [one.name for one in series] == [f"Key {key}" for key in [*busy, 1]] + [OTHERS]
    models = [
        replace(call, provider=f"provider {9 - number}", model=f"model {number}")
        for number, call in enumerate(free_calls(*range(SERIES_LENGTH + 1)))
    ]
    kept = found(models).tables.models
    assert [row.provider for row in kept] == [f"provider {number}" for number in range(1, 10)]
    assert [one.name for one in found(models).series.models] == [
        *(row.name for row in kept[:SERIES_LENGTH]),
        OTHERS,
    ]


def test_a_key_is_one_row_under_its_latest_name() -> None:
    calls = [
        a_call(1, call_id="b", api_key_name="new", called_at=NOON),
        a_call(1, call_id="a", api_key_name="zzz, the oldest", called_at=NOON - DAY),
        a_call(1, call_id="c", api_key_name="old", called_at=NOON - MILLISECOND),
    ]
    (row,) = found(calls).tables.api_keys
    assert (row.id, row.name, row.calls) == ("key-001", "new", 3)


def test_a_call_without_a_name_does_not_take_the_name_of_its_key() -> None:
    calls = [
        a_call(1, call_id="a", called_at=NOON - DAY),
        a_call(1, call_id="b", called_at=NOON, api_key_name=None),
    ]
    (row,) = found(calls).tables.api_keys
    assert (row.name, row.calls) == ("Key 1", 2)


def test_of_two_names_in_one_millisecond_it_is_always_the_same_one() -> None:
    calls = [a_call(1, call_id=name, api_key_name=name) for name in ("b", "c", "a")]
    names = {
        found(order).tables.api_keys[0].name
        for order in (calls, calls[::-1], sorted(calls, key=lambda call: call.call_id))
    }
    assert names == {"c"}


@pytest.mark.parametrize("name", [None, ""])
def test_a_key_without_a_name_is_shown_by_its_id(name: str | None) -> None:
    (row,) = found([a_call(1, api_key_name=name)]).tables.api_keys
    assert row.name == "key-001"


def test_what_is_missing_and_what_is_empty_is_one_row() -> None:
    missing = a_call(1, call_id="a", api_key_id=None, provider=None, model=None)
    empty = a_call(1, call_id="b", api_key_id="", provider="", model="")
    result = found([missing, empty])
    assert [[row.calls for row in table] for table in tables_of(result)] == [[2], [2], [2]]
    assert [[row.id for row in table] for table in tables_of(result)] == [[""], [""], ["/"]]
    assert [len(series) for series in series_of(result)] == [1, 1, 1]


def test_models_are_told_apart_by_provider_also_where_names_have_slashes() -> None:
    calls = [
        a_call(3, provider="a/b", model="c"),
        a_call(2, provider="a", model="b/c"),
        a_call(1, provider="a", model="c"),
    ]
    result = found(calls)
    assert [(row.provider, row.name) for row in result.tables.models] == [
        ("a/b", "c"),
        ("a", "b/c"),
        ("a", "c"),
    ]
    assert [sum(one.input_tokens) for one in result.series.models] == [3, 2, 1]


def test_a_call_with_one_price_missing_costs_nothing_and_is_counted_as_unpriced() -> None:
    half_priced = Call(input_token_price=Decimal("2.5"), output_token_price=None)
    free_of_output = replace(half_priced, call_id="call-2", output_tokens=0)
    totals = found([half_priced, free_of_output]).totals
    assert totals.unpriced_calls == 1
    assert totals.cost_usd == Decimal("0.00125")  # 500 tokens at 2.5 dollars a million


def test_cost_shares_are_of_the_total_cost() -> None:
    table = found([a_call(1), a_call(3)]).tables.api_keys
    assert [row.cost_share for row in table] == [0.75, 0.25]


# Percentiles


@given(times=st.lists(st.integers(0, 1_000_000), min_size=1, max_size=60))
@some
def test_percentiles_are_times_of_calls_rounded_down_by_less_than_two_percent(
    times: list[int],
) -> None:
    calls = [
        a_call(1, call_id=str(number), completion_time_ms=time) for number, time in enumerate(times)
    ]
    result = found(calls)
    for percent in (50, 95, 99):
        # The smallest time that so many percent of the calls did not exceed.
        exact = min(t for t in times if 100 * sum(u <= t for u in times) >= percent * len(times))
        percentile = getattr(result.totals.completion_time_ms, f"p{percent}")
        assert exact * 0.98 < percentile <= exact or percentile == exact == 0
    assert result.busy_hours[0].completion_time_p95_ms == result.totals.completion_time_ms.p95


@pytest.mark.parametrize(
    ("time", "told"),
    [
        (0, 0), (99, 99), (101, 100), (249, 248), (251, 250), (499, 495), (509, 500), (999, 990),
        (1_019, 1_000), (2_549, 2_500), (9_999, 9_900), (499_999, 495_000), (509_999, 500_000),
        (3_609_999, 3_600_000),
    ],
)  # fmt: skip
def test_a_completion_time_is_rounded_down_to_round_numbers(time: int, told: int) -> None:
    assert found([Call(completion_time_ms=time)]).totals.completion_time_ms.p50 == told


def test_calls_without_a_completion_time_are_no_part_of_percentiles() -> None:
    times = [None, None, None, 10, 20]
    calls = [
        a_call(1, call_id=str(number), completion_time_ms=time) for number, time in enumerate(times)
    ]
    percentiles = found(calls).totals.completion_time_ms
    assert (percentiles.p50, percentiles.p95, percentiles.p99) == (10, 20, 20)
    assert found(calls[:3]).totals.completion_time_ms.p50 is None


# The statement


@given(
    selection=SELECTIONS, granularity=st.sampled_from(Granularity), zone=st.sampled_from([*ZONES])
)
@few
def test_the_statement_selects_from_the_one_table_in_the_one_workspace(
    selection: CallSelection, granularity: Granularity, zone: str
) -> None:
    select = reading(parsed(usage_query(selection, granularity, zone)))
    assert workspace_literals(select) == [selection.workspace_id]
    assert {column.name for column in select.find_all(exp.Column)} <= TABLE_COLUMNS
    assert not list(select.find_all(exp.Star))


@given(selection=SELECTIONS)
@few
def test_the_calls_of_the_statement_are_those_of_an_export(selection: CallSelection) -> None:
    export = reading(parsed(summary_query(selection)))
    select = reading(parsed(usage_query(selection, Granularity.DAY, "UTC")))
    assert conditions(select) == conditions(export)
    kept = {
        condition.this.name: tuple(value.this for value in condition.expressions)
        for condition in conditions(select)
        if isinstance(condition, exp.In)
    }
    assert kept == selection.filters


@given(selection=SELECTIONS)
@few
def test_values_stay_within_the_where_clause(selection: CallSelection) -> None:
    plain = replace(selection, filters={})
    statement, without = (
        parsed(usage_query(one, Granularity.WEEK, "UTC")) for one in (selection, plain)
    )
    for query in (statement, without):
        reading(query).args.pop("where")
    assert statement == without


def test_the_same_question_gives_the_same_text() -> None:
    # A request token stands for one text: with another, Athena refuses it.
    first, second = (
        CallSelection("ws-acme", JANUARY, {"model": ("a", "b"), "provider": ("c",)})
        for _ in range(2)
    )
    assert usage_query(first, Granularity.DAY, "UTC") == usage_query(second, Granularity.DAY, "UTC")


def test_a_filter_on_any_other_column_is_refused() -> None:
    other = CallSelection("ws-acme", JANUARY, {"workspace_id": ("ws-globex",)})
    with pytest.raises(ValueError, match="not a column to filter by"):
        usage_query(other, Granularity.DAY, "UTC")
