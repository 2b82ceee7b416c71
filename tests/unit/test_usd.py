"""Money is exact, and its text is plain."""

from decimal import Decimal, Inexact
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.usd import add_usd, athena_cost_usd, decimal_text, usd_from_scaled_cost

# Whatever a decimal(38, 6) column can hold, which is what Athena sums scaled costs in.
SCALED_COSTS = st.decimals(0, 10**32 - 1, places=6)
ANY_USD = st.decimals(0, 10**32 - 1, places=12)


def test_five_hundred_tokens_in_and_twelve_hundred_out_cost_what_the_price_list_says() -> None:
    scaled = 500 * Decimal("2.50") + 1200 * Decimal("10.00")  # prices per 1M tokens
    assert decimal_text(usd_from_scaled_cost(scaled)) == "0.01325"


def test_the_smallest_price_is_not_rounded_away() -> None:
    cost = usd_from_scaled_cost(3 * Decimal("0.000001"))
    assert cost == Decimal("0.000000000003")
    assert decimal_text(cost) == "0.000000000003"


def test_the_largest_sum_that_athena_holds_is_exact() -> None:
    assert decimal_text(usd_from_scaled_cost(Decimal("9" * 32 + ".999999"))) == (
        "9" * 26 + "." + "9" * 12
    )


@given(scaled=SCALED_COSTS)
def test_a_scaled_cost_is_a_million_times_the_dollars(scaled: Decimal) -> None:
    assert Fraction(usd_from_scaled_cost(scaled)) * 1_000_000 == Fraction(scaled)


@given(one=ANY_USD, other=ANY_USD)
def test_a_sum_is_exact_however_many_digits_it_has(one: Decimal, other: Decimal) -> None:
    assert Fraction(add_usd(one, other)) == Fraction(one) + Fraction(other)


def test_a_result_that_cannot_be_exact_is_an_error_and_not_rounded() -> None:
    with pytest.raises(Inexact):
        add_usd(Decimal("1e60"), Decimal("1e-12"))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("0", "0"),
        ("0E-12", "0"),
        ("0.000000", "0"),
        ("1E-7", "0.0000001"),
        ("1E+3", "1000"),
        ("100", "100"),
        ("2.500000", "2.5"),
        ("10.00", "10"),
        ("0.01325", "0.01325"),
    ],
)
def test_the_text_has_plain_digits_without_needless_zeros(value: str, text: str) -> None:
    assert decimal_text(Decimal(value)) == text


@given(value=ANY_USD)
def test_the_text_says_exactly_the_value(value: Decimal) -> None:
    text = decimal_text(value)
    assert set(text) <= set("0123456789.")
    assert Decimal(text) == value
    assert "." not in text or text[-1] not in "0."


def test_athena_charges_five_dollars_a_terabyte() -> None:
    assert athena_cost_usd([10**12]) == 5


def test_athena_charges_for_ten_megabytes_at_least_for_each_query() -> None:
    assert athena_cost_usd([0, 9_999_999]) == Decimal("0.0001")
    assert athena_cost_usd([10_000_000, 20_000_000]) == Decimal("0.00015")
    assert decimal_text(athena_cost_usd([0])) == "0.00005"
