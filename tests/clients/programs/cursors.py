"""Runs a statement with one of PyAthena's cursors: `cursors NAME STATEMENT`.

Prints the rows as text, and what types their values had.
"""

import json
import os
import sys
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pyarrow.fs
import pyathena
from pyathena.arrow.cursor import ArrowCursor
from pyathena.async_cursor import AsyncCursor
from pyathena.connection import Connection
from pyathena.cursor import DictCursor
from pyathena.pandas.cursor import PandasCursor

from tests.clients.programs.rows import as_text

Columns = Mapping[str, list[Any]]


def default(connection: Connection[Any], statement: str) -> Columns:
    cursor = connection.cursor()
    cursor.execute(statement)
    names = [column[0] for column in cursor.description or []]
    return dict(zip(names, map(list, zip(*cursor.fetchall(), strict=True)), strict=True))


def dictionaries(connection: Connection[Any], statement: str) -> Columns:
    cursor = connection.cursor(DictCursor)
    cursor.execute(statement)
    rows: list[Any] = cursor.fetchall()
    return {name: [row[name] for row in rows] for name in rows[0]}


def pandas(connection: Connection[Any], statement: str) -> Columns:
    frame: Any = connection.cursor(PandasCursor).execute(statement).as_pandas()
    return {name: list(frame[name]) for name in frame.columns}


def arrow(connection: Connection[Any], statement: str) -> Columns:
    find_s3_here()
    table = connection.cursor(ArrowCursor).execute(statement).as_arrow()
    columns: Columns = table.to_pydict()
    return columns


def asynchronous(connection: Connection[Any], statement: str) -> Columns:
    with connection.cursor(AsyncCursor) as cursor:
        _, future = cursor.execute(statement)
        result = future.result()
        names = [column[0] for column in result.description]
        return dict(zip(names, map(list, zip(*result.fetchall(), strict=True)), strict=True))


def find_s3_here() -> None:
    """PyAthena makes pyarrow's file system with a region alone, and pyarrow asks no variable."""
    pyarrow.fs.S3FileSystem = partial(
        pyarrow.fs.S3FileSystem, endpoint_override=os.environ["AWS_ENDPOINT_URL"]
    )


CURSORS: dict[str, Callable[[Connection[Any], str], Columns]] = {
    "default": default,
    "dict": dictionaries,
    "pandas": pandas,
    "arrow": arrow,
    "async": asynchronous,
}

if __name__ == "__main__":
    name, work_group, database, statement = sys.argv[1:]
    with pyathena.connect(
        work_group=work_group, schema_name=database, poll_interval=0.1
    ) as connected:
        found = CURSORS[name](connected, statement)
    types = {
        column: sorted({type(value).__name__ for value in values if as_text(value) is not None})
        for column, values in found.items()
    }
    rows = [[as_text(value) for value in row] for row in zip(*found.values(), strict=True)]
    json.dump({"types": types, "rows": rows}, sys.stdout)
