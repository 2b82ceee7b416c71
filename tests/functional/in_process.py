"""A function's module in this very process, over a stack's AWS: to be watched and disturbed."""

import importlib
import io
import json
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest

from local.stack import LocalStack

Disturbance = Callable[[str], None]


class Context:
    """Of an invocation, as Lambda gives it to a handler."""

    function_name = "in-process"
    function_version = "$LATEST"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:in-process"

    def __init__(self, remaining_ms: int) -> None:
        self.aws_request_id = str(uuid.uuid4())
        self._remaining_ms = remaining_ms

    def get_remaining_time_in_millis(self) -> int:
        return self._remaining_ms


@dataclass
class Loaded:
    """A function as a warm execution environment holds it.

    Attributes:
        module: That of the handler.
        log: What it has written down.
        aws_calls: The AWS operations that it has asked for, such as `PutObject`.
        disturb: Given each operation before it is sent; may raise.
        remaining_ms: How long an invocation may take, as it is told.
    """

    module: Any = None
    log: io.StringIO = field(default_factory=io.StringIO)
    aws_calls: list[str] = field(default_factory=list)
    disturb: Disturbance = lambda _: None
    remaining_ms: int = 60_000

    def invoke(self, event: Any) -> Any:
        """The handler's answer, through JSON and back as on Lambda."""
        answer = self.module.handler(json.loads(json.dumps(event)), Context(self.remaining_ms))
        return json.loads(json.dumps(answer))


@contextmanager
def loaded(stack: LocalStack, function: str) -> Iterator[Loaded]:
    """A function of the stack's template, loaded anew."""
    described = stack.template.functions()[function]
    name = described.handler.rpartition(".")[0]
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in {**described.environment, **stack.aws.environment}.items():
            patch.setenv(variable, value)
        patch.delitem(sys.modules, name, raising=False)
        patch.setattr(boto3, "DEFAULT_SESSION", None)
        boto3.setup_default_session()
        hooks = boto3._get_default_session().events  # which clients made from now on take
        made = Loaded()

        def watch(model: Any, **_: Any) -> None:
            made.aws_calls.append(model.name)
            made.disturb(model.name)

        hooks.register("before-call", watch)
        made.module = importlib.import_module(name)
        made.module.logger.registered_handler.setStream(made.log)
        yield made
        sys.modules.pop(name, None)
