"""The engines that can run Athena's SQL on this machine, by the names a person chooses them by."""

from collections.abc import Callable
from enum import StrEnum

from local.athena import Engine
from local.aws import duckdb_engine
from local.trino import trino_engine


class EngineName(StrEnum):
    """What runs the SQL."""

    DUCKDB = "duckdb"
    TRINO = "trino"


def engine_named(name: EngineName, tell: Callable[[str], None]) -> Callable[[str], Engine]:
    """What makes the engine, given the address of the AWS services.

    Args:
        name: Which one.
        tell: Is told what takes its time.
    """
    return trino_engine(tell) if name is EngineName.TRINO else duckdb_engine
