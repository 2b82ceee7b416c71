"""Money: exact decimals in US dollars, and their text."""

from collections.abc import Iterable
from decimal import Context, Decimal, Inexact

from shared.call_log import SCALED_COST_PER_USD

# Enough digits for any decimal(38, 6) sum; a result that does not fit is an error, never rounded.
_EXACT = Context(prec=60, traps=[Inexact])


def usd_from_scaled_cost(scaled_cost: Decimal) -> Decimal:
    """US dollars of a sum of tokens × price per 1M tokens, exactly."""
    return _EXACT.divide(scaled_cost, Decimal(SCALED_COST_PER_USD))


def add_usd(one: Decimal, other: Decimal) -> Decimal:
    """The sum, exactly; Decimal's own `+` rounds to 28 digits."""
    return _EXACT.add(one, other)


def decimal_text(value: Decimal) -> str:
    """Plain digits without needless zeros: `0.01325`, never `1E-7`."""
    return format(_EXACT.normalize(value), "f")


_ATHENA_USD_PER_BYTE = Decimal("5e-12")  # 5 USD per terabyte in most regions
_ATHENA_LEAST_BYTES = 10_000_000


def athena_cost_usd(bytes_scanned: Iterable[int]) -> Decimal:
    """About what Athena charges for queries that scanned so many bytes each."""
    billed = sum(max(scanned, _ATHENA_LEAST_BYTES) for scanned in bytes_scanned)
    return billed * _ATHENA_USD_PER_BYTE
