"""What `smoke` says that it costs."""

from decimal import Decimal

from local.smoke.cost import QUERIES, REQUESTS_USD, most_usd


def test_a_run_on_a_small_day_costs_under_a_cent() -> None:
    # 10 MB at least a query, at 5 USD a terabyte
    assert most_usd(0) == most_usd(10_000_000) == QUERIES * Decimal("0.00005") + REQUESTS_USD
    assert most_usd(0) < Decimal("0.01")


def test_a_large_day_costs_what_its_queries_may_read() -> None:
    assert most_usd(10**12) - REQUESTS_USD == QUERIES * 5
