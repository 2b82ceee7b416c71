"""What Athena promises, kept by Trino itself."""

import time
from contextlib import closing

import pytest

from local.athena.engine import QueryCancelledError, Statement
from local.stack import LocalStack
from local.template import Template
from tests.functional.athena_caller import DATABASE, AthenaCaller
from tests.functional.test_local_athena_api import FOR_EVER
from tests.trino.both_engines import EitherEngine, found

pytestmark = pytest.mark.trino


def states_in_trino(both: EitherEngine, statement: str) -> set[tuple[str | None, ...]]:
    """State and error of Trino's queries with this text."""
    text = statement.replace("'", "''")
    sql = f"SELECT state, error_code FROM system.runtime.queries WHERE query = '{text}'"
    return set(found(both.trino, sql).rows)


def eventually(both: EitherEngine, statement: str, state: tuple[str | None, ...]) -> None:
    deadline = time.monotonic() + 120
    while (states := states_in_trino(both, statement)) != {state}:
        assert time.monotonic() < deadline, states
        time.sleep(0.2)


def test_a_query_that_is_stopped_is_ended_in_trino(stack: LocalStack, both: EitherEngine) -> None:
    caller = AthenaCaller(stack.aws)
    statement = f"{FOR_EVER} AND 'stopped' = 'stopped'"
    with both.on(both.trino):
        query_id = caller.start(statement)
    eventually(both, statement, ("RUNNING", None))
    caller.athena.stop_query_execution(QueryExecutionId=query_id)
    status = caller.ended(query_id)["Status"]
    assert (status["State"], status["StateChangeReason"]) == (
        "CANCELLED",
        "Query cancelled by user",
    )
    eventually(both, statement, ("FAILED", "USER_CANCELED"))


def test_a_query_that_is_cancelled_before_it_starts_never_does(both: EitherEngine) -> None:
    statement = "SELECT 'never started'"
    query = both.trino.query(Statement(statement))
    query.cancel()
    with pytest.raises(QueryCancelledError):
        query.run()
    assert states_in_trino(both, statement) == set()


def test_a_query_that_is_left_before_its_end_is_ended(both: EitherEngine) -> None:
    statement = "SELECT x, y FROM UNNEST(sequence(1, 9000)) a(x), UNNEST(sequence(1, 9000)) b(y)"
    with closing(both.trino.query(Statement(statement))) as query:
        next(query.run().batches)
    eventually(both, statement, ("FAILED", "USER_CANCELED"))


def test_the_catalog_cannot_be_changed(stack: LocalStack, both: EitherEngine) -> None:
    with both.on(both.trino):
        status = AthenaCaller(stack.aws).failure("DROP TABLE api_calls")
    assert status["StateChangeReason"].startswith("PERMISSION_DENIED: Access Denied")
    (table,) = stack.aws.client("glue").get_tables(DatabaseName=DATABASE)["TableList"]
    assert table["Name"] == "api_calls"


def test_the_table_is_the_templates(stack: LocalStack, both: EitherEngine) -> None:
    (declared,) = Template.load().of_type("AWS::Glue::Table").values()
    columns = [
        *declared["TableInput"]["StorageDescriptor"]["Columns"],
        *declared["TableInput"]["PartitionKeys"],
    ]
    names = {"string": "varchar", "timestamp": "timestamp(3)"}
    shown = found(both.trino, "SHOW COLUMNS FROM api_calls").rows
    assert [row[:2] for row in shown] == [
        (column["Name"], names.get(column["Type"], column["Type"])) for column in columns
    ]


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("ARRAY[1.5, NULL]", "[1.5, null]"),
        ("ARRAY[ARRAY['a'], ARRAY[]]", "[[a], []]"),
        ("MAP(ARRAY[1, 2], ARRAY[true, NULL])", "{1=true, 2=null}"),
        ("cast(row(1, 'x') AS row(a integer, b varchar))", "{a=1, b=x}"),
        ("row(1, 2e0)", "{field0=1, field1=2.0}"),
        ("to_utf8('hé')", "68 c3 a9"),
        ("real '0.1', real '1e10'", "0.1 1.0E10"),
        ("-cast('Infinity' AS double)", "-Infinity"),
        ("timestamp '2026-01-31 23:59:59.123456'", "2026-01-31 23:59:59.123"),
        (
            "timestamp '2026-01-31 12:00:00' AT TIME ZONE 'Asia/Kolkata'",
            "2026-01-31 17:30:00.000 Asia/Kolkata",
        ),
        ("cast(0.0000001 AS decimal(38, 7))", "0.0000001"),
        ("NULL", "None"),
    ],
)
def test_a_value_is_written_as_athena_writes_it(
    both: EitherEngine, expression: str, text: str
) -> None:
    (row,) = found(both.trino, f"SELECT {expression}").rows
    assert " ".join(map(str, row)) == text
