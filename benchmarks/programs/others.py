"""What people write instead: `others NAME WORKGROUP DATABASE BUCKET FOLDER STATEMENT`.

Runs under `.clients`, and imports nothing of the product. Each runs the statement, writes a CSV
into the folder and uploads it. Prints how many seconds that took once everything was imported, the
rows of the file, and the peak of memory in MiB.
"""

import csv
import json
import sys
import time
from pathlib import Path
from typing import Any

import awswrangler
import boto3
import pyathena
from pyathena.pandas.cursor import PandasCursor

from benchmarks.programs.peak import peak_mb

_LOOK_EVERY = 0.1  # seconds; by default, they look once a second


def wrangler(workgroup: str, database: str, statement: str, file: Path) -> int:
    """awswrangler's `read_sql_query` → `to_csv`."""
    frame = awswrangler.athena.read_sql_query(
        statement,
        database=database,
        workgroup=workgroup,
        ctas_approach=False,
        athena_query_wait_polling_delay=_LOOK_EVERY,
    )
    frame.to_csv(file, index=False)
    return len(frame)


def pandas_cursor(workgroup: str, database: str, statement: str, file: Path) -> int:
    """PyAthena's pandas cursor → `to_csv`."""
    frame: Any = _connect(workgroup, database).cursor(PandasCursor).execute(statement).as_pandas()
    frame.to_csv(file, index=False)
    return len(frame)


def csv_writer(workgroup: str, database: str, statement: str, file: Path) -> int:
    """PyAthena's cursor → `csv.writer`."""
    cursor = _connect(workgroup, database).cursor()
    cursor.execute(statement)
    rows = 0
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow([column[0] for column in cursor.description or []])
        for row in cursor:
            writer.writerow(row)
            rows += 1
    return rows


def _connect(workgroup: str, database: str) -> Any:
    return pyathena.connect(work_group=workgroup, schema_name=database, poll_interval=_LOOK_EVERY)


OTHERS = {"wrangler": wrangler, "pandas_cursor": pandas_cursor, "csv_writer": csv_writer}

if __name__ == "__main__":
    name, workgroup, database, bucket, folder, statement = sys.argv[1:]
    file = Path(folder) / f"{name}.csv"
    began = time.perf_counter()
    rows = OTHERS[name](workgroup, database, statement, file)
    boto3.client("s3").upload_file(str(file), bucket, f"bench/{name}.csv")
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "rows": rows, "peak_mb": peak_mb()}))  # noqa: T201
