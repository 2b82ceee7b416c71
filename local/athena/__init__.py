"""A local Athena: moto's Athena API over an engine that really runs the SQL.

It keeps the promises that the product relies on: states, cancelling, workgroups, request tokens,
partition projection, the bytes-scanned cutoff and the format of the result files.
"""

from local.athena.backend import athena_running_on
from local.athena.duckdb_engine import DuckDbEngine
from local.athena.engine import Engine
from local.athena.executions import QueryExecutions

__all__ = ["DuckDbEngine", "Engine", "QueryExecutions", "athena_running_on"]
