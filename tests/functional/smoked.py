"""The local stack under `smoke`, and AWS clients that answer some calls otherwise."""

import copy
import io
import json
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import boto3

from local.smoke.smoke import Smoke
from local.stack import LocalStack
from tests.functional.conftest import WORKSPACE

Client = Callable[[str], Any]


def clients(stack: LocalStack) -> Client:
    """Makes boto3 clients of the stack's services, its functions among them."""

    def client(service: str) -> Any:
        if service != "lambda":
            return stack.aws.client(service)
        return boto3.client(
            "lambda",
            endpoint_url=stack.url,
            region_name="eu-central-1",
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
        )

    return client


def smoke_of(stack: LocalStack, folder: Path, today: date) -> Smoke:
    """The stack, with all that can be given, on yesterday's calls."""
    provider = stack.identity_provider
    return Smoke(
        api_url=stack.url,
        function="ExportFunction",
        outputs=stack.outputs(),
        folder=folder,
        day=today - timedelta(days=1),
        workspace=WORKSPACE,
        token=provider.token(workspace_id=WORKSPACE),
        member_token=provider.token(workspace_id=WORKSPACE, admin=False),
        client=clients(stack),
        poll_seconds=0.05,
        url_seconds=1,
    )


def changed(smoke: Smoke, **attributes: Any) -> Smoke:
    """The same with other attributes; what it has seen stays, each time anew."""
    other = copy.deepcopy(smoke, {id(smoke.client): smoke.client})
    for name, value in attributes.items():
        setattr(other, name, value)
    return other


class Instead:
    """A client of which some calls are answered by `answers`; all others by the real one."""

    def __init__(self, real: Client, service: str, **answers: Callable[..., Any]) -> None:
        self._real = real
        self._service = service
        self._answers = answers

    def __call__(self, service: str) -> Any:
        real = self._real(service)
        return _Client(real, self._answers) if service == self._service else real


class _Client:
    def __init__(self, real: Any, answers: Mapping[str, Callable[..., Any]]) -> None:
        self._real = real
        self._answers = answers

    def __getattr__(self, name: str) -> Any:
        return self._answers.get(name) or getattr(self._real, name)


def invoked(payload: Any, **further: Any) -> Callable[..., Any]:
    """An `invoke` that answers with a payload."""

    def invoke(**_: Any) -> dict[str, Any]:
        return {"Payload": io.BytesIO(json.dumps(payload).encode()), **further}

    return invoke
