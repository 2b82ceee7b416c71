"""The two statements of an export: its rows, and the summary that checks and totals them.

Values reach SQL only here, as literals written by PyAthena's formatter. The SQL means the same
on Trino, the engine under Athena, and on DuckDB, the local one.
"""

from dataclasses import dataclass, field
from typing import Any

from pyathena.formatter import DefaultParameterFormatter

from shared.call_log import (
    CSV_COLUMNS,
    FILTERS,
    SUMMANDS,
    TABLE,
    Columns,
    CsvColumn,
)
from shared.spreadsheet import UNSAFE_TEXT_PATTERN, neutralised
from shared.timeframe import Timeframe

_formatter = DefaultParameterFormatter()


@dataclass(frozen=True)
class CallSelection:
    """Which calls are meant.

    Attributes:
        workspace_id: The one workspace.
        timeframe: When they were made.
        filters: Column of the call-log table → the values to keep.
    """

    workspace_id: str
    timeframe: Timeframe
    filters: dict[str, tuple[str, ...]] = field(default_factory=dict)


def rows_query(
    selection: CallSelection,
    *,
    row_limit: int,
    columns: Columns = Columns.STANDARD,
    spreadsheet_safe: bool = True,
) -> str:
    """The statement whose result file is the CSV: one row per call, oldest first.

    It asks for one row more than the limit, so that too many can be told from just enough.
    """
    expressions = ",\n  ".join(
        f'{_cell(column, spreadsheet_safe=spreadsheet_safe)} AS "{column.header}"'
        for column in CSV_COLUMNS[columns]
    )
    where, parameters = where_clause(selection)
    return _formatter.format(
        f"SELECT\n  {expressions}\nFROM {TABLE}\n{where}\n"
        "ORDER BY called_at, call_id\nLIMIT %(limit)s",
        {**parameters, "unsafe_text": UNSAFE_TEXT_PATTERN, "limit": row_limit + 1},
    )


A_SUMMARY_HAS = "by_model"
"""A column that no other result has."""


def summary_query(selection: CallSelection) -> str:
    """The statement that counts and totals the same calls.

    Its result has two kinds of rows: one per UTC hour (`hour` filled, as
    `YYYY-MM-DD HH:MM:SS`), and one per provider and model (`by_model` is 1). Columns:
    hour, provider, model, by_model, rows, input_tokens, output_tokens, scaled_cost,
    unpriced_calls.
    """
    where, parameters = where_clause(selection)
    return _formatter.format(
        f"""WITH calls AS (
  SELECT
    date_trunc('hour', called_at) AS called_hour,
    provider,
    model,
    {SUMMANDS}
  FROM {TABLE}
  {where}
)
SELECT
  date_format(called_hour, '%%Y-%%m-%%d %%H:%%i:%%s') AS hour,
  provider,
  model,
  grouping(called_hour) AS by_model,
  count(*) AS "rows",
  sum(input_tokens) AS input_tokens,
  sum(output_tokens) AS output_tokens,
  sum(scaled_cost) AS scaled_cost,
  sum(unpriced) AS unpriced_calls
FROM calls
GROUP BY GROUPING SETS ((called_hour), (provider, model))""",  # noqa: S608 - constants only
        parameters,
    )


def _cell(column: CsvColumn, *, spreadsheet_safe: bool) -> str:
    if column.is_text and spreadsheet_safe:
        return neutralised(column.sql)
    return column.sql.replace("%", "%%")  # for the formatter


def where_clause(selection: CallSelection) -> tuple[str, dict[str, Any]]:
    """The WHERE clause that picks a selection's calls, and its parameters."""
    timeframe = selection.timeframe
    conditions = [
        "workspace_id = %(workspace_id)s",
        "day BETWEEN %(first_day)s AND %(last_day)s",  # the partitions to read
        "called_at >= %(start)s",
        "called_at < %(end)s",
        *(f"{column} IN %({column})s" for column in selection.filters),
    ]
    if unknown := selection.filters.keys() - set(FILTERS.values()):
        raise ValueError(f"not a column to filter by: {sorted(unknown)}")
    parameters: dict[str, Any] = {
        "workspace_id": selection.workspace_id,
        "first_day": timeframe.first_day.isoformat(),  # text: the partition column is a string
        "last_day": timeframe.last_day.isoformat(),
        "start": timeframe.start,
        "end": timeframe.end,
        **selection.filters,
    }
    return "WHERE " + "\n  AND ".join(conditions), parameters
