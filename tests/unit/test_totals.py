"""Control totals are read from the summary query's result, and only from a whole one."""

from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from functools import reduce
from operator import add

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.totals import Summary, Totals, read_summary
from tests.builders import hour_row, model_row

TEN = datetime(2026, 1, 31, 10, tzinfo=UTC)
ELEVEN = datetime(2026, 1, 31, 11, tzinfo=UTC)


def test_the_rows_of_hours_and_of_models_are_told_apart() -> None:
    summary = read_summary(
        [
            model_row("openai", "gpt-4o", rows=3, input_tokens=30, scaled_cost="75.000000"),
            hour_row(ELEVEN, rows=2, input_tokens=20, scaled_cost="50.000000"),
            hour_row(TEN, rows=1, input_tokens=10, scaled_cost="25.000000"),
        ]
    )
    assert summary.by_hour == {
        TEN: Totals(rows=1, input_tokens=10, cost_usd=Decimal("0.000025")),
        ELEVEN: Totals(rows=2, input_tokens=20, cost_usd=Decimal("0.00005")),
    }
    assert summary.by_model == {
        ("openai", "gpt-4o"): Totals(rows=3, input_tokens=30, cost_usd=Decimal("0.000075"))
    }
    assert summary.totals == Totals(rows=3, input_tokens=30, cost_usd=Decimal("0.000075"))


def test_every_sum_is_read() -> None:
    sums: dict[str, int | str] = {
        "rows": 4,
        "input_tokens": 500,
        "output_tokens": 1200,
        "scaled_cost": "13250.000000",
        "unpriced_calls": 2,
    }
    summary = read_summary([hour_row(TEN, **sums), model_row("openai", "gpt-4o", **sums)])
    assert summary.totals == Totals(4, 500, 1200, Decimal("0.01325"), 2)


def test_hours_and_models_are_in_order_whatever_order_they_come_in() -> None:
    summary = read_summary(
        [
            model_row("openai", "b"),
            hour_row(ELEVEN),
            model_row("openai", "a"),
            hour_row(TEN),
            model_row("azure", "c"),
            hour_row(TEN.replace(hour=9)),
        ]
    )
    assert list(summary.by_hour) == [TEN.replace(hour=9), TEN, ELEVEN]
    assert list(summary.by_model) == [("azure", "c"), ("openai", "a"), ("openai", "b")]


def test_calls_without_a_model_and_with_an_empty_one_are_one_line() -> None:
    # In a CSV read by Python, NULL and an empty string look alike.
    summary = read_summary(
        [hour_row(TEN, rows=5), model_row("", "", rows=2), model_row("", "", rows=3)]
    )
    assert summary.by_model == {("", ""): Totals(rows=5)}


def test_no_rows_are_no_calls() -> None:
    assert read_summary([]) == Summary({}, {})
    assert read_summary([]).totals == Totals()


@pytest.mark.parametrize(
    "different",
    [
        {"rows": 2},
        {"input_tokens": 2},
        {"output_tokens": 2},
        {"scaled_cost": "0.000001"},
        {"unpriced_calls": 1},
    ],
)
def test_a_result_whose_hours_and_models_differ_is_refused(
    different: dict[str, int | str],
) -> None:
    with pytest.raises(ValueError, match="do not add up"):
        read_summary([hour_row(TEN), model_row("openai", "gpt-4o", **different)])


def test_a_result_that_ends_too_early_is_refused() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        read_summary([hour_row(TEN)])


def test_an_hour_is_never_counted_twice() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        read_summary([hour_row(TEN), hour_row(TEN), model_row("openai", "gpt-4o", rows=2)])


TOTALS = st.builds(
    Totals,
    rows=st.integers(0, 10**9),
    input_tokens=st.integers(0, 10**18),
    output_tokens=st.integers(0, 10**18),
    cost_usd=st.decimals(0, 10**26, places=12),
    unpriced_calls=st.integers(0, 10**9),
)


@given(parts=st.lists(TOTALS, min_size=1, max_size=8), data=st.data())
def test_totals_add_up_exactly_and_in_any_order(parts: list[Totals], data: st.DataObject) -> None:
    total = reduce(add, data.draw(st.permutations(parts)))
    assert total == reduce(add, parts)
    assert total.rows == sum(part.rows for part in parts)
    assert Fraction(total.cost_usd) == sum(Fraction(part.cost_usd) for part in parts)
