"""What an export must hold, read from the same Parquet files without any code of the product.

DuckDB reads the files, Python's Decimal does the sums, and the CSV's rules are written down here
a second time.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import duckdb

HEADER = (
    "Date",
    "API Key ID",
    "API Key Name",
    "Provider",
    "Model",
    "Input Tokens",
    "Output Tokens",
    "Completion Time (ms)",
    "Input Token Price (USD/1M tokens)",
    "Output Token Price (USD/1M tokens)",
)
_TEXT_COLUMNS = (1, 2, 3, 4)
_FORMULA = tuple("=+-@\t\r\n＝＋－＠")

Row = tuple[str | None, ...]


def logged_calls(folder: Path, workspace: str, start: datetime, end: datetime) -> list[Row]:
    """The ten columns of every call with start <= called_at < end (naive, UTC), oldest first."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    rows = connection.execute(
        """
        SELECT strftime(called_at::TIMESTAMP, '%Y-%m-%d %H:%M:%S.%g'),
          api_key_id, api_key_name, provider, model,
          input_tokens::VARCHAR, output_tokens::VARCHAR, completion_time_ms::VARCHAR,
          input_token_price::VARCHAR, output_token_price::VARCHAR
        FROM read_parquet(?, hive_partitioning = true, hive_types_autocast = false)
        WHERE workspace_id = ? AND called_at::TIMESTAMP >= ? AND called_at::TIMESTAMP < ?
        ORDER BY called_at, call_id
        """,
        [f"{folder}/workspace_id=*/day=*/*.parquet", workspace, start, end],
    ).fetchall()
    return [tuple(map(_neutralised, range(len(row)), row)) for row in rows]


def _neutralised(column: int, value: str | None) -> str | None:
    if column not in _TEXT_COLUMNS or value is None:
        return value
    visible = value.lstrip(" \u200b\ufeff\u00a0")
    return f"'{value}" if visible.startswith(_FORMULA) or value.startswith("'") else value


# One field and what ends it. Python's csv module cannot tell NULL from empty text before 3.12.
_FIELD = re.compile(r'(?:"((?:[^"]|"")*)"|([^",\n]*))([,\n])')


def csv_rows(content: bytes) -> tuple[Row, list[Row]]:
    """Header and rows of a CSV as Athena writes it: an unquoted empty field is NULL."""
    text = content.decode()
    rows: list[Row] = []
    row: list[str | None] = []
    position = 0
    while position < len(text):
        field = _FIELD.match(text, position)
        assert field is not None, f"not a CSV at {text[position : position + 40]!r}"
        quoted, bare, ending = field.groups()
        row.append(quoted.replace('""', '"') if quoted is not None else bare or None)
        if ending == "\n":
            rows.append(tuple(row))
            row = []
        position = field.end()
    assert not row, "the last line has no end"
    return rows[0], rows[1:]


def total_cost(rows: Iterable[Sequence[str | None]]) -> Decimal:
    """The documented formula over a CSV's rows, in exact decimals."""
    total = Decimal(0)
    for row in rows:
        for tokens, price in ((row[5], row[8]), (row[6], row[9])):
            if tokens is not None and price is not None:
                total += Decimal(tokens) * Decimal(price)
    return total / 1_000_000
