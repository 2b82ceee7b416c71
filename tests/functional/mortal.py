"""Invocations of the export function that may end in the middle."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

from local.lambda_runtime import LambdaRuntime
from local.stack import LocalStack
from tests.functional.limited import limited_template

SWEEP = {"task": "sweep"}
_NAME = "ExportFunction"


@dataclass(frozen=True)
class MortalFunction:
    """The export function, but for `mortal_export`."""

    runtime: LambdaRuntime

    def dies(self, event: Any, *, after: int, request_id: str) -> bool:
        """Let the process die after so many answers of AWS; False where it came to its end."""
        return bool(self._run(event, after, 0, request_id)["died"])

    def invoke(self, event: Any, *, request_id: str = "", ahead_seconds: float = 0) -> Any:
        """The answer to an event, from a process that lives, with a clock that may be ahead."""
        outcome = self._run(event, None, ahead_seconds, request_id or str(uuid4()))
        assert "answer" in outcome, outcome
        return outcome["answer"]

    def _run(
        self, event: Any, dies_after: int | None, ahead_seconds: float, request_id: str
    ) -> Mapping[str, Any]:
        wrapped = {"event": event, "dies_after": dies_after, "ahead_seconds": ahead_seconds}
        invocation = self.runtime.run(_NAME, wrapped, request_id)
        assert invocation.error is None, invocation.error
        outcome: dict[str, Any] = invocation.response
        return outcome


@contextmanager
def mortal_function(stack: LocalStack, logs: Path, row_limit: int) -> Iterator[MortalFunction]:
    """The function over a stack's AWS, under a row limit; its log is in `logs`."""
    known = limited_template(stack, row_limit).functions()[_NAME]
    function = replace(known, handler="tests.functional.mortal_export.handler")
    with LambdaRuntime({_NAME: function}, stack.aws.environment, logs) as runtime:
        yield MortalFunction(runtime)
