"""The whole system on one machine: AWS, identity provider, Lambda functions and gateway."""

from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from local.aws import LocalAws
from local.gateway import Gateway
from local.identity_provider import IdentityProvider
from local.lambda_runtime import LambdaRuntime
from local.template import Template

# Call logs lie still on one machine: nothing is on its way that an export should wait for.
_PARAMETERS = {"SettleMinutes": "0"}


class LocalStack:
    """Runs the system of `template.yaml` on 127.0.0.1 from a `with` block's start to its end.

    Args:
        call_logs: A folder in the layout of the call-log table.
        log_directory: Where each function's log goes.
        parameters: Of the template, beside its defaults.
        port: Of the gateway; 0 takes a free one.

    Raises:
        CallLogsError: The folder is not in that layout.
        TemplateParameterError: A parameter is not one the template takes.
        OSError: The port is not to be had.
    """

    def __init__(
        self,
        call_logs: Path,
        log_directory: Path,
        *,
        parameters: Mapping[str, str] = MappingProxyType({}),
        port: int = 0,
    ) -> None:
        self._call_logs = call_logs
        self._log_directory = log_directory
        self._parameters = parameters
        self._port = port
        self._running = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            self.identity_provider = starting.enter_context(IdentityProvider())
            self.template = Template.load(
                parameters={
                    **_PARAMETERS,
                    **self.identity_provider.template_parameters(),
                    **self._parameters,
                }
            )
            self.aws = starting.enter_context(LocalAws(self.template))
            self._runtime = starting.enter_context(
                LambdaRuntime(self.template.functions(), self.aws.environment, self._log_directory)
            )
            for function in self.template.functions():
                self._runtime.warm(function)  # while the call logs are put in place
            self.aws.add_call_logs(self._call_logs)
            self._gateway = starting.enter_context(Gateway(self.template, self.invoke, self._port))
            self._running = starting.pop_all()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._running.close()

    @property
    def url(self) -> str:
        """The API's address, without a slash at its end."""
        return self._gateway.url

    def invoke(self, function: str, event: Any) -> Any:
        """Invoke a function directly, as a schedule or the Lambda console does."""
        return self._runtime.invoke(function, event)
