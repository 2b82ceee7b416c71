"""The floor: the same SQL by DuckDB's own COPY to disk: `floor FILE CALL_LOGS STATEMENT`.

Prints how many seconds the COPY took, and the peak of memory in MiB.
"""

import json
import sys
import time

import duckdb

from benchmarks.programs.peak import peak_mb
from local.athena.statement import ParsedStatement


def copy(file: str, call_logs: str, sql: str) -> float:
    """Seconds it takes, with the settings of the local Athena's engine and values quoted alike."""
    statement = ParsedStatement(sql)
    for reference in statement.table_references():
        reference.replace_by("calls")
    with duckdb.connect(config={"integer_division": "true", "memory_limit": "2GB"}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            f"""CREATE VIEW calls AS
            SELECT * REPLACE (called_at::TIMESTAMP AS called_at)
            FROM read_parquet(
              '{call_logs}/*/*/*.parquet',
              hive_partitioning = true,
              hive_types = {{workspace_id: VARCHAR, day: VARCHAR}}
            )"""  # noqa: S608 - a folder of the benchmark's own
        )
        began = time.perf_counter()
        connection.execute(
            f"COPY ({statement.to_duckdb()}) TO '{file}' (FORMAT csv, HEADER, FORCE_QUOTE *)"
        )
        return time.perf_counter() - began


if __name__ == "__main__":
    print(json.dumps({"seconds": copy(*sys.argv[1:]), "peak_mb": peak_mb()}))  # noqa: T201
