"""Runs the functions of `handlers`, each of which shows something that the runtime does."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local.lambda_runtime import LambdaError, LambdaRuntime
from local.template import LambdaFunction

NAME = "Probe"
STACK = {"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_REGION": "eu-central-1"}


def probe(handler: str, *, timeout: int = 10, **environment: str) -> LambdaFunction:
    """A function of `handlers`, by its module and name."""
    return LambdaFunction(NAME, f"tests.functional.handlers.{handler}", environment, timeout, 256)


def running(function: str | LambdaFunction, logs: Path, **options: Any) -> LambdaRuntime:
    """A runtime, to be entered, with one function called `NAME`."""
    if isinstance(function, str):
        function = probe(function)
    return LambdaRuntime({NAME: function}, STACK, logs, **options)


def error_of(function: str | LambdaFunction, logs: Path, event: Any, **options: Any) -> LambdaError:
    """What the function's caller gets, where that is an error."""
    with running(function, logs, **options) as runtime, pytest.raises(LambdaError) as error:
        runtime.invoke(NAME, event)
    return error.value


def eventually(condition: Callable[[], object], seconds: float = 5) -> bool:
    """Whether the condition comes true in time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
