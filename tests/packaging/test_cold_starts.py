"""The benchmark of cold starts runs, and finds bytecode worth its place."""

from benchmarks import cold_starts


def test_each_function_starts_beside_a_bare_one_and_without_bytecode() -> None:
    measured = list(cold_starts.lines(rounds=1))
    assert len(measured) == 9
    without = [line for line in measured if "without bytecode" in line.baseline]
    assert [line.is_met for line in without] == [True] * 3
