"""Costs in docs/deployment.md: the tables as worked out, from the bytes that calls really have."""

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks import monthly_cost
from benchmarks.monthly_cost import Platform, month, queried, stream, table, usd
from benchmarks.needed_columns import ROWS_COLUMNS, SUMMARY_COLUMNS, needed_bytes
from local.sample_call_logs import write_sample_call_logs

PAGE = Path(__file__).parents[2] / "docs/deployment.md"
TEXT = " ".join(PAGE.read_text(encoding="utf-8").split())
CLOSE = pytest.approx


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A day of calls."""
    folder = tmp_path_factory.mktemp("samples") / "call-logs"
    write_sample_call_logs(folder, rows=40_000, days=1, end=date(2026, 1, 31), seed=7)
    return sorted(folder.glob("*/*/*.parquet"))


def test_the_table_is_on_the_page_as_it_is_worked_out() -> None:
    assert table() in PAGE.read_text(encoding="utf-8")


def test_bytes_of_a_call_are_those_of_the_samples(samples: list[Path]) -> None:
    calls = sum(pq.read_metadata(path).num_rows for path in samples)
    stored = sum(path.stat().st_size for path in samples) / calls
    sums, rows = (
        sum(needed_bytes(path, columns) for path in samples) / calls
        for columns in (SUMMARY_COLUMNS, ROWS_COLUMNS)
    )
    assert stored == CLOSE(monthly_cost.STORED, rel=0.1)
    assert sums == CLOSE(monthly_cost.READ_FOR_SUMS, rel=0.1)
    assert rows == CLOSE(monthly_cost.READ_FOR_ROWS, rel=0.1)


def test_bytes_of_a_call_in_a_file_and_on_its_way_are_those_of_the_samples(
    samples: list[Path],
) -> None:
    rows = pq.read_table(samples[0]).slice(0, 2_000).to_pylist()
    line = [
        f'"{row["called_at"]:%Y-%m-%d %H:%M:%S.000}",'
        + ",".join(
            "" if row[name] is None else f'"{row[name]}"'
            for name in row
            if name not in {"call_id", "called_at", "call_type"}
        )
        + "\n"
        for row in rows
    ]
    sent = [json.dumps({"workspace_id": "ws-acme", **row}, default=str) + "\n" for row in rows]
    assert sum(map(len, line)) / len(rows) == CLOSE(monthly_cost.CSV, rel=0.1)
    assert sum(map(len, sent)) / len(rows) == CLOSE(monthly_cost.SENT, rel=0.1)


def test_a_query_costs_what_it_reads_and_never_less_than_ten_megabytes() -> None:
    assert queried(10**12) == 5
    assert queried(1) == queried(10_000_000) == Decimal("0.00005")


def test_a_stream_bills_each_record_as_five_kilobytes_at_least() -> None:
    size = Platform(10**9, 1)
    objects = monthly_cost.STREAM_FILES_A_DAY * 30 * Decimal("0.00001")
    assert stream(size, 1) == 10**9 * 5_000 / Decimal(10**9) * Decimal("0.067") + objects
    at_most = 5_000 // monthly_cost.SENT  # calls that five kilobytes hold
    assert f"_nwise({at_most})" in (PAGE.parent / "call-logs.md").read_text(encoding="utf-8")
    assert stream(size, at_most) * 11 < stream(size, 1)
    assert stream(size, at_most + 1) > stream(size, at_most)


def test_what_is_said_in_words_is_in_the_table() -> None:
    small, _, large = map(month, monthly_cost.SIZES)
    for figure in (
        f"a million calls a month costs about {usd(sum(small.values(), Decimal(0)))} USD",
        f"ten billion about {usd(sum(large.values(), Decimal(0)))} USD",
        usd(small["CloudWatch"]),
        f"{monthly_cost.STORED} bytes stored",
        f"{monthly_cost.CSV} bytes in a CSV",
        f"{monthly_cost.SENT} bytes as JSON",
        f"{monthly_cost.METRICS} metrics",
        f"{monthly_cost.VIEWS} views",
    ):
        assert figure in TEXT, figure
    files = large["S3, exports"] + large["downloads"]
    assert CLOSE(0.9, abs=0.03) == float(files / sum(large.values()))  # "nearly nine tenths"
    sizes = re.findall(r"([\d,]+) workspaces", TEXT)
    assert sizes == [f"{size.workspaces:,}" for size in monthly_cost.SIZES]
