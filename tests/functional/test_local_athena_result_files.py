"""The CSV that Athena leaves in S3, written from Arrow and read in pages."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.athena.engine import Column, Result
from local.athena.result_files import Row, read_rows, write_csv
from local.athena.result_text import as_text
from tests.parquet_oracle import csv_rows

cells = (
    st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.just('","\n')
)
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(cells, min_size=width, max_size=width), max_size=30)
)


def written(columns: dict[str, pa.Array]) -> bytes:
    batch = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    file = io.BytesIO()
    described = [Column(name, "varchar") for name in columns]
    assert write_csv(Result(described, iter([batch])), file) == batch.num_rows
    return file.getvalue()


def written_rows(rows: list[Row]) -> bytes:
    width = len(rows[0]) if rows else 1
    columns = {f"c{n}": pa.array([row[n] for row in rows], pa.string()) for n in range(width)}
    return written(columns)


def test_every_value_is_quoted_null_is_bare_and_lines_end_in_one_byte() -> None:
    content = written(
        {
            "text": pa.array(["a", "", None, 'say "hi"', "line\nbreak", "ü,😀"]),
            "number": pa.array([1, None, 3, 4, 5, 6]),
            "flag": pa.array([True, False, None, True, True, True]),
        }
    )
    assert content.decode() == (
        '"text","number","flag"\n'
        '"a","1","true"\n'
        '"",,"false"\n'
        ',"3",\n'
        '"say ""hi""","4","true"\n'
        '"line\nbreak","5","true"\n'
        '"ü,😀","6","true"\n'
    )


def test_a_result_without_rows_is_its_header() -> None:
    file = io.BytesIO()
    columns = [Column("a", "varchar"), Column('b "quoted", c', "bigint")]
    assert write_csv(Result(columns, iter(())), file) == 0
    assert file.getvalue() == b'"a","b ""quoted"", c"\n'


@given(tables)
def test_what_is_written_reads_back_the_same(rows: list[Row]) -> None:
    header, read = csv_rows(written_rows(rows))
    assert [list(row) for row in read] == rows
    assert header == tuple(f"c{n}" for n in range(len(header)))


@given(tables, st.integers(1, 7))
def test_pages_of_any_size_hold_every_row_once(rows: list[Row], limit: int) -> None:
    content = written_rows(rows)
    pages: list[list[Row]] = []
    start: int | None = 0
    while start is not None:
        page, start = read_rows(lambda at, size: content[at : at + size], start, limit)
        pages.append(page)
    assert [row for page in pages for row in page][1:] == rows
    assert {len(page) for page in pages[:-1]} <= {limit}
    assert len(pages[-1]) in range(1, limit + 1)  # no empty page at the end


def test_a_row_longer_than_one_read_is_one_row() -> None:
    rows: list[Row] = [["x" * 700_000, 'y"' * 300_000], ["a", None]]
    content = written_rows(rows)
    page, following = read_rows(lambda at, size: content[at : at + size], 0, 1000)
    assert (page[1:], following) == (rows, None)


@pytest.mark.parametrize(
    ("value", "arrow_type", "text"),
    [
        (Decimal("0.0000001"), pa.decimal128(18, 7), "0.0000001"),
        (Decimal("-0.0000001"), pa.decimal128(18, 7), "-0.0000001"),
        (Decimal(0), pa.decimal128(38, 12), "0.000000000000"),
        (Decimal("-12345678.9"), pa.decimal128(9, 1), "-12345678.9"),
        (Decimal("9" * 38), pa.decimal128(38, 0), "9" * 38),
        (Decimal("-" + "9" * 26 + "." + "9" * 12), pa.decimal128(38, 12), None),
        (datetime(2026, 1, 1), pa.timestamp("us"), "2026-01-01 00:00:00.000"),  # noqa: DTZ001
        (datetime(1969, 12, 31, 23, 59, 59, 1000), pa.timestamp("ms"), "1969-12-31 23:59:59.001"),  # noqa: DTZ001
        (
            datetime(2026, 1, 1, tzinfo=UTC),
            pa.timestamp("us", "UTC"),
            "2026-01-01 00:00:00.000 UTC",
        ),
        (date(2026, 1, 1), pa.date32(), "2026-01-01"),
        (9_223_372_036_854_775_807, pa.int64(), "9223372036854775807"),
        (b"\x00\xff", pa.binary(), "00 ff"),
        (b"", pa.binary(), ""),
        ([1, None, 2], pa.list_(pa.int64()), "[1, null, 2]"),
        ({"a": 1, "b": None}, pa.struct([("a", pa.int64()), ("b", pa.string())]), "{a=1, b=null}"),
        ([("k", True)], pa.map_(pa.string(), pa.bool_()), "{k=true}"),
    ],
)
def test_a_value_is_written_as_athena_writes_it(
    value: Any, arrow_type: pa.DataType, text: str | None
) -> None:
    expected = format(value, "f") if text is None else text
    assert as_text(pa.array([None, value], arrow_type)).to_pylist() == [None, expected]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (1.0, "1.0"),
        (-2.5, "-2.5"),
        (0.001, "0.001"),
        (0.00099, "9.9E-4"),
        (9_999_999.0, "9999999.0"),
        (10_000_000.0, "1.0E7"),
        (123_456_789.0, "1.23456789E8"),
        (1e-7, "1.0E-7"),
        (5e-324, "5.0E-324"),
        (1.7976931348623157e308, "1.7976931348623157E308"),
        (1 / 3, "0.3333333333333333"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
    ],
)
def test_a_double_is_written_as_java_writes_it(value: float, text: str) -> None:
    assert as_text(pa.array([value], pa.float64())).to_pylist() == [text]


@given(st.lists(st.decimals(-(10**11), 10**11, allow_nan=False, places=6) | st.none()))
def test_decimals_keep_every_digit_and_have_no_exponent(values: list[Decimal | None]) -> None:
    array = pa.array(values, pa.decimal128(18, 6))
    expected = [None if value is None else format(value, "f") for value in array.to_pylist()]
    assert as_text(array).to_pylist() == expected


def test_a_slice_of_decimals_is_read_from_its_own_start() -> None:
    array = pa.array([Decimal("1.5"), Decimal("2.5"), None, Decimal("4.5")], pa.decimal128(5, 1))
    assert as_text(array.slice(1)).to_pylist() == ["2.5", None, "4.5"]
