"""Calls that are there twice, within a partition."""

from collections.abc import Iterator, Sequence
from typing import Final

import duckdb

from local.call_log_check.findings import Finding

_ADVICE: Final = (
    "Write each call once: it is counted and charged twice. A retried write needs the same file "
    "name."
)


class Duplicates:
    """The `call_id`s of a partition, in a table that DuckDB moves to disk when it grows.

    Args:
        connection: Sees each batch as `calls`.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        connection.execute("CREATE OR REPLACE TABLE seen (call_id VARCHAR, file INTEGER)")

    def add(self, file: int) -> None:
        """Takes note of the batch `calls`, of the partition's file of this number."""
        self._connection.execute(
            "INSERT INTO seen SELECT call_id, ? FROM calls WHERE call_id IS NOT NULL", [file]
        )

    def findings(self, files: Sequence[str]) -> Iterator[Finding]:
        """One for each file that has a call again; `files` are the names by number."""
        rows = self._connection.execute("""
            SELECT last_file, sum(surplus), any_value(call_id), any_value(first_file)
            FROM (
                SELECT call_id, max(file) AS last_file, min(file) AS first_file,
                    count(*) - 1 AS surplus
                FROM seen GROUP BY call_id HAVING count(*) > 1
            )
            GROUP BY last_file ORDER BY last_file
        """).fetchall()
        for last_file, surplus, call_id, first_file in rows:
            other = "" if first_file == last_file else f", also in {files[first_file]}"
            yield Finding(
                "duplicate",
                files[last_file],
                "call_id",
                int(surplus),
                "calls",
                f"{call_id}{other}",
                _ADVICE,
            )
