"""What the benchmark holds an export against: each of the other ways gives all of the rows."""

import json

import pytest

from tests.clients.conftest import BIN, STATEMENT, Clients
from tests.clients.programs.rows import Row
from tests.functional.athena_caller import DATABASE, WORKGROUP

BUCKET = "arrived"


@pytest.mark.parametrize("name", ["wrangler", "pandas_cursor", "csv_writer"])
def test_every_row_is_written_and_uploaded(clients: Clients, logged: list[Row], name: str) -> None:
    made = clients.aws("s3", "mb", f"s3://{BUCKET}-{name.replace('_', '-')}")
    assert made.status == 0, made.errors
    bucket = f"{BUCKET}-{name.replace('_', '-')}"
    arguments = f'{name} {WORKGROUP} {DATABASE} {bucket} . "{STATEMENT}"'
    ended = clients.bash(f"{BIN / 'python'} -m benchmarks.programs.others {arguments}")
    assert ended.status == 0, ended.errors
    assert json.loads(ended.output)["rows"] == len(logged)
    copied = clients.aws("s3", "cp", f"s3://{bucket}/bench/{name}.csv", "arrived.csv")
    assert copied.status == 0, copied.errors
    assert (clients.folder / "arrived.csv").read_bytes() == (
        clients.folder / f"{name}.csv"
    ).read_bytes()
