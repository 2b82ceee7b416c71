"""What statements mean on the local Athena. Expected values are what Trino answers."""

from typing import Any

import pytest

from local.stack import LocalStack
from tests.functional.athena_caller import SINCE_SAMPLES, AthenaCaller

NIGHTS = (  # around Berlin's changes to and from summer time
    "(VALUES (timestamp '2026-03-29 00:30:00.123', 3, 1.5, 'a'),"
    " (timestamp '2026-10-25 00:30:00.000', NULL, 0.000001, NULL),"
    " (timestamp '2026-10-25 01:30:00.000', -7, 2.25, 'é😀')) t(ts, n, p, s)"
)


@pytest.fixture(scope="module")
def caller(stack: LocalStack) -> AthenaCaller:
    return AthenaCaller(stack.aws)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("7 / 2, -7 / 2, 7 % 2, -7 % 2", ("3", "-3", "1", "-1")),
        ("decimal '0.000001', decimal '-1.50'", ("0.000001", "-1.50")),
        ("cast('7' AS decimal)", ("7",)),
        ("cast('0.000001' AS decimal(6, 6)) * 3", ("0.000003",)),
        ("cast(0.000001 AS varchar)", ("0.000001",)),
        ("decimal '0.000001' * decimal '0.000001'", ("0.000000000001",)),
        ("1e0, 1e10, 1e-7, 0.1e0, -0e0", ("1.0", "1.0E10", "1.0E-7", "0.1", "-0.0")),
        ("cast('NaN' AS double), -cast('Infinity' AS double)", ("NaN", "-Infinity")),
        ("true, false, NULL, ''", ("true", "false", None, "")),
        (
            "date '2026-01-31', timestamp '2026-01-31 23:59:59.9'",
            ("2026-01-31", "2026-01-31 23:59:59.900"),
        ),
        (
            "'a\"b', 'it''s', 'back\\slash', 'line\nbreak', '%', '😀'",
            ('a"b', "it's", "back\\slash", "line\nbreak", "%", "😀"),
        ),
        ("ARRAY[1, 2], ARRAY['a', NULL], ARRAY[1.5]", ("[1, 2]", "[a, null]", "[1.5]")),
        ("MAP(ARRAY['k'], ARRAY[1]), to_utf8('hé')", ("{k=1}", "68 c3 a9")),
        ("length('é😀'), upper('é'), 'a' || NULL", ("2", "É", None)),
        ("extract(dow FROM date '2026-11-22'), day_of_week(date '2026-11-22')", ("7", "7")),
        ("count(*), sum(x), avg(x) FROM (VALUES 1, 2) v(x)", ("2", "3", "1.5")),
        ("regexp_like('Abc', '(?i)^aB'), regexp_like('abc', '^b')", ("true", "false")),
        ("approx_percentile(x, 0.5) FROM (VALUES 10, 20, 30) v(x)", ("20",)),
        ("approx_percentile(x, ARRAY[0.5]) FROM (VALUES 10, 20, 30) v(x)", ("[20]",)),
    ],
)
def test_an_expression_has_athenas_value_in_athenas_text(
    caller: AthenaCaller, expression: str, expected: tuple[str | None, ...]
) -> None:
    assert caller.run(f"SELECT {expression}").row == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (
            "date_format(ts AT TIME ZONE 'Europe/Berlin', '%Y-%m-%d %H:%i:%s')",
            ["2026-03-29 01:30:00", "2026-10-25 02:30:00", "2026-10-25 02:30:00"],
        ),
        (
            "cast(date_trunc('day', ts AT TIME ZONE 'America/New_York') AS timestamp)",
            ["2026-03-28 00:00:00.000", "2026-10-24 00:00:00.000", "2026-10-24 00:00:00.000"],
        ),
        (
            "cast(ts AT TIME ZONE 'UTC' AT TIME ZONE 'Asia/Tokyo' AS date)",
            ["2026-03-29", "2026-10-25", "2026-10-25"],
        ),
        ("hour(ts AT TIME ZONE 'Asia/Kolkata')", ["6", "6", "7"]),
        (
            "cast(date_trunc('week', ts) AS timestamp)",
            ["2026-03-23 00:00:00.000", "2026-10-19 00:00:00.000", "2026-10-19 00:00:00.000"],
        ),
        (
            "substr(date_format(ts, '%Y-%m-%d %H:%i:%s.%f'), 1, 23)",
            ["2026-03-29 00:30:00.123", "2026-10-25 00:30:00.000", "2026-10-25 01:30:00.000"],
        ),
        ("n * p", ["4.500000", None, "-15.750000"]),
        ("n BETWEEN 0 AND 5", ["true", None, "false"]),
    ],
)
def test_an_expression_over_rows(
    caller: AthenaCaller, expression: str, expected: list[str | None]
) -> None:
    answer = caller.run(f"SELECT {expression} AS x FROM {NIGHTS} ORDER BY ts")
    assert [row[0] for row in answer.rows] == expected


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ("1, 'a', count(*)", ("_col0", "_col1", "_col2")),
        ('1 AS "Input Token Price (USD/1M tokens)"', ("Input Token Price (USD/1M tokens)",)),
        ('1 AS "Mixed Case", 2 AS "with ""quotes"""', ("Mixed Case", 'with "quotes"')),
        ("1 AS a, 2 AS a", ("a", "a")),
    ],
)
def test_columns_are_named_as_athena_names_them(
    caller: AthenaCaller, columns: str, expected: tuple[str, ...]
) -> None:
    assert caller.run(f"SELECT {columns}").header == expected


