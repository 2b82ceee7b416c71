"""Keycloak, the stack that believes it, and the page that signs in with it: once for all tests.

They are collected only where this folder is named, as `make test-oidc` does.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from selenium.webdriver import Chrome

from local.gateway import Gateway
from local.java import JavaMissingError
from local.lambda_runtime import LambdaRuntime
from local.maven import FetchError
from local.page import PageBuildError, PageConfig, PageServer, PageSite, built_page
from local.sample_call_logs import write_sample_call_logs
from local.stack import LocalStack
from tests.browser.chromium import chromium, missing
from tests.functional.conftest import Caller, Reply
from tests.oidc.keycloak import CLIENT_ID, Keycloak
from tests.oidc.people import People, Tokens
from tests.unthrottled import UNTHROTTLED
from tests.watched_authorizer import WatchedAuthorizer

DAYS = 42


def pytest_ignore_collect(config: pytest.Config) -> bool | None:
    return None if any("oidc" in argument for argument in config.args) else True


class Usage:
    """Asks an API for the usage of a fixed timeframe."""

    def __init__(self, url: str, today: date) -> None:
        self.url = url
        self.start, self.end = today - timedelta(days=DAYS), today - timedelta(days=2)

    def __call__(self, token: Tokens | str) -> Reply:
        access = token if isinstance(token, str) else token.access
        asked = {"start": self.start, "end": self.end, "timezone": "UTC"}
        return Caller(self.url, access)("GET", f"/usage?{urlencode(asked)}")


@pytest.fixture(scope="package")
def today() -> date:
    return datetime.now(UTC).date()


@pytest.fixture(scope="package")
def call_logs(tmp_path_factory: pytest.TempPathFactory, today: date) -> Path:
    folder = tmp_path_factory.mktemp("samples") / "call-logs"
    write_sample_call_logs(folder, rows=6_000, days=DAYS, end=today, seed=7)
    return folder


@pytest.fixture(scope="package")
def page_server() -> Iterator[PageServer]:
    with PageServer() as server:
        yield server


@pytest.fixture(scope="package")
def keycloak(
    page_server: PageServer, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Keycloak]:
    """Answers as soon as something has waited for it: `stack` does."""
    try:
        keycloak = Keycloak(tmp_path_factory.mktemp("keycloak"), page_server.url)
    except (FetchError, JavaMissingError) as error:
        pytest.skip(str(error))
    with keycloak:
        yield keycloak


@pytest.fixture(scope="package")
def stack(
    keycloak: Keycloak,
    call_logs: Path,
    page_server: PageServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LocalStack]:
    """The system of the template, told of Keycloak by the template's own parameters."""
    parameters = {
        **keycloak.template_parameters(),
        **UNTHROTTLED,
        "AllowedOrigins": page_server.url,
    }
    with LocalStack(call_logs, tmp_path_factory.mktemp("logs"), parameters=parameters) as running:
        keycloak.wait()
        yield running


@pytest.fixture(scope="package")
def usage(stack: LocalStack, today: date) -> Usage:
    return Usage(stack.url, today)


@pytest.fixture(scope="package")
def people(stack: LocalStack, keycloak: Keycloak, page_server: PageServer) -> People:
    return People(keycloak, page_server.url)


@pytest.fixture(scope="module")
def watched(stack: LocalStack, today: date) -> Iterator[tuple[WatchedAuthorizer, Usage]]:
    """A gateway with a fresh authorizer in this process, so that its clock can be set."""
    authorizer = WatchedAuthorizer(stack.template)

    def invoke(function: str, event: object) -> object:
        if function == stack.template.authorizer():
            return authorizer(event)
        return stack.invoke(function, event)

    with Gateway(stack.template, invoke) as gateway:
        yield authorizer, Usage(gateway.url, today)


@pytest.fixture(scope="module")
def cold(
    stack: LocalStack, today: date, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Usage]:
    """The same system with functions that have answered nothing yet."""
    with ExitStack() as running:
        runtime = running.enter_context(
            LambdaRuntime(
                stack.template.functions(), stack.aws.environment, tmp_path_factory.mktemp("cold")
            )
        )
        gateway = running.enter_context(Gateway(stack.template, runtime.invoke))
        yield Usage(gateway.url, today)


@pytest.fixture(scope="package")
def served_page(stack: LocalStack, keycloak: Keycloak, page_server: PageServer) -> PageServer:
    """The page on an origin of its own, as in AWS."""
    if program := missing():
        pytest.skip(f"{program} is not installed")
    config = PageConfig(
        api_url=stack.url,
        issuer=keycloak.issuer,
        client_id=CLIENT_ID,
        row_limit=int(stack.template.parameters["RowLimit"]),
        scope="openid email",  # with offline_access, Keycloak's sessions would outlive a sign-out
    )
    try:
        page_server.site = PageSite(built_page(), config)
    except PageBuildError as error:
        pytest.skip(str(error))
    return page_server


@pytest.fixture(scope="package")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="package")
def browser(
    served_page: PageServer, downloads: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile"), downloads) as driver:
        yield driver
