"""The one statement behind `GET /usage`.

Its sums are those of the export's control totals, so that charts and files cannot differ.
"""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from pyathena.formatter import DefaultParameterFormatter

from shared.call_log import SCALED_COST, TABLE, UNPRICED
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

# What a row of the result is about: the columns that are grouped by. `grouping()` numbers the
# sets by the columns that they leave out.
_COLUMNS = ("bucket", "api_key_id", "provider", "model", "weekday", "hour_of_day")
_SETS: Mapping[str, tuple[str, ...]] = {
    "totals": (),
    "api_keys": ("api_key_id",),
    "providers": ("provider",),
    "models": ("provider", "model"),
    "api_key_series": ("bucket", "api_key_id"),
    "provider_series": ("bucket", "provider"),
    "model_series": ("bucket", "provider", "model"),
    "busy_hours": ("weekday", "hour_of_day"),
}


def _number(columns: tuple[str, ...]) -> int:
    return int("".join("0" if column in columns else "1" for column in _COLUMNS), 2)


SET_NAMES = {str(_number(columns)): name for name, columns in _SETS.items()}
"""What `grouping_set` says in the result → which set a row belongs to."""

_formatter = DefaultParameterFormatter()


def usage_query(selection: CallSelection, granularity: Granularity, timezone: str) -> str:
    """The statement that counts, totals and times a selection's calls in every way at once.

    Columns of its result: grouping_set (see `SET_NAMES`), bucket, is_kept (0 for all that are
    not among the costliest), api_key_id, provider, model, weekday, hour_of_day, api_key_name,
    calls, input_tokens, output_tokens, scaled_cost, unpriced_calls, p50, p95, p99.
    """
    where, parameters = where_clause(selection)
    zone = ZoneInfo(timezone)
    offset, offsets = offset_sql(offset_periods(selection.timeframe, zone))
    local = f"date_add('second', {offset}, called_at)"
    is_series = " OR ".join(
        f"grouping_set = {_number(columns)}"
        for name, columns in _SETS.items()
        if name.endswith("_series")
    )
    columns = ", ".join(_COLUMNS)
    sets = ", ".join(f"({', '.join(names)})" for names in _SETS.values())
    bucket_format = SQL_BUCKET_FORMAT.replace("%", "%%")
    return _formatter.format(
        f"""WITH calls AS (
  SELECT
    called_at,
    {bucket_sql(granularity, local, offset)} AS bucket,
    day_of_week({local}) AS weekday,
    hour({local}) AS hour_of_day,
    api_key_id,
    api_key_name,
    provider,
    model,
    cast(coalesce(input_tokens, 0) AS decimal(38, 0)) AS input_tokens,
    cast(coalesce(output_tokens, 0) AS decimal(38, 0)) AS output_tokens,
    {SCALED_COST} AS scaled_cost,
    CASE WHEN {UNPRICED} THEN 1 ELSE 0 END AS unpriced,
    completion_time_ms
  FROM {TABLE}
  {where}
),
grouped AS (
  SELECT
    grouping({columns}) AS grouping_set,
    {columns},
    max_by(api_key_name, called_at) AS api_key_name,
    count(*) AS calls,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(scaled_cost) AS scaled_cost,
    sum(unpriced) AS unpriced_calls,
    approx_percentile(completion_time_ms, 0.5) AS p50,
    approx_percentile(completion_time_ms, 0.95) AS p95,
    approx_percentile(completion_time_ms, 0.99) AS p99
  FROM calls
  GROUP BY GROUPING SETS ({sets})
),
weighed AS (
  SELECT
    grouped.*,
    sum(scaled_cost) OVER (PARTITION BY grouping_set, api_key_id, provider, model) AS its_cost,
    sum(calls) OVER (PARTITION BY grouping_set, api_key_id, provider, model) AS its_calls
  FROM grouped
),
ranked AS (
  SELECT
    weighed.*,
    CASE WHEN dense_rank() OVER (
      PARTITION BY grouping_set
      ORDER BY its_cost DESC, its_calls DESC, api_key_id, provider, model
    ) <= CASE WHEN {is_series} THEN {SERIES_LENGTH} ELSE {TABLE_LENGTH} END
      THEN 1 ELSE 0 END AS is_kept
  FROM weighed
),
named AS (
  SELECT
    grouping_set,
    bucket,
    is_kept,
    CASE WHEN is_kept = 1 THEN api_key_id END AS api_key_id,
    CASE WHEN is_kept = 1 THEN provider END AS provider,
    CASE WHEN is_kept = 1 THEN model END AS model,
    weekday,
    hour_of_day,
    CASE WHEN is_kept = 1 THEN api_key_name END AS api_key_name,
    calls,
    input_tokens,
    output_tokens,
    scaled_cost,
    unpriced_calls,
    CASE WHEN is_kept = 1 THEN p50 END AS p50,
    CASE WHEN is_kept = 1 THEN p95 END AS p95,
    CASE WHEN is_kept = 1 THEN p99 END AS p99
  FROM ranked
)
SELECT
  grouping_set,
  date_format(bucket, '{bucket_format}') AS bucket,
  is_kept,
  api_key_id,
  provider,
  model,
  weekday,
  hour_of_day,
  max(api_key_name) AS api_key_name,
  sum(calls) AS calls,
  sum(input_tokens) AS input_tokens,
  sum(output_tokens) AS output_tokens,
  sum(scaled_cost) AS scaled_cost,
  sum(unpriced_calls) AS unpriced_calls,
  max(p50) AS p50,
  max(p95) AS p95,
  max(p99) AS p99
FROM named
GROUP BY grouping_set, bucket, is_kept, api_key_id, provider, model, weekday, hour_of_day""",  # noqa: S608 - constants only
        {**parameters, **offsets},
    )
