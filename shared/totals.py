"""Control totals: what the calls of a timeframe add up to, read from the summary query."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property, reduce
from typing import Self

from shared.usd import add_usd, usd_from_scaled_cost


@dataclass(frozen=True)
class Totals:
    """Sums over calls.

    Attributes:
        rows: Calls.
        input_tokens: Tokens in.
        output_tokens: Tokens out; embeddings have none.
        cost_usd: Exact cost of the calls that have a price.
        unpriced_calls: Calls whose cost is not known, since a price is missing.
    """

    rows: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    unpriced_calls: int = 0

    def __add__(self, other: Self) -> "Totals":
        return Totals(
            self.rows + other.rows,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            add_usd(self.cost_usd, other.cost_usd),
            self.unpriced_calls + other.unpriced_calls,
        )

    @classmethod
    def sum(cls, many: Iterable[Self]) -> "Totals":
        """What several add up to: a year has thousands of hours, so without a sum for each."""
        each = list(many)
        return Totals(
            sum(totals.rows for totals in each),
            sum(totals.input_tokens for totals in each),
            sum(totals.output_tokens for totals in each),
            reduce(add_usd, (totals.cost_usd for totals in each), Decimal(0)),
            sum(totals.unpriced_calls for totals in each),
        )


@dataclass(frozen=True)
class Summary:
    """The result of the summary query.

    Attributes:
        by_hour: UTC hour → its totals, hours in order, empty ones left out.
        by_model: (provider, model) → its totals, in order of name.
    """

    by_hour: Mapping[datetime, Totals]
    by_model: Mapping[tuple[str, str], Totals]

    @cached_property
    def totals(self) -> Totals:
        """The sums over everything."""
        return Totals.sum(self.by_hour.values())


def read_summary(rows: Iterable[Mapping[str, str]]) -> Summary:
    """The summary in the rows of the summary query's result file.

    Raises:
        ValueError: They are not, or not all: the hours and the models of a whole result add up
            to the same.
    """
    by_hour: dict[datetime, Totals] = {}
    by_model: dict[tuple[str, str], Totals] = {}
    try:
        for row in rows:
            if row["by_model"] == "1":
                model = (row["provider"], row["model"])  # NULL and "" read alike
                by_model[model] = by_model.get(model, Totals()) + _totals(row)
            else:
                by_hour[datetime.fromisoformat(row["hour"]).replace(tzinfo=UTC)] = _totals(row)
    except (KeyError, ArithmeticError) as error:
        raise ValueError("the summary's result is not one of the summary query") from error
    summary = Summary(dict(sorted(by_hour.items())), dict(sorted(by_model.items())))
    if summary.totals != Totals.sum(by_model.values()):
        raise ValueError("the summary's hours and models do not add up to the same totals")
    return summary


def _totals(row: Mapping[str, str]) -> Totals:
    return Totals(
        rows=int(row["rows"]),
        input_tokens=int(row["input_tokens"]),
        output_tokens=int(row["output_tokens"]),
        cost_usd=usd_from_scaled_cost(Decimal(row["scaled_cost"])),
        unpriced_calls=int(row["unpriced_calls"]),
    )
