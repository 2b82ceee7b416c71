"""The whole system on one machine: AWS, identity provider, Lambda functions and gateway."""

from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Self

from local.athena import Engine
from local.athena.executions import ACTIVE_QUERIES
from local.aws import LocalAws, duckdb_engine
from local.gateway import Gateway, HttpApi
from local.identity_provider import CLIENT_ID, IdentityProvider
from local.lambda_api import EventQueue, InvokeApi, QueueSettings, send_to_queue
from local.lambda_runtime import MAX_CONCURRENCY, LambdaRuntime
from local.page import PageConfig, PageSite
from local.template import Template

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

# Call logs lie still on one machine: nothing is on its way that an export should wait for.
_PARAMETERS = {"SettleMinutes": "0"}


@dataclass(frozen=True)
class Capacity:
    """How much AWS does at the same time, which accounts differ in.

    Attributes:
        invocations: Of each function; one more is throttled.
        active_queries: Athena's, those that wait included; one more is refused.
    """

    invocations: int = MAX_CONCURRENCY
    active_queries: int = ACTIVE_QUERIES


_CAPACITY = Capacity()


class LocalStack:
    """Runs the system of `template.yaml` on 127.0.0.1 from a `with` block's start to its end.

    Args:
        call_logs: A folder in the layout of the call-log table.
        log_directory: Where each function's log goes.
        parameters: Of the template, beside its defaults.
        port: Of the gateway; 0 takes a free one.
        page: The built page, to be served on the same port.
        engine: Makes the engine under Athena, given the address of the AWS services.
        capacity: How much AWS does at the same time.

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
        page: Path | None = None,
        engine: Callable[[str], Engine] = duckdb_engine,
        capacity: Capacity = _CAPACITY,
    ) -> None:
        self._call_logs = call_logs
        self.log_directory = log_directory
        self._parameters = parameters
        self._port = port
        self._page = page
        self._engine = engine
        self._capacity = capacity
        self._running = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            self.identity_provider = starting.enter_context(
                IdentityProvider(workspaces=_workspaces(self._call_logs))
            )
            self.template = Template.load(
                parameters={
                    **_PARAMETERS,
                    **({"ServePage": "true", "PageClientId": CLIENT_ID} if self._page else {}),
                    **self.identity_provider.template_parameters(),
                    **self._parameters,
                }
            )
            self.aws = starting.enter_context(
                LocalAws(
                    self.template,
                    engine=self._engine,
                    active_queries=self._capacity.active_queries,
                )
            )
            self._runtime = starting.enter_context(
                LambdaRuntime(
                    self.template.functions(),
                    self.aws.environment,
                    self.log_directory,
                    max_concurrency=self._capacity.invocations,
                )
            )
            self._events = starting.enter_context(closing(self._event_queue()))
            for function in self.template.functions():
                self._runtime.warm(function)  # while the call logs are put in place
            self.aws.add_call_logs(self._call_logs)
            self._gateway = starting.enter_context(
                Gateway(self.template, self.invoke, self._port, front=self._front)
            )
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

    @property
    def client_environment(self) -> Mapping[str, str]:
        """The variables with which the AWS CLI and SDKs reach services and functions."""
        return {**self.aws.environment, "AWS_ENDPOINT_URL_LAMBDA": self.url}

    def invoke(self, function: str, event: Any) -> Any:
        """Invoke a function directly, as a schedule or the Lambda console does."""
        return self._runtime.invoke(function, event)

    def outputs(self) -> Mapping[str, str]:
        """What CloudFormation would name, with the addresses and names that hold here."""
        here = {"ApiUrl": self.url}
        if self._page:
            here |= {"PageUrl": self.url, "PageConfig": self.page_config("/").json().decode()}
        outputs = {**self.template.outputs(), **here}
        for function in self.template.functions():  # here they go by their logical ids
            made = self.template.physical_name(function)
            outputs = {name: value.replace(made, function) for name, value in outputs.items()}
        return outputs

    def page_config(self, api_url: str) -> PageConfig:
        """What a page is told that finds the API at `api_url`."""
        return PageConfig(
            api_url=api_url,
            issuer=self.identity_provider.issuer,
            client_id=CLIENT_ID,
            row_limit=int(self.template.parameters["RowLimit"]),
        )

    def _front(self, api: HttpApi) -> "WSGIApplication":
        site = PageSite(self._page, self.page_config("/"), api) if self._page else api
        return InvokeApi(self.template.functions(), self._runtime.run, self._events, site)

    def _event_queue(self) -> EventQueue:
        functions = self.template.of_type("AWS::Serverless::Function")
        return EventQueue(
            self._runtime.run,
            partial(send_to_queue, self.aws.client),
            {name: QueueSettings.of_function(function) for name, function in functions.items()},
        )


def _workspaces(call_logs: Path) -> list[str]:
    return sorted(path.name.partition("=")[2] for path in call_logs.glob("workspace_id=*"))
