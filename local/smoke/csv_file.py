"""A downloaded export, added up without any code of the product."""

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, localcontext
from pathlib import Path
from typing import Any, Final

_EXACT: Final = Context(prec=100, traps=[Inexact, InvalidOperation])
_FIGURES: Final = ("rows", "input_tokens", "output_tokens", "cost_usd", "unpriced_calls")


@dataclass
class Figures:
    """What calls add up to, by the formula that docs/api.md gives."""

    rows: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal = Decimal(0)
    unpriced_calls: int = 0

    def add(self, row: Mapping[str, str]) -> None:
        """One more call."""
        tokens_in, tokens_out = (int(row[f"{way} Tokens"] or 0) for way in ("Input", "Output"))
        prices = [
            (tokens, row[f"{way} Token Price (USD/1M tokens)"])
            for way, tokens in (("Input", tokens_in), ("Output", tokens_out))
            if tokens
        ]
        self.rows += 1
        self.input_tokens += tokens_in
        self.output_tokens += tokens_out
        if all(price for _, price in prices):
            self.cost_usd += (
                sum((tokens * Decimal(price) for tokens, price in prices), Decimal(0)) / 1_000_000
            )
        else:
            self.unpriced_calls += 1

    def differences(self, told: Mapping[str, Any], whose: str) -> list[str]:
        """Where control totals say something else."""
        return [
            f"{name} of {whose}: {mine} in the file, {told.get(name)} in the control totals"
            for name in _FIGURES
            if (mine := getattr(self, name)) != _number(told.get(name))
        ]


@dataclass(frozen=True)
class CsvFile:
    """What a file says.

    Attributes:
        header: Its first line, as it came, with its end.
        first, last: The least and the greatest date; empty without rows.
        in_order: Whether dates never go back.
        all: Of all its rows.
        by_model: (provider, model) → of its rows.
    """

    header: bytes
    first: str
    last: str
    in_order: bool
    all: Figures
    by_model: Mapping[tuple[str, str], Figures]

    def differences(self, totals: Mapping[str, Any]) -> list[str]:
        """Where an export's control totals are not what the file adds up to."""
        found = self.all.differences(totals, "all calls")
        told = {(each["provider"], each["model"]): each for each in totals["by_model"]}
        for model in sorted(told.keys() | self.by_model.keys()):
            mine = self.by_model.get(model, Figures())
            found += mine.differences(told.get(model, {}), "/".join(model))
        return found


def read_csv_file(path: Path) -> CsvFile:
    """Read a file, a row at a time.

    Raises:
        ValueError: It is no CSV of an export.
    """
    everything, by_model = Figures(), defaultdict[tuple[str, str], Figures](Figures)
    least = greatest = before = ""
    in_order = True
    with path.open("rb") as raw:
        header = raw.readline()
    with path.open(encoding="utf-8", newline="") as file, localcontext(_EXACT):
        reader = csv.DictReader(file, strict=True)
        try:
            for row in reader:
                everything.add(row)
                # text that a spreadsheet could run has an apostrophe before it
                names = (row["Provider"].removeprefix("'"), row["Model"].removeprefix("'"))
                by_model[names].add(row)
                in_order = in_order and before <= row["Date"]
                before = row["Date"]
                least, greatest = min(least or before, before), max(greatest, before)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            message = f"its line {reader.line_num} is none of an export: {error!r}"
            raise ValueError(message) from error
        except csv.Error as error:
            raise ValueError(f"it is no CSV: {error}") from error
    return CsvFile(header, least, greatest, in_order, everything, dict(by_model))


def _number(value: object) -> Decimal | None:
    """A figure as the API has it, a number or the text of one."""
    return None if value is None else Decimal(str(value))
