"""Calls that are there twice, within a workspace or a day of it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Final

import duckdb

from local.call_log_check.findings import Finding

AT_ONCE: Final = 4_000_000
"""Calls that are not divided yet, about 200 MB."""

PARTS: Final = 32

_ADVICE: Final = (
    "Write each call once: it is counted and charged twice. A retried write needs the same file "
    "name."
)


class Within(StrEnum):
    """Among which calls a `call_id` must be the only one."""

    WORKSPACE = "workspace"
    DAY = "day"


class Duplicates:
    """The `call_id`s of a workspace or a day, in tables that DuckDB moves to disk when they grow.

    Many are divided by their hash, so that each part can be counted in little memory.

    Args:
        connection: Sees each batch as `calls`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self._fresh = 0
        self._parts: list[str] = []
        self._make("fresh")

    def add(self, file: int) -> None:
        """Takes note of the batch `calls`, of the file of this number."""
        (added,) = self._connection.execute(
            "INSERT INTO fresh SELECT call_id, ? FROM calls WHERE call_id IS NOT NULL", [file]
        ).fetchone() or (0,)
        self._fresh += added
        if self._fresh > AT_ONCE:
            self._divide()

    def findings(self, files: Sequence[str]) -> Iterator[Finding]:
        """One for each file that has a call again; `files` are the names by number."""
        if self._parts:
            self._divide()
        surplus: Counter[int] = Counter()
        examples: dict[int, tuple[str, int]] = {}
        for part in self._parts or ["fresh"]:
            for file, count, call_id, first_file in self._repeated(part):
                surplus[file] += count
                examples.setdefault(file, (call_id, first_file))
            self._connection.execute(f"DROP TABLE {part}")  # and what of it is on disk
        for file in sorted(surplus):
            call_id, first_file = examples[file]
            other = "" if first_file == file else f", also in {files[first_file]}"
            yield Finding(
                "duplicate",
                files[file],
                "call_id",
                surplus[file],
                "calls",
                f"{call_id}{other}",
                _ADVICE,
            )

    def _repeated(self, part: str) -> list[tuple[int, int, str, int]]:
        """Of each file: how many of its calls are there before, one of them, and where."""
        return self._connection.execute(f"""
            SELECT last_file, sum(surplus)::BIGINT, min(call_id), arg_min(first_file, call_id)
            FROM (
                SELECT call_id, max(file) AS last_file, min(file) AS first_file,
                    count(*) - 1 AS surplus
                FROM {part} GROUP BY call_id HAVING count(*) > 1
            )
            GROUP BY last_file
        """).fetchall()  # noqa: S608 - a table of this class

    def _divide(self) -> None:
        if not self._parts:
            self._parts = [f"part_{number}" for number in range(PARTS)]
            for part in self._parts:
                self._make(part)
        for number, part in enumerate(self._parts):
            self._connection.execute(
                f"INSERT INTO {part} FROM fresh WHERE hash(call_id) % {PARTS} = {number}"
            )
        self._make("fresh")
        self._fresh = 0

    def _make(self, table: str) -> None:
        self._connection.execute(f"CREATE OR REPLACE TABLE {table} (call_id VARCHAR, file INTEGER)")
