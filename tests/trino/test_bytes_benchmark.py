"""The benchmark of bytes scanned runs, on little."""

import pytest

from benchmarks import scanned

pytestmark = pytest.mark.trino


def test_no_statement_reads_less_than_it_needs() -> None:
    measured = list(scanned.lines(rows=2_000))
    assert len(measured) == 6
    assert all(float(line.ratio.removesuffix("×")) >= 1 for line in measured)
