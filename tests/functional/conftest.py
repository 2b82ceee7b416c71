"""The local stack, over sample call logs: once for this package in each test process."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import urllib3

from local.engines import EngineName, engine_named
from local.sample_call_logs import write_sample_call_logs
from local.stack import LocalStack
from tests.functional.documented import assert_documented
from tests.unthrottled import UNTHROTTLED

WORKSPACE = "ws-acme"
OTHER_WORKSPACE = "ws-globex"
ROWS = 6_000


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Any:
        return json.loads(self.text)


class Caller:
    """Sends requests with one token, or with none."""

    def __init__(self, url: str, token: str | None) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = urllib3.PoolManager(retries=False, timeout=40)

    def __call__(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        sent = body if isinstance(body, str | bytes | None) else json.dumps(body)
        answer = self._http.request(
            method, self._url + path, body=sent, headers={**self._headers, **(headers or {})}
        )
        reply = Reply(answer.status, answer.headers, answer.data.decode())
        if method != "HEAD":  # every answer that any test gets is one that the API's document has
            assert_documented(method, path, reply.status, reply.headers, reply.text)
        return reply

    def download(self, url: str) -> tuple[Mapping[str, str], bytes]:
        """A presigned URL needs no token."""
        answer = self._http.request("GET", url)
        assert answer.status == 200
        return answer.headers, answer.data


Callers = Callable[..., Caller]


@pytest.fixture(scope="package")
def today() -> date:
    return datetime.now(UTC).date()


@pytest.fixture(scope="package")
def call_logs(tmp_path_factory: pytest.TempPathFactory, today: date) -> Path:
    """Six weeks of calls up to today, in four workspaces."""
    folder = tmp_path_factory.mktemp("samples") / "call-logs"
    write_sample_call_logs(folder, rows=ROWS, days=42, end=today, seed=7)
    return folder


@pytest.fixture(scope="package")
def stack(
    call_logs: Path, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalStack]:
    engine = engine_named(EngineName(pytestconfig.getoption("engine")), print)
    logs = tmp_path_factory.mktemp("logs")
    with LocalStack(call_logs, logs, parameters=UNTHROTTLED, engine=engine) as running:
        yield running


@pytest.fixture(scope="package")
def admin(stack: LocalStack) -> Caller:
    """An admin of `WORKSPACE`."""
    return Caller(stack.url, stack.identity_provider.token(workspace_id=WORKSPACE))


@pytest.fixture(scope="package")
def other_admin(stack: LocalStack) -> Caller:
    """An admin of `OTHER_WORKSPACE`."""
    return Caller(stack.url, stack.identity_provider.token(workspace_id=OTHER_WORKSPACE))


@pytest.fixture(scope="package")
def member(stack: LocalStack) -> Caller:
    """Of `WORKSPACE`, but no admin."""
    return Caller(stack.url, stack.identity_provider.token(admin=False))


@pytest.fixture(scope="package")
def nobody(stack: LocalStack) -> Caller:
    return Caller(stack.url, None)
