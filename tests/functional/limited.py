"""The same system under other row limits: functions and a gateway of their own, over one AWS."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from local.gateway import Gateway
from local.lambda_runtime import LambdaRuntime
from local.stack import LocalStack
from local.template import Template
from tests.functional.conftest import WORKSPACE, Caller


@dataclass(frozen=True)
class LimitedSystem:
    """A system with one row limit."""

    stack: LocalStack
    runtime: LambdaRuntime
    url: str

    def admin(self, workspace: str = WORKSPACE) -> Caller:
        """An admin of a workspace."""
        return Caller(self.url, self.stack.identity_provider.token(workspace_id=workspace))

    def invoke(self, event: Any) -> Any:
        """The answer of the export function to a direct invocation."""
        return self.runtime.invoke("ExportFunction", event)


class Limited:
    """Systems by their row limit, from a `with` block's start to its end."""

    def __init__(self, stack: LocalStack, logs: Path) -> None:
        self._stack = stack
        self._logs = logs
        self._running = ExitStack()
        self._systems: dict[int, LimitedSystem] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._running.close()

    def to(self, row_limit: int) -> LimitedSystem:
        """The system in which an export may have so many rows."""
        if row_limit not in self._systems:
            template = limited_template(self._stack, row_limit)
            runtime = self._running.enter_context(
                LambdaRuntime(template.functions(), self._stack.aws.environment, self._logs)
            )
            gateway = self._running.enter_context(Gateway(template, runtime.invoke))
            self._systems[row_limit] = LimitedSystem(self._stack, runtime, gateway.url)
        return self._systems[row_limit]


def limited_template(stack: LocalStack, row_limit: int) -> Template:
    """A stack's template, but for its row limit."""
    parameters = {**stack.template.parameters, "RowLimit": str(row_limit)}
    return Template.load(parameters={name: str(value) for name, value in parameters.items()})
