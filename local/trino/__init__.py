"""Trino, the engine under Athena, on this machine; fetched and started on request.

>>> with LocalAws(template, engine=trino_engine(print)) as aws: ...
"""

from local.trino.distribution import distribution
from local.trino.engine import TrinoEngine, trino_engine
from local.trino.server import TrinoServer, TrinoStartError

__all__ = ["TrinoEngine", "TrinoServer", "TrinoStartError", "distribution", "trino_engine"]
