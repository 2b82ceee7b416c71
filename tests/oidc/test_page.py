"""The page's sign-in with Keycloak's own form, in a browser."""

import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

import pytest
from selenium.webdriver import Chrome

from local.page import PageServer
from tests.browser.test_sign_in import stored_user
from tests.browser.usage_page import UsagePage
from tests.oidc.keycloak import PASSWORD, Keycloak
from tests.oidc.test_access import ADA, LIFETIME, MAX
from tests.parquet_oracle import HEADER, csv_rows, logged_calls

RENEWED_SECONDS_BEFORE = 60  # as web/src/session.ts has it


@pytest.fixture
def page(served_page: PageServer, browser: Chrome, downloads: Path) -> Iterator[UsagePage]:
    """Nobody is signed in, neither here nor at Keycloak.

    Fails where the browser had to complain, of the security policy for one.
    """
    page = UsagePage(browser, served_page.url, downloads)
    browser.get(f"{page.url}/assets/none")  # of its origin, but nothing runs there
    browser.execute_script("sessionStorage.clear()")
    page.cdp("Network.clearBrowserCookies")
    page.resize(1440)
    page.complaints()  # what is in it already is another test's
    yield page
    assert page.complaints() == []


def fill_in(page: UsagePage, email: str, password: str = PASSWORD) -> None:
    """Keycloak's form."""
    for field, text in (("#username", email), ("#password", password)):
        page.find(field).clear()
        page.find(field).send_keys(text)
    page.find("#kc-login").click()


def sign_in(page: UsagePage, email: str, fragment: str = "") -> None:
    page.open(fragment)
    page.click("Sign in")
    fill_in(page, email)
    page.until(lambda: page.driver.current_url.startswith(page.url + "/"))


def test_an_admin_signs_in_and_exports_the_calls_of_the_charts(
    page: UsagePage, call_logs: Path, today: date
) -> None:
    first, last = today - timedelta(days=18), today - timedelta(days=5)
    sign_in(page, ADA, f"#/?{urlencode({'start': first, 'end': last, 'timezone': 'UTC'})}")
    page.wait_for_charts()
    assert page.text(".who") == ADA
    assert "code=" not in page.driver.current_url

    page.click("Export CSV")
    page.wait_for("Downloaded", ".jobs")
    header, rows = csv_rows(page.download().read_bytes())
    start = datetime.fromisoformat(first.isoformat())
    assert header == HEADER
    assert rows == logged_calls(call_logs, "ws-acme", start, start + timedelta(days=14))


def test_a_wrong_password_stays_with_keycloak(page: UsagePage) -> None:
    page.open()
    page.click("Sign in")
    fill_in(page, ADA, "guessed")
    page.wait_for("Invalid username or password.")
    fill_in(page, ADA)
    page.wait_for_charts()


def test_a_member_sees_that_this_is_for_admins_and_may_sign_in_as_somebody_else(
    page: UsagePage,
) -> None:
    sign_in(page, MAX)
    page.wait_for("Admins only")
    page.wait_for(MAX)
    assert not page.all(".usage")
    page.click("Sign in as somebody else")
    page.wait_for("For workspace admins.")
    page.click("Sign in")
    fill_in(page, ADA)  # the member's session is over at Keycloak too
    page.wait_for_charts()


def test_a_token_is_renewed_while_the_page_is_open(page: UsagePage, keycloak: Keycloak) -> None:
    keycloak.set_token_lifetime(RENEWED_SECONDS_BEFORE + 5)
    try:
        sign_in(page, ADA)
        page.wait_for_charts()
        before = stored_user(page)
        wait_until(before, RENEWED_SECONDS_BEFORE)
        page.click("Last 7 days")
        page.until(lambda: stored_user(page)["access_token"] != before["access_token"])
        page.wait_for_charts()
        assert int(stored_user(page)["expires_at"]) > int(before["expires_at"])
    finally:
        keycloak.set_token_lifetime(LIFETIME)


def test_a_session_that_the_provider_ended_has_a_way_back(
    page: UsagePage, keycloak: Keycloak
) -> None:
    keycloak.set_token_lifetime(10)
    try:
        sign_in(page, ADA, "#/?period=last_30_days&timezone=UTC")
        page.wait_for_charts()
        keycloak.end_sessions(ADA)
        wait_until(stored_user(page), 0)
        page.click("Last 7 days")
        page.wait_for("Your session has ended.")
        page.click("Sign in")
    finally:
        keycloak.set_token_lifetime(LIFETIME)
    fill_in(page, ADA)
    page.wait_for_charts()
    assert "period=last_7_days" in page.driver.current_url


def test_signing_out_ends_the_session_at_keycloak_too(page: UsagePage) -> None:
    sign_in(page, ADA)
    page.wait_for_charts()
    page.click("Sign out")
    page.wait_for("For workspace admins.")
    assert page.driver.current_url.rstrip("#/") == page.url
    assert page.driver.execute_script("return sessionStorage.length + localStorage.length") == 0
    page.click("Sign in")
    fill_in(page, ADA)
    page.wait_for_charts()


def wait_until(user: dict[str, str | int], seconds: int) -> None:
    """Until the access token is good for less than so many seconds."""
    time.sleep(max(0.0, int(user["expires_at"]) - seconds + 1 - time.time()))
