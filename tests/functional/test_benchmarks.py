"""The benchmarks run, on little: not what they find is of interest here, but that they check it."""

from pathlib import Path

import pytest

from benchmarks import exports, growth, warm_requests


def test_an_export_is_the_floors_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "CLIENTS", Path("not-installed"))
    measured = list(exports.lines(rows=300, rounds=1))
    assert [line.what.partition(" rows, ")[0] for line in measured[:2]] == ["300", "300"]
    assert measured[-1].what.startswith("Peak memory")
    assert measured[-1].is_met


@pytest.mark.slow
def test_another_file_than_the_floors_is_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "CLIENTS", Path("not-installed"))
    monkeypatch.setattr(exports.Contest, "floor_file", Path(__file__))
    monkeypatch.setattr(exports.Contest, "floor", lambda _: exports.Run(seconds=1, peak_mb=1))
    with pytest.raises(AssertionError, match="the files differ"):
        list(exports.lines(rows=300, rounds=1))


@pytest.mark.slow
def test_requests_are_held_against_the_calls_that_they_make() -> None:
    measured = {line.what: line for line in warm_requests.lines(2_000, 1)}
    look = measured["`GET /exports/{id}`, once succeeded, the processor alone"]
    assert look.baseline.endswith(", 1 bare call")  # and a signature
    export = measured["`POST /exports`, 30 days, the processor alone"]
    assert export.baseline.endswith(", 11 bare calls")
    assert "The authorizer, the processor alone" in measured


@pytest.mark.slow
def test_time_is_taken_of_each_size_and_timeframe() -> None:
    table = list(growth.rows(largest=1_000, rounds=1))
    assert [row[:2] for row in table] == [["1,000", "1"], ["1,000", "30"], ["1,000", "366"]]
    assert all(cell.endswith(" s") for row in table for cell in row[2:])
