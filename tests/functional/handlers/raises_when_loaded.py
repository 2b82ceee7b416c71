"""Lacks a setting."""

import os

TABLE = os.environ["NO_SUCH_SETTING"]


def handler(event: object, context: object) -> None: ...
