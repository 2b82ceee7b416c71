"""The files that Athena leaves in S3: the result as CSV, and its metadata.

The CSV has a header; every value is quoted, also numbers; NULL is an empty field without quotes,
an empty string is `""`; quotes are doubled; UTF-8 without a byte order mark; lines end in `\\n`.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import IO, Final

import pyarrow as pa
from pyarrow import csv

from local.athena.engine import Column, Result
from local.athena.result_text import as_text

_CELL: Final = re.compile(rb'(?:"([^"]*(?:""[^"]*)*)")?([,\n])')
_READ_BYTES: Final = 256 * 1024

Row = list[str | None]


def write_csv(result: Result, file: IO[bytes]) -> int:
    """Write a result as Athena does, batch by batch.

    Returns:
        The number of rows, without the header.
    """
    schema = pa.schema([pa.field(column.name, pa.string()) for column in result.columns])
    options = csv.WriteOptions(quoting_style="all_valid")
    rows = 0
    with csv.CSVWriter(file, schema, write_options=options) as writer:
        for batch in result.batches:
            text = [as_text(array) for array in batch.columns]
            writer.write_batch(pa.RecordBatch.from_arrays(text, schema=schema))
            rows += batch.num_rows
    return rows


def metadata(columns: Sequence[Column]) -> bytes:
    """The content of the `.csv.metadata` object. Athena's own is binary and not documented."""
    return json.dumps([asdict(column) for column in columns]).encode()


def read_rows(
    read: Callable[[int, int], bytes], start: int, limit: int
) -> tuple[list[Row], int | None]:
    """Read rows of such a CSV from a place in it, the header being the first row.

    Args:
        read: (start, size) → that part of the file, shorter or empty at its end.
        start: Where a row starts, in bytes.
        limit: The most rows to read.

    Returns:
        The rows, and where the next one starts, or None after the last.
    """
    rows: list[Row] = []
    row: Row = []
    buffer, place, row_end = b"", 0, 0
    while len(rows) < limit:
        cell = _CELL.match(buffer, place)
        if cell is None:  # the rest of it is not here yet
            more = read(start + len(buffer), _READ_BYTES)
            if not more:
                return rows, None
            buffer += more
            continue
        row.append(None if cell[1] is None else cell[1].replace(b'""', b'"').decode())
        place = cell.end()
        if cell[2] == b"\n":
            rows.append(row)
            row, row_end = [], place
    is_end = row_end == len(buffer) and not read(start + row_end, 1)
    return rows, None if is_end else start + row_end
