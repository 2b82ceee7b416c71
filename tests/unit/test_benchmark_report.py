"""The benchmarks' report: medians and ratios, tables, and the part of the document it replaces."""

from pathlib import Path

import pytest

from benchmarks import costs
from benchmarks.__main__ import SECTIONS
from benchmarks.document import END, begin, comparisons, replaced
from benchmarks.measured import Line, alternately, at_most, figure


def test_measures_take_turns() -> None:
    turns: list[str] = []

    def turn(name: str) -> int:
        turns.append(name)
        return len(turns)

    found = alternately(3, {"a": lambda: turn("a"), "b": lambda: turn("b")})
    assert turns == ["a", "b"] * 3
    assert found == {"a": [1, 3, 5], "b": [2, 4, 6]}


def test_the_ratio_is_that_of_the_middle_round() -> None:
    # A noisy round slows both down: its ratio counts as one of three, however slow it was.
    line = at_most(1.3, "it", [1.0, 60.0, 3.0], [1.0, 50.0, 2.0], name="the floor", unit="s")
    assert line == Line("it", "3.00 s", "2.00 s, the floor", "1.20×", "≤ 1.3×", is_met=True)
    assert at_most(1.1, "it", [1.2], [1.0], name="the floor", unit="s").is_met is False


@pytest.mark.parametrize(
    ("value", "text"), [(0.126, "0.13 s"), (12.34, "12.3 s"), (123.4, "123 s"), (1234.5, "1,234 s")]
)
def test_figures_have_about_three_digits(value: float, text: str) -> None:
    assert figure(value, "s") == text


def test_an_aim_that_is_missed_stands_out() -> None:
    lines = [Line("a", "2 s", "1 s", "2.00×", "≤ 1.3×", is_met=False), Line("b", "1", "1", "0")]
    assert comparisons(lines).splitlines()[2:] == [
        "| a | 2 s | 1 s | 2.00× | ≤ 1.3× | **no** |",
        "| b | 1 | 1 | 0 |  |  |",
    ]


def test_only_what_is_between_a_sections_marks_is_replaced() -> None:
    other = f"{begin('b')}\nkept\n{END}\n"
    document = f"before\n{other}{begin('a')}\nold\n{END}\nafter\n"
    new = f"before\n{other}{begin('a')}\n\nnew\n\n{END}\nafter\n"
    assert replaced(document, "a", "new") == new
    assert replaced(replaced(document, "a", "newer"), "a", "new") == new
    with pytest.raises(ValueError, match="no place"):
        replaced(other, "a", "new")


@pytest.mark.parametrize("section", SECTIONS)
def test_the_document_has_a_place_for_each_section_under_its_title(section: str) -> None:
    page = (Path(__file__).parents[2] / "docs" / "performance.md").read_text(encoding="utf-8")
    old = page.partition(begin(section))[2].partition(END)[0]
    assert old.startswith(f"\n\n### {SECTIONS[section][0]}\n\n| ")


def test_small_exports_cost_what_athena_asks_at_least_and_requests() -> None:
    thousand, ten_thousand = costs.rows(10_000)
    # two queries of 10 MB at least, 2 × 5 GETs, 6 PUTs, 10 GB-seconds, three rows kept
    least = 2 * 10e6 * 5e-12 + 10 * 0.4e-6 + 6 * 5e-6 + 10 * 1.33334e-5 + 3 * 142 * 0.023e-9
    assert thousand[:1] == ["1,000"]
    assert thousand[1].endswith(f" {least:.4f} USD")
    assert ten_thousand[3].startswith("9,882 calls")
