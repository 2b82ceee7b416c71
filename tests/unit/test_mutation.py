"""What `make mutate` makes of its workers' answers, and that it has tests for each module."""

import re

import pytest

from local.audit.pins import ROOT
from local.mutation import TESTS, NotTriedError, Result

MODULE = "shared/queries.py"


def test_a_mutant_is_killed_by_a_failing_test_and_survives_where_none_fails_or_comes_by() -> None:
    codes = {"fails": 1, "stopped": -24, "passes": 0, "no test": 33}

    assert Result.of(MODULE, codes) == Result(MODULE, 4, ["stopped"], ["passes", "no test"])


@pytest.mark.parametrize("code", [2, 3, 4, 5, 255, -9, -11, None])
def test_a_worker_that_could_not_run_its_tests_says_nothing_of_its_mutant(code: int | None) -> None:
    with pytest.raises(NotTriedError, match=rf"1 mutants of .* m_2 \(exit code {code}\)"):
        Result.of(MODULE, {"m_1": 1, "m_2": code, "m_3": 0})


@pytest.mark.parametrize(("survivors", "is_enough"), [(10, True), (11, False)])
def test_nine_in_ten_are_enough(*, survivors: int, is_enough: bool) -> None:
    codes = {str(number): int(number >= survivors) for number in range(100)}

    assert Result.of(MODULE, codes).is_enough is is_enough


@pytest.mark.parametrize("module", TESTS)
def test_each_module_and_all_tests_that_are_meant_for_it_exist(module: str) -> None:
    assert (ROOT / module).is_file()
    for pattern in TESTS[module]:
        kind, _, name = pattern.partition("/")
        assert list(ROOT.glob(f"tests/{kind}/test_{name}.py")), pattern


def test_each_module_has_its_figure_in_the_documentation() -> None:
    text = (ROOT / "docs/mutation-testing.md").read_text()
    figures = text.partition("\n## Figures\n")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(.+?)`", figures, re.MULTILINE) == list(TESTS)
