"""A browser, the page and the stack under it; skipped where a program for that is missing."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from local.athena import Engine
from local.aws import duckdb_engine
from local.page import PageBuildError, PageServer, PageSite, built_page
from local.sample_call_logs import write_sample_call_logs
from local.stack import LocalStack
from tests.browser.chromium import chromium, missing
from tests.browser.steered_engine import SteeredEngine
from tests.browser.usage_page import UsagePage
from tests.unthrottled import UNTHROTTLED

ROWS = 6_000
ROW_LIMIT = 3_000  # more than 30 days of calls, less than 90


@pytest.fixture(scope="package")
def built() -> Path:
    if program := missing():
        pytest.skip(f"{program} is not installed")
    try:
        return built_page()
    except PageBuildError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="package")
def today() -> date:
    return datetime.now(UTC).date()


@pytest.fixture(scope="package")
def call_logs(tmp_path_factory: pytest.TempPathFactory, today: date) -> Path:
    """Six weeks of calls up to today; more of them in one workspace, and a crowded day in another.

    `ws-busy` has more than two files may hold, `ws-crowded` has an hour with more than one may.
    """
    samples = tmp_path_factory.mktemp("samples")
    folder = samples / "call-logs"
    write_sample_call_logs(folder, rows=ROWS, days=42, end=today, seed=7)
    yesterday = today - timedelta(days=1)
    for workspace, rows, days in (("ws-busy", 16_000, 42), ("ws-crowded", 100_000, 1)):
        made = samples / workspace
        write_sample_call_logs(made, rows=rows, days=days, end=yesterday, seed=8)
        (made / "workspace_id=ws-acme").rename(folder / f"workspace_id={workspace}")
    return folder


@pytest.fixture(scope="package")
def other_origin(built: Path) -> Iterator[PageServer]:
    """The page's server on an origin of its own."""
    with PageServer() as server:
        yield server


@pytest.fixture(scope="package")
def engines() -> list[SteeredEngine]:
    return []


@pytest.fixture(scope="package")
def stack(
    built: Path,
    call_logs: Path,
    other_origin: PageServer,
    engines: list[SteeredEngine],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[LocalStack]:
    def engine(endpoint_url: str) -> Engine:
        engines.append(SteeredEngine(duckdb_engine(endpoint_url)))
        return engines[-1]

    parameters = {
        **UNTHROTTLED,
        "RowLimit": str(ROW_LIMIT),
        "AllowedOrigins": other_origin.url,
    }
    logs = tmp_path_factory.mktemp("logs")
    with LocalStack(call_logs, logs, parameters=parameters, page=built, engine=engine) as running:
        other_origin.site = PageSite(built, running.page_config(running.url))
        yield running


@pytest.fixture
def engine(stack: LocalStack, engines: list[SteeredEngine]) -> SteeredEngine:
    return engines[-1]


@pytest.fixture(scope="package")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="package")
def browser(
    built: Path, downloads: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Chrome]:
    with chromium(tmp_path_factory.mktemp("profile"), downloads) as driver:
        yield driver


@pytest.fixture
def page(stack: LocalStack, browser: Chrome, downloads: Path) -> Iterator[UsagePage]:
    """The page beside the API; nobody is signed in and nothing is downloaded.

    Fails where the browser had to complain, of the security policy for one.
    """
    page = UsagePage(browser, stack.url, downloads)
    yield from _fresh(page, downloads)


@pytest.fixture
def page_elsewhere(
    stack: LocalStack, other_origin: PageServer, browser: Chrome, downloads: Path
) -> Iterator[UsagePage]:
    """The page on another origin than the API."""
    yield from _fresh(UsagePage(browser, other_origin.url, downloads), downloads)


def _fresh(page: UsagePage, downloads: Path) -> Iterator[UsagePage]:
    page.open()
    page.driver.execute_script("sessionStorage.clear()")
    for file in downloads.iterdir():
        file.unlink()
    page.scheme("light")
    page.resize(1440)
    page.complaints()  # what is in it already is another test's
    yield page
    assert page.complaints() == []
