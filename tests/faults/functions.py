"""The real handlers over the fake AWS: real clients, time that stands still but for waiting."""

import importlib
import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import boto3
import pytest
from botocore.httpsession import URLLib3Session
from botocore.retries import quota

from local.template import Template
from shared.aws_errors import RefusedError, ServiceUnavailableError
from shared.clock import SystemClock
from tests.fakes import FakeClock, InlineExecutor
from tests.faults.fake_aws import BUCKET, FakeAws
from tests.faults.faults import Wire
from tests.template.conftest import IDENTITY_PROVIDER

ROW_LIMIT = 100
WORKSPACE = "ws-acme"
_AWS = {
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_REGION": "eu-central-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_FUNCTIONS = {
    "ExportFunction": "functions.export.app",
    "AnalyticsFunction": "functions.analytics.app",
}


@dataclass(frozen=True)
class Answer:
    """What a caller gets.

    Attributes:
        body: Of an HTTP answer or of an invocation, read; None where the invocation failed.
        request: Method and path, of HTTP.
        status: Of HTTP; 0 for an invocation.
        headers: Of HTTP.
        text: The body as it was sent.
        error: Type of the error that an invocation ended in.
    """

    body: Any
    request: tuple[str, str] = ("", "")
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str = ""
    error: str = ""


class System:
    """An AWS with nothing in it, and the functions before it.

    Attributes:
        gone: Of an invocation's time, before the handler starts.
    """

    def __init__(self, modules: dict[str, Any]) -> None:
        self.clock = FakeClock()
        self.aws = FakeAws(self.clock)
        self.wire = Wire(self.aws, self.clock)
        self.gone = timedelta(0)
        self._modules = modules

    def http(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """What API Gateway gets from the function of a route."""
        name = "AnalyticsFunction" if path == "/usage" else "ExportFunction"
        answer = self._invoke(name, _event(method, path, body, headers), "request-1")
        assert answer.error == "", answer
        reply = answer.body
        return Answer(
            json.loads(reply["body"]),
            (method, path),
            reply["statusCode"],
            reply["headers"],
            reply["body"],
        )

    def invoke(self, event: Any, invocation_id: str = "invocation-1") -> Answer:
        """What an asynchronous invocation ends in."""
        return self._invoke("ExportFunction", event, invocation_id)

    def sweep(self) -> Answer:
        return self.invoke({"task": "sweep"}, "sweep")

    def exports(self) -> list[dict[str, Any]]:
        """The manifests."""
        found = [body for key, body in self.aws.objects.items() if key.startswith("exports/")]
        return [json.loads(body) for body in found]

    def marks(self) -> list[str]:
        return [key for key in self.aws.objects if key.startswith("running/")]

    def _invoke(self, name: str, event: Any, invocation_id: str) -> Answer:
        ends_at = self.clock.time + timedelta(seconds=DESCRIBED[name].timeout) - self.gone
        context = SimpleNamespace(
            function_name=name,
            function_version="$LATEST",
            memory_limit_in_mb=512,
            invoked_function_arn=f"arn:aws:lambda:eu-central-1:123456789012:function:{name}",
            aws_request_id=invocation_id,
            get_remaining_time_in_millis=lambda: (
                (ends_at - self.clock.time) // timedelta(milliseconds=1)
            ),
        )
        try:
            body = self._modules[name].handler(event, context)
        except (ServiceUnavailableError, RefusedError) as error:
            return Answer(None, error=type(error).__name__)
        return Answer(json.loads(json.dumps(body)))


DESCRIBED = Template.load(parameters=IDENTITY_PROVIDER).functions()


class Functions:
    """Both functions, loaded once; each system is a new AWS beneath them."""

    def __init__(self) -> None:
        self._modules: dict[str, Any] = {}
        self._system: System | None = None
        self._quotas: list[quota.RetryQuota] = []

    def system(self) -> System:
        """A new one, in the place of the one before."""
        for spent in self._quotas:  # of retries, which a client shares between its calls
            spent.release(spent.INITIAL_CAPACITY)
        self._system = System(self._modules)
        return self._system

    @property
    def _present(self) -> System:
        assert self._system is not None
        return self._system

    @contextmanager
    def loaded(self) -> Iterator[None]:
        """While this lasts, nothing reaches the network, and nothing takes time."""
        functions, made = self, self._quotas

        class Quota(quota.RetryQuota):
            def __init__(self, *given: Any) -> None:
                super().__init__(*given)
                made.append(self)

        def now(_: SystemClock) -> datetime:
            return functions._present.clock.now()

        def sleep(_: SystemClock, seconds: float) -> None:
            functions._present.clock.sleep(seconds)

        def send(session: Any, request: Any) -> Any:
            return functions._present.wire.send(session, request)

        def pause(seconds: float) -> None:
            functions._present.wire.sleep(seconds)

        with pytest.MonkeyPatch.context() as patches, self._quiet():
            patches.setattr(SystemClock, "now", now)
            patches.setattr(SystemClock, "sleep", sleep)
            patches.setattr(URLLib3Session, "send", send)
            patches.setattr("botocore.endpoint.time", SimpleNamespace(sleep=pause))
            patches.setattr(quota, "RetryQuota", Quota)
            patches.setattr("concurrent.futures.ThreadPoolExecutor", InlineExecutor)
            patches.setattr(boto3, "DEFAULT_SESSION", None)
            for name, module in _FUNCTIONS.items():
                own = {"EXPORT_BUCKET": BUCKET, "ROW_LIMIT": str(ROW_LIMIT)}
                with patch.dict("os.environ", {**DESCRIBED[name].environment, **_AWS, **own}):
                    patches.delitem(sys.modules, module, raising=False)
                    self._modules[name] = importlib.import_module(module)
                    sys.modules.pop(module, None)
            for name, value in {**DESCRIBED["ExportFunction"].environment, **_AWS}.items():
                patches.setenv(name, value)
            yield

    @contextmanager
    def _quiet(self) -> Iterator[None]:
        """What is logged of so many faults is of no interest."""
        logging.disable(logging.CRITICAL)
        yield
        logging.disable(logging.NOTSET)


def _event(method: str, path: str, body: Any, headers: dict[str, str]) -> dict[str, Any]:
    route, identity = path, ""
    if path.count("/") == 2 and not path.endswith("/estimate"):
        route, identity = "/exports/{id}", path.rpartition("/")[2]
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": f"{method} {route}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {name.replace("_", "-").lower(): value for name, value in headers.items()},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "stage": "$default",
            "requestId": "request-1",
            "routeKey": f"{method} {route}",
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1"},
            "authorizer": {"lambda": {"workspace_id": WORKSPACE, "subject": "ada@acme.example"}},
        },
        "isBase64Encoded": False,
    }
    if identity:
        event["pathParameters"] = {"id": identity}
    if body is not None:
        event["body"] = json.dumps(body)
    return event
