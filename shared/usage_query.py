"""The one statement behind `GET /usage`.

Its sums are those of the export's control totals, so that charts and files cannot differ. Nothing
in it is an engine's approximation: every value is the same on Trino and on DuckDB.
"""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from pyathena.formatter import DefaultParameterFormatter

from shared.call_log import SUMMANDS, TABLE
from shared.local_time import (
    SQL_BUCKET_FORMAT,
    Granularity,
    bucket_sql,
    offset_periods,
    offset_sql,
)
from shared.queries import CallSelection, where_clause

SERIES_LENGTH = 8
"""Series by each dimension; everything else is one more, together."""

TABLE_LENGTH = 500
"""Rows of each table, likewise."""

A_REPORT_HAS = "grouping_set"
"""A column that no other result has."""

# What a row of the result is about. `grouping()` numbers the sets by the columns that they leave
# out.
_COLUMNS = ("bucket", "api_key_id", "provider", "model", "weekday", "hour_of_day")

# How calls are first counted: also by their completion times, where there are percentiles, and
# by the names of keys, for the latest.
_SETS: Mapping[str, tuple[str, ...]] = {
    "totals": ("completion_time",),
    "api_keys": ("api_key_id", "api_key_name", "completion_time"),
    "providers": ("provider", "completion_time"),
    "models": ("provider", "model", "completion_time"),
    "api_key_series": ("bucket", "api_key_id"),
    "provider_series": ("bucket", "provider"),
    "model_series": ("bucket", "provider", "model"),
    "busy_hours": ("weekday", "hour_of_day", "completion_time"),
}


def _number(columns: tuple[str, ...]) -> int:
    return int("".join("0" if column in columns else "1" for column in _COLUMNS), 2)


SET_NAMES = {str(_number(columns)): name for name, columns in _SETS.items()}
"""What `grouping_set` says in the result → which set a row belongs to."""

# Completion times are told apart by steps of less than 2 %, so that there are few of them
# however many calls there are.
_STEPS = {
    limit * scale: step * scale
    for scale in (1, 10, 100, 1_000)
    for limit, step in ((100, 1), (250, 2), (500, 5))
}
_COMPLETION_TIME = (
    "completion_time_ms - mod(completion_time_ms, CASE"
    + "".join(f" WHEN completion_time_ms < {limit} THEN {step}" for limit, step in _STEPS.items())
    + " ELSE 10000 END)"
)

_formatter = DefaultParameterFormatter()


def usage_query(selection: CallSelection, granularity: Granularity, timezone: str) -> str:
    """The statement that counts, totals and times a selection's calls in every way at once.

    Columns of its result: grouping_set (see `SET_NAMES`), bucket, is_kept (0 for all that are
    not among the costliest), api_key_id, provider, model, weekday, hour_of_day, api_key_name,
    calls, input_tokens, output_tokens, scaled_cost, unpriced_calls, p50, p95, p99 (none in
    series). A text that is missing is empty. Without calls there are no rows.
    """
    where, parameters = where_clause(selection)
    offset, offsets = offset_sql(offset_periods(selection.timeframe, ZoneInfo(timezone)))
    local = f"date_add('second', {offset}, called_at)"
    calls = f"""WITH calls AS (
  SELECT
    called_at,
    {bucket_sql(granularity, local, offset)} AS bucket,
    day_of_week({local}) AS weekday,
    hour({local}) AS hour_of_day,
    coalesce(api_key_id, '') AS api_key_id,
    api_key_name,
    coalesce(provider, '') AS provider,
    coalesce(model, '') AS model,
    {SUMMANDS},
    {_COMPLETION_TIME} AS completion_time
  FROM {TABLE}
  {where}
),"""  # noqa: S608 - constants only
    return _formatter.format(calls, {**parameters, **offsets}) + _REPORT


def _percentile(percent: int) -> str:
    """The time within which so many percent of the calls that have one were complete."""
    return f"min(CASE WHEN 100 * timed_so_far >= {percent} * timed THEN completion_time END)"


_GROUP = f"grouping_set, {', '.join(_COLUMNS)}"
_MEMBER = "grouping_set, api_key_id, provider, model"
_SERIES = ", ".join(number for number, name in SET_NAMES.items() if name.endswith("_series"))
_REPORT = f"""
counted AS (
  SELECT
    grouping({", ".join(_COLUMNS)}) AS grouping_set,
    {", ".join(_COLUMNS)},
    completion_time,
    date_format(max(called_at), '%Y-%m-%d %H:%i:%s.%f') || api_key_name AS dated_name,
    count(*) AS calls,
    count(completion_time) AS timed_calls,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(scaled_cost) AS scaled_cost,
    sum(unpriced) AS unpriced_calls
  FROM calls
  GROUP BY GROUPING SETS ({", ".join(f"({', '.join(columns)})" for columns in _SETS.values())})
),
timed AS (
  SELECT
    counted.*,
    sum(timed_calls) OVER (PARTITION BY {_GROUP}) AS timed,
    sum(timed_calls) OVER (PARTITION BY {_GROUP} ORDER BY completion_time) AS timed_so_far
  FROM counted
),
grouped AS (
  SELECT
    {_GROUP},
    substr(max(dated_name), 27) AS api_key_name,
    sum(calls) AS calls,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(scaled_cost) AS scaled_cost,
    sum(unpriced_calls) AS unpriced_calls,
    {_percentile(50)} AS p50,
    {_percentile(95)} AS p95,
    {_percentile(99)} AS p99
  FROM timed
  GROUP BY {_GROUP}
),
weighed AS (
  SELECT
    grouped.*,
    sum(scaled_cost) OVER (PARTITION BY {_MEMBER}) AS its_cost,
    sum(calls) OVER (PARTITION BY {_MEMBER}) AS its_calls
  FROM grouped
),
ranked AS (
  SELECT
    weighed.*,
    CASE WHEN dense_rank() OVER (
      PARTITION BY grouping_set
      ORDER BY its_cost DESC, its_calls DESC, api_key_id, provider, model
    ) <= CASE WHEN grouping_set IN ({_SERIES}) THEN {SERIES_LENGTH} ELSE {TABLE_LENGTH} END
      THEN 1 ELSE 0 END AS is_kept
  FROM weighed
)
SELECT
  grouping_set,
  date_format(bucket, '{SQL_BUCKET_FORMAT}') AS bucket,
  is_kept,
  CASE WHEN is_kept = 1 THEN api_key_id END AS api_key_id,
  CASE WHEN is_kept = 1 THEN provider END AS provider,
  CASE WHEN is_kept = 1 THEN model END AS model,
  weekday,
  hour_of_day,
  CASE WHEN is_kept = 1 THEN max(api_key_name) END AS api_key_name,
  sum(calls) AS calls,
  sum(input_tokens) AS input_tokens,
  sum(output_tokens) AS output_tokens,
  sum(scaled_cost) AS scaled_cost,
  sum(unpriced_calls) AS unpriced_calls,
  CASE WHEN is_kept = 1 THEN max(p50) END AS p50,
  CASE WHEN is_kept = 1 THEN max(p95) END AS p95,
  CASE WHEN is_kept = 1 THEN max(p99) END AS p99
FROM ranked
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8"""  # noqa: S608 - constants only
