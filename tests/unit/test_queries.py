"""Every statement reads one workspace of one table, and text in it stays text."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from shared.call_log import CSV_COLUMNS, FILTERS, Columns
from shared.queries import CallSelection, rows_query, summary_query
from shared.timeframe import Timeframe

TABLE_COLUMNS = {
    "workspace_id", "day", "call_id", "called_at", "api_key_id", "api_key_name", "provider",
    "model", "call_type", "input_tokens", "output_tokens", "completion_time_ms",
    "input_token_price", "output_token_price",
}  # fmt: skip

JANUARY = Timeframe(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))

TEXTS = st.one_of(
    st.text(min_size=1, max_size=30),
    st.text("'\"`\\%?;-()/*\n\r\t\0‘’“”„«»＇´′$:{}s", min_size=1, max_size=12),
    st.sampled_from(
        [
            "' OR '1'='1", "\\' OR 1=1 --", "'; DROP TABLE api_calls; --", "%(workspace_id)s",
            "%s", "%%", "%", "?", "/* */", "--", "x'y", "''", "\\", "ＯＲ １＝１",
        ]
    ),
)  # fmt: skip
FILTER_VALUES = st.dictionaries(
    st.sampled_from(sorted(FILTERS.values())), st.lists(TEXTS, min_size=1, max_size=4).map(tuple)
)
WORKSPACES = st.from_regex(r"\A[A-Za-z0-9_-]{1,64}\Z")
INSTANTS = st.datetimes(
    datetime.fromisoformat("2023-01-01"), datetime.fromisoformat("2035-01-01")
).map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC))
TIMEFRAMES = st.lists(INSTANTS, min_size=2, max_size=2, unique=True).map(
    lambda bounds: Timeframe(min(bounds), max(bounds))
)
SELECTIONS = st.builds(
    CallSelection, workspace_id=WORKSPACES, timeframe=TIMEFRAMES, filters=FILTER_VALUES
)


def parsed(statement: str) -> exp.Query:
    """The one statement that the text is."""
    statements = sqlglot.parse(statement, read="athena")
    assert len(statements) == 1
    (query,) = statements
    assert isinstance(query, exp.Select)
    assert not list(query.find_all(exp.Command, exp.DDL, exp.DML, exp.Subquery, exp.SetOperation))
    return query


def reading(query: exp.Query) -> exp.Select:
    """The one SELECT that reads the table; it reads nothing else."""
    names = {cte.alias for cte in query.find_all(exp.CTE)}
    tables = [table for table in query.find_all(exp.Table) if table.name not in names]
    assert [table.sql() for table in tables] == ["api_calls"]
    select = tables[0].find_ancestor(exp.Select)
    assert select is not None
    assert not select.args.get("joins")
    return select


def conditions(select: exp.Select) -> list[exp.Expr]:
    """What must all be true of a row."""
    where = select.args["where"].this
    return list(where.flatten()) if isinstance(where, exp.And) else [where]


def workspace_literals(select: exp.Select) -> list[str]:
    return [
        condition.expression.this
        for condition in conditions(select)
        if isinstance(condition, exp.EQ)
        and condition.this.name == "workspace_id"
        and isinstance(condition.expression, exp.Literal)
        and condition.expression.is_string
    ]


KINDS: dict[str, Callable[[CallSelection], str]] = {
    "rows": partial(rows_query, row_limit=10),
    "extended rows": partial(rows_query, row_limit=10, columns=Columns.EXTENDED),
    "rows as they are": partial(rows_query, row_limit=10, spreadsheet_safe=False),
    "summary": summary_query,
}
any_kind = pytest.mark.parametrize("kind", KINDS)
# Parsing takes its time: fewer examples, and each test runs for every kind.
parses = settings(max_examples=settings().max_examples // 6)


@any_kind
@given(selection=SELECTIONS)
@parses
def test_a_statement_selects_from_the_one_table_in_the_one_workspace(
    kind: str, selection: CallSelection
) -> None:
    select = reading(parsed(KINDS[kind](selection)))
    assert workspace_literals(select) == [selection.workspace_id]


@any_kind
@given(selection=SELECTIONS)
@parses
def test_a_statement_names_no_column_that_is_not_in_the_table(
    kind: str, selection: CallSelection
) -> None:
    query = parsed(KINDS[kind](selection))
    assert {column.name for column in reading(query).find_all(exp.Column)} <= TABLE_COLUMNS
    assert all(isinstance(star.parent, exp.Count) for star in query.find_all(exp.Star))


@any_kind
@given(selection=SELECTIONS)
@parses
def test_a_filter_value_is_one_literal_that_says_exactly_the_value(
    kind: str, selection: CallSelection
) -> None:
    kept = {
        condition.this.name: tuple(value.this for value in condition.expressions)
        for condition in conditions(reading(parsed(KINDS[kind](selection))))
        if isinstance(condition, exp.In)
    }
    assert kept == selection.filters


@any_kind
@given(selection=SELECTIONS)
@parses
def test_values_change_the_literals_of_a_statement_and_nothing_else(
    kind: str, selection: CallSelection
) -> None:
    plain = {column: ("x",) * len(kept) for column, kept in selection.filters.items()}
    harmless = replace(selection, filters=plain)
    query = parsed(KINDS[kind](selection))
    for condition in conditions(reading(query)):
        if isinstance(condition, exp.In):
            for value in condition.expressions:
                value.set("this", "x")
    assert query == parsed(KINDS[kind](harmless))


@any_kind
@given(selection=SELECTIONS)
@parses
def test_calls_of_the_timeframe_are_read_from_its_days_alone(
    kind: str, selection: CallSelection
) -> None:
    timeframe = selection.timeframe
    start, end = (
        f"TIMESTAMP '{instant:%Y-%m-%d %H:%M:%S}.{instant.microsecond // 1000:03}'"
        for instant in (timeframe.start, timeframe.end)
    )
    expected = parsed(
        f"SELECT 1 FROM api_calls WHERE day BETWEEN '{timeframe.first_day}'"
        f" AND '{timeframe.last_day}' AND called_at >= {start} AND called_at < {end}"
    )
    found = conditions(reading(parsed(KINDS[kind](selection))))
    assert found[1:4] == conditions(reading(expected))
    assert len(found) == 4 + len(selection.filters)


def test_the_last_day_is_the_one_of_the_last_millisecond() -> None:
    statement = rows_query(CallSelection("ws-acme", JANUARY), row_limit=10)
    assert "day BETWEEN '2026-01-01' AND '2026-01-31'" in statement


@pytest.mark.parametrize("row_limit", [1, 999_999, 1_000_000])
def test_rows_are_in_order_and_one_more_than_the_limit_is_asked_for(row_limit: int) -> None:
    query = parsed(rows_query(CallSelection("ws-acme", JANUARY), row_limit=row_limit))
    assert query.args["limit"].expression.sql() == str(row_limit + 1)
    assert [ordered.this.sql() for ordered in query.args["order"].expressions] == [
        "called_at",
        "call_id",
    ]
    assert not any(ordered.args.get("desc") for ordered in query.args["order"].expressions)


def test_the_columns_of_the_csv_are_these_ten() -> None:
    query = parsed(rows_query(CallSelection("ws-acme", JANUARY), row_limit=10))
    assert query.named_selects == [
        "Date",
        "API Key ID",
        "API Key Name",
        "Provider",
        "Model",
        "Input Tokens",
        "Output Tokens",
        "Completion Time (ms)",
        "Input Token Price (USD/1M tokens)",
        "Output Token Price (USD/1M tokens)",
    ]


def test_three_more_columns_follow_where_they_are_asked_for() -> None:
    selection = CallSelection("ws-acme", JANUARY)
    query = parsed(rows_query(selection, row_limit=10, columns=Columns.EXTENDED))
    assert query.named_selects[10:] == ["Call ID", "Call Type", "Total Cost (USD)"]
    standard = parsed(rows_query(selection, row_limit=10))
    assert query.expressions[:10] == standard.expressions


def test_every_text_column_is_made_safe_and_no_other() -> None:
    selection = CallSelection("ws-acme", JANUARY)
    query = parsed(rows_query(selection, row_limit=10, columns=Columns.EXTENDED))
    safe = {column.alias for column in query.expressions if column.find(exp.RegexpLike)}
    assert safe == {"API Key ID", "API Key Name", "Provider", "Model", "Call ID", "Call Type"}
    assert safe == {column.header for column in CSV_COLUMNS[Columns.EXTENDED] if column.is_text}


def test_text_is_left_alone_where_that_is_asked_for() -> None:
    selection = CallSelection("ws-acme", JANUARY)
    query = parsed(rows_query(selection, row_limit=10, spreadsheet_safe=False))
    assert query.find(exp.RegexpLike) is None


def test_the_same_selection_gives_the_same_text() -> None:
    # A request token stands for one text: with another, Athena refuses it.
    filters = {"model": ("a", "b"), "provider": ("c",)}
    first, second = (CallSelection("ws-acme", JANUARY, dict(filters)) for _ in range(2))
    assert rows_query(first, row_limit=10) == rows_query(second, row_limit=10)
    assert summary_query(first) == summary_query(second)


@any_kind
@pytest.mark.parametrize("column", ["workspace_id", "day", "1=1) OR (model", "called_at"])
def test_a_filter_on_any_other_column_is_refused(kind: str, column: str) -> None:
    with pytest.raises(ValueError, match="not a column to filter by"):
        KINDS[kind](CallSelection("ws-acme", JANUARY, {column: ("x",)}))
