"""Other people's clients, unmodified, against the local Athena."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyathena
import pytest
from pyathena.async_cursor import AsyncCursor
from pyathena.connection import Connection
from pyathena.cursor import DictCursor
from pyathena.s3fs.cursor import S3FSCursor

from local.stack import LocalStack
from tests.functional.athena_caller import DATABASE, SINCE_SAMPLES, WORKGROUP, AthenaCaller

OF_WORKSPACE = f"FROM api_calls WHERE workspace_id = 'ws-acme' AND {SINCE_SAMPLES}"


@pytest.fixture
def connection(stack: LocalStack, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection[Any]]:
    for name, value in stack.aws.environment.items():
        monkeypatch.setenv(name, value)
    with pyathena.connect(
        work_group=WORKGROUP, schema_name=DATABASE, poll_interval=0.02
    ) as connected:
        yield connected


def test_pyathenas_cursor_pages_through_typed_rows(
    connection: Connection[Any], stack: LocalStack
) -> None:
    cursor = connection.cursor()
    cursor.execute(
        "SELECT called_at, call_id, input_tokens, output_tokens, input_token_price "
        f"{OF_WORKSPACE} ORDER BY called_at, call_id LIMIT 2100"
    )
    rows = cursor.fetchall()

    assert len({row[1] for row in rows}) == 2100
    assert rows == sorted(rows, key=lambda row: row[:2])
    assert {type(row[0]) for row in rows} == {datetime}
    assert {type(row[3]) for row in rows} == {int, type(None)}  # NULL for embeddings
    assert {type(row[4]) for row in rows} == {Decimal}
    counted = AthenaCaller(stack.aws).run(f"SELECT count(*) {OF_WORKSPACE}").row
    assert int(counted[0] or 0) > 2100
    assert cursor.data_scanned_in_bytes


def test_pyathenas_dict_cursor_takes_parameters(connection: Connection[Any]) -> None:
    cursor = connection.cursor(DictCursor)
    cursor.execute(
        "SELECT %(text)s AS text, %(day)s AS day, 1.5e0 AS x, true AS flag, NULL AS nothing",
        {"text": 'it\'s 100% "ü"\n', "day": date(2026, 1, 1)},
    )
    assert cursor.fetchall() == [
        {
            "text": 'it\'s 100% "ü"\n',
            "day": date(2026, 1, 1),
            "x": 1.5,
            "flag": True,
            "nothing": None,
        }
    ]


def test_pyathenas_s3fs_cursor_reads_the_result_object(connection: Connection[Any]) -> None:
    cursor = connection.cursor(S3FSCursor)
    cursor.execute("SELECT x, CASE WHEN x = 2 THEN NULL ELSE 'a' END FROM (VALUES 1, 2) t(x)")
    assert cursor.fetchall() == [(1, "a"), (2, None)]


def test_pyathenas_async_cursor_waits_elsewhere(connection: Connection[Any]) -> None:
    with connection.cursor(AsyncCursor) as cursor:
        _, result = cursor.execute("SELECT 1 AS one")
        assert result.result().fetchall() == [(1,)]


def test_pyathena_raises_athenas_reason(connection: Connection[Any]) -> None:
    with pytest.raises(pyathena.OperationalError, match="COLUMN_NOT_FOUND: line 1:8"):
        connection.cursor().execute(f"SELECT nope {OF_WORKSPACE}")


def test_boto3s_paginator_reads_a_result_to_its_end(stack: LocalStack) -> None:
    caller = AthenaCaller(stack.aws)
    answer = caller.run(f"SELECT call_id {OF_WORKSPACE}")
    pages = caller.athena.get_paginator("get_query_results").paginate(
        QueryExecutionId=answer.execution["QueryExecutionId"]
    )
    read = [row["Data"][0]["VarCharValue"] for page in pages for row in page["ResultSet"]["Rows"]]
    assert read == ["call_id", *(row[0] for row in answer.rows)]