def test_a_column_is_called_as_the_statement_writes_it(caller: AthenaCaller) -> None:
    sql = 'WITH t AS (SELECT 1 AS Foo, 2 AS "Bar baz") SELECT foo, "Bar baz" FROM t'
    assert caller.run(sql).header == ("foo", "Bar baz")


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("sum(x) FROM (VALUES 1) v(x)", ("bigint", 19, 0)),
        ("sum(cast(x AS decimal(38, 0))) FROM (VALUES 1) v(x)", ("decimal", 38, 0)),
        ("sum(x * decimal '0.000001') FROM (VALUES 1) v(x)", ("decimal", 38, 6)),
        ("grouping(x) FROM (VALUES 1) v(x) GROUP BY x", ("integer", 10, 0)),
        ("count(*)", ("bigint", 19, 0)),
        ("1", ("integer", 10, 0)),
        ("timestamp '2026-01-01 00:00:00.000'", ("timestamp", 3, 0)),
        ("'a'", ("varchar", 2_147_483_647, 0)),
        ("true", ("boolean", 0, 0)),
        ("1e0", ("double", 17, 0)),
        ("date '2026-01-01'", ("date", 0, 0)),
    ],
)
def test_a_result_has_athenas_type(
    caller: AthenaCaller, expression: str, expected: tuple[str, int, int]
) -> None:
    query_id = caller.run(f"SELECT {expression}").execution["QueryExecutionId"]
    answer = caller.athena.get_query_results(QueryExecutionId=query_id)
    (column,) = answer["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
    assert (column["Type"], column["Precision"], column["Scale"]) == expected


def test_grouping_sets_tell_their_totals_apart(caller: AthenaCaller) -> None:
    answer = caller.run(
        "SELECT x, grouping(x) AS total, count(*) FROM (VALUES 1, 1, 2) t(x) "
        "GROUP BY GROUPING SETS ((x), ()) ORDER BY 2, 1"
    )
    assert answer.rows == [("1", "0", "2"), ("2", "0", "1"), (None, "1", "3")]


def test_nulls_come_last_in_either_direction(caller: AthenaCaller) -> None:
    for direction, expected in (("ASC", ["1", "2", None]), ("DESC", ["2", "1", None])):
        sql = f"SELECT x FROM (VALUES 2, NULL, 1) t(x) ORDER BY x {direction}"
        assert [row[0] for row in caller.run(sql).rows] == expected


WHERE = "WHERE workspace_id = 'ws-acme' AND day = '2026-01-01'"
in_its_own_words = pytest.mark.embedded("Trino refuses it with other words")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (f"SELECT nope FROM api_calls {WHERE}", "COLUMN_NOT_FOUND: line 1:8: Column 'nope' cannot"),
        (
            "SELECT 1,\n  t.z FROM (VALUES 1) t(y)",
            "COLUMN_NOT_FOUND: line 2:3: Column 't.z' cannot",
        ),
        ("SELECT foo(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'foo' not registered"),
        ("SELEC 1", "SYNTAX_ERROR: line 1:"),
        ("SELECT 'a", "SYNTAX_ERROR: line 1:"),
        ("SELECT 1 FROM", "SYNTAX_ERROR: line 1:"),
        ("SELECT 1 FROM nope", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.api_usage.nope'"),
        ("SELECT 1 FROM nope.api_calls", "SCHEMA_NOT_FOUND: line 1:15: Schema 'nope' does not"),
        ("SELECT 1 FROM nope.a.b", "CATALOG_NOT_FOUND: line 1:15: Catalog 'nope' not found"),
        ("SELECT 1/0", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT cast('a' AS bigint)", "INVALID_CAST_ARGUMENT: "),
        ("SELECT regexp_like('a', '(')", "INVALID_FUNCTION_ARGUMENT: "),
        (
            "SELECT sum(x) FROM (VALUES 9223372036854775807, 1) t(x)",
            "NUMERIC_VALUE_OUT_OF_RANGE: ",
        ),
        (
            "SELECT y, count(*) FROM (VALUES 1) t(y)",
            "EXPRESSION_NOT_AGGREGATE: line 1:8: 'y' must be an aggregate expression",
        ),
        (
            "SELECT y FROM (VALUES 1) t(y), (VALUES 1) u(y)",
            "AMBIGUOUS_NAME: line 1:8: Column 'y' is ambiguous",
        ),
        (
            "SELECT 1 FROM api_calls WHERE workspace_id = 'a' AND day = date '2026-01-01'",
            "TYPE_MISMATCH: line 1:",
        ),
        (
            "SELECT 1 FROM api_calls WHERE workspace_id = 'a' AND called_at >= '2026-01-01'",
            "TYPE_MISMATCH: line 1:",
        ),
        (
            "SELECT 1 FROM api_calls WHERE workspace_id = 'a' AND input_tokens IN ('1')",
            "TYPE_MISMATCH: line 1:",
        ),
        pytest.param("DROP TABLE api_calls", "NOT_SUPPORTED: ", marks=in_its_own_words),
        pytest.param("SELECT 1; SELECT 2", "NOT_SUPPORTED: ", marks=in_its_own_words),
        pytest.param(
            "SELECT * FROM read_csv('/etc/hostname')", "NOT_SUPPORTED: ", marks=in_its_own_words
        ),
    ],
)
def test_a_wrong_statement_fails_with_athenas_kind_of_reason(
    caller: AthenaCaller, sql: str, reason: str
) -> None:
    status = caller.failure(sql)
    assert status["StateChangeReason"].startswith(reason)
    error = status["AthenaError"]
    assert (error["ErrorCategory"], error["Retryable"]) == (2, False)
    assert error["ErrorMessage"] == status["StateChangeReason"]


@pytest.mark.parametrize(
    "table",
    [
        "api_calls",
        "API_CALLS",
        '"api_calls"',
        "api_usage.api_calls",
        '"api_usage"."api_calls"',
        '"awsdatacatalog"."api_usage"."api_calls"',
        "AwsDataCatalog.api_usage.api_calls AS c",
    ],
)
def test_a_table_is_found_by_any_of_its_names(caller: AthenaCaller, table: str) -> None:
    sql = (
        f"SELECT count(call_id) > 0 FROM {table} WHERE workspace_id = 'ws-acme' AND {SINCE_SAMPLES}"
    )
    assert caller.run(sql).row == ("true",)


@pytest.mark.parametrize("context", [{}, {"Catalog": "AwsDataCatalog"}])
def test_without_a_database_only_qualified_tables_are_found(
    caller: AthenaCaller, context: dict[str, Any]
) -> None:
    where = f"WHERE workspace_id = 'ws-acme' AND {SINCE_SAMPLES}"
    sql = f"SELECT count(call_id) > 0 FROM {{}} {where}"
    qualified = caller.run(sql.format("api_usage.api_calls"), QueryExecutionContext=context)
    assert qualified.row == ("true",)
    status = caller.failure(sql.format("api_calls"), QueryExecutionContext=context)
    assert status["StateChangeReason"].startswith("MISSING_SCHEMA_NAME: line 1:")


def test_columns_may_be_qualified_by_database_table_or_alias(caller: AthenaCaller) -> None:
    for name in ("api_usage.api_calls", "api_calls", "c"):
        table = "api_calls AS c" if name == "c" else name
        where = f"WHERE {name}.workspace_id = 'ws-acme' AND {SINCE_SAMPLES}"
        sql = f"SELECT max({name}.workspace_id) FROM {table} {where}"
        assert caller.run(sql).row == ("ws-acme",)


def test_a_common_table_expression_hides_a_table_of_its_name(caller: AthenaCaller) -> None:
    assert caller.run("WITH api_calls AS (SELECT 1 AS x) SELECT x FROM api_calls").row == ("1",)


def test_no_file_of_the_machine_can_be_read(caller: AthenaCaller) -> None:
    for table in ("'/etc/hostname'", '"/etc/hostname"'):
        caller.failure(f"SELECT * FROM {table}")
