"""Every state, wide and light, narrow and dark: accessible by axe, no wider than the screen."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local.page.build import WEB
from tests.browser.steered_engine import SteeredEngine
from tests.browser.usage_page import UsagePage

State = Callable[[UsagePage], None]


def signed_out(page: UsagePage) -> None:
    page.open()
    page.wait_for("For workspace admins.")


def member(page: UsagePage) -> None:
    page.sign_in(role="member")
    page.wait_for("Admins only")


def empty(page: UsagePage) -> None:
    page.sign_in(workspace="ws-empty")
    page.wait_for("No calls in this timeframe")


def usage(page: UsagePage) -> None:
    page.sign_in("#/?period=last_7_days&timezone=UTC&models=gpt-4o&providers=openai")
    page.wait_for_charts()
    page.click("Figures as a table")
    page.click("Custom range")
    page.click("Options")


def over_the_limit(page: UsagePage) -> None:
    page.sign_in("#/?period=last_90_days&timezone=UTC")
    page.wait_for("Too many rows for one file")
    page.wait_for_charts()


def crowded_hour(page: UsagePage) -> None:
    page.sign_in("#/?period=yesterday&timezone=UTC", workspace="ws-crowded")
    page.wait_for("over the limit by itself: use filters")
    page.wait_for_charts()


def refused(page: UsagePage) -> None:
    page.sign_in("#/?start=2026-02-30&end=2026-03-01&timezone=UTC")
    page.wait_for("is not a date of the calendar")


def one_export(page: UsagePage) -> None:
    page.sign_in("#/?period=yesterday&timezone=UTC")
    page.wait_for_charts()
    page.click("Export CSV")
    page.wait_for("Downloaded", ".jobs")
    page.click("Details", ".job")
    page.wait_for("Control totals by model")


def several_files(page: UsagePage) -> None:
    page.sign_in("#/?period=last_90_days&timezone=UTC")
    page.wait_for_charts()
    page.click("Export as 2 files")
    page.wait_for("Download all again", ".job.succeeded")


def one_export_of_several_files(page: UsagePage) -> None:
    several_files(page)
    page.click("Details", ".job")
    page.wait_for("Control totals by model")
    page.wait_for("Download all")


STATES = [
    signed_out,
    member,
    empty,
    usage,
    over_the_limit,
    crowded_hour,
    refused,
    one_export,
    several_files,
    one_export_of_several_files,
]


@pytest.fixture(scope="package")
def axe(built: Path) -> str:
    return (WEB / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_a_state_is_accessible_and_fits(page: UsagePage, axe: str, state: State) -> None:
    state(page)
    for _ in every_look(page):
        assert violations(page, axe) == []
        assert overflow(page) <= 0


def test_exports_under_way_and_ended_are_accessible_and_fit(
    page: UsagePage, engine: SteeredEngine, axe: str
) -> None:
    page.sign_in("#/?period=yesterday&timezone=UTC")
    page.wait_for_charts()
    with engine.failing("Not a Parquet file"):
        page.click("Export CSV")
        page.wait_for("Failed", ".job.failed")
    with engine.holding():
        page.click("Export CSV")
        page.wait_for("Running", ".job.running")
        for _ in every_look(page):
            assert violations(page, axe) == []
            assert overflow(page) <= 0


def test_dark_is_dark_and_light_is_light(page: UsagePage) -> None:
    page.sign_in("#/?period=last_7_days&timezone=UTC")
    page.wait_for_charts()
    brightness = {}
    for scheme in ("light", "dark"):
        page.scheme(scheme)
        brightness[scheme] = page.driver.execute_script("""
            const [r, g, b] = getComputedStyle(document.documentElement).backgroundColor
                .match(/[0-9.]+/g).map(Number);
            return (r + g + b) / 3;
        """)
    assert brightness["light"] > 200
    assert brightness["dark"] < 60


def every_look(page: UsagePage) -> Iterator[None]:
    for width, scheme in ((1440, "light"), (360, "dark")):
        page.resize(width)
        page.scheme(scheme)
        yield


def violations(page: UsagePage, axe: str) -> list[str]:
    """What axe finds against WCAG 2.2 AA and its own best practices."""
    if not page.driver.execute_script("return Boolean(window.axe)"):
        page.cdp("Runtime.evaluate", expression=axe)  # no script of the page: its policy holds
    found: list[dict[str, Any]] = page.driver.execute_async_script(
        "const done = arguments[0]; axe.run().then(result => done(result.violations))"
    )
    return [
        f"{each['id']}: {node['html']} {node['failureSummary']}"
        for each in found
        for node in each["nodes"]
    ]


def overflow(page: UsagePage) -> int:
    """By how many pixels the page is wider than the screen."""
    pixels: int = page.driver.execute_script(
        "return document.documentElement.scrollWidth - window.innerWidth"
    )
    return pixels
