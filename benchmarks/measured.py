"""Measuring two things side by side, and a line of the report about it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

_T = TypeVar("_T")


@dataclass(frozen=True)
class Line:
    """What was measured, against what.

    Attributes:
        what: In words.
        ours: With its unit.
        baseline: What it is held against, with its unit.
        ratio: Of the one to the other, or their difference, as text.
        aim: What the ratio is to be, as text; empty for none.
        is_met: Whether it is; None where there is no aim.
    """

    what: str
    ours: str
    baseline: str
    ratio: str
    aim: str = ""
    is_met: bool | None = None


def alternately(rounds: int, measures: Mapping[str, Callable[[], _T]]) -> dict[str, list[_T]]:
    """What each measure gave, round by round: A B A B, so that a noisy minute is everybody's."""
    found: dict[str, list[_T]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            found[name].append(measure())
    return found


def ratio_of(ours: list[float], baseline: list[float]) -> float:
    """The median of the rounds' own ratios."""
    return median(one / other for one, other in zip(ours, baseline, strict=True))


def at_most(
    limit: float, what: str, ours: list[float], baseline: list[float], *, name: str, unit: str
) -> Line:
    """A line whose ratio is to be `limit` at most; `name` is the baseline's."""
    ratio = ratio_of(ours, baseline)
    return Line(
        what,
        figure(median(ours), unit),
        f"{figure(median(baseline), unit)}, {name}",
        f"{ratio:.2f}×",
        f"≤ {limit}×",
        ratio <= limit,
    )


def figure(value: float, unit: str) -> str:
    """Three digits or so, and the unit."""
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f} {unit}"
