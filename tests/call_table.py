"""The call-log table in DuckDB, for running the queries' SQL over a few calls."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import duckdb
import sqlglot

_TYPES = {
    "workspace_id": "varchar",
    "call_id": "varchar",
    "called_at": "timestamp_ms",
    "api_key_id": "varchar",
    "api_key_name": "varchar",
    "provider": "varchar",
    "model": "varchar",
    "call_type": "varchar",
    "input_tokens": "bigint",
    "output_tokens": "bigint",
    "completion_time_ms": "bigint",
    "input_token_price": "decimal(18, 6)",
    "output_token_price": "decimal(18, 6)",
}


NOON = datetime.fromisoformat("2026-01-31T12:00")  # UTC, without saying so, as in the table


@dataclass(frozen=True)
class Call:
    """A row of the call-log table."""

    workspace_id: str = "ws-acme"
    call_id: str = "call-1"
    called_at: datetime = NOON
    api_key_id: str | None = "key-1"
    api_key_name: str | None = "production"
    provider: str | None = "openai"
    model: str | None = "gpt-4o"
    call_type: str | None = "completion"
    input_tokens: int | None = 500
    output_tokens: int | None = 1200
    completion_time_ms: int | None = 850
    input_token_price: Decimal | None = Decimal("2.50")
    output_token_price: Decimal | None = Decimal("10.00")


class CallTable:
    """`api_calls`, with what Athena makes of a statement's text left to DuckDB."""

    def __init__(self) -> None:
        self._connection = duckdb.connect()
        columns = ", ".join(f"{name} {kind}" for name, kind in _TYPES.items())
        self._connection.execute(f"CREATE TABLE api_calls (day varchar, {columns})")

    def fill(self, calls: Iterable[Call]) -> None:
        """Hold these calls, and no others, each on the day that it was made."""
        self._connection.execute("DELETE FROM api_calls")
        columns = list(zip(*map(astuple, calls), strict=True))
        if not columns:
            return
        lists = ", ".join(
            f"unnest(${number}::varchar[])::{kind} AS {name}"
            for number, (name, kind) in enumerate(_TYPES.items(), start=1)
        )
        self._connection.execute(
            "INSERT INTO api_calls"
            f" SELECT strftime(called_at, '%Y-%m-%d'), * FROM (SELECT {lists})",
            [[None if value is None else str(value) for value in column] for column in columns],
        )

    def run(self, statement: str) -> list[dict[str, Any]]:
        """The rows of one of Athena's statements."""
        (in_duckdb,) = sqlglot.transpile(statement, read="athena", write="duckdb")
        cursor = self._connection.execute(in_duckdb)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
