"""Sign-in, its end, and who may not see the page."""

import json
import time
from urllib.parse import parse_qs, urlsplit

from local.identity_provider import CLIENT_ID
from local.stack import LocalStack
from tests.browser.usage_page import UsagePage


def test_nobody_sees_anything_before_the_sign_in(page: UsagePage) -> None:
    page.open("#/exports/00000000000000000000000000")
    page.wait_for("For workspace admins.")
    assert not page.all(".usage, .recent, .export-page")


def test_a_sign_in_leaves_no_code_in_the_address(page: UsagePage) -> None:
    page.sign_in()
    page.wait_for_charts()
    assert "code=" not in page.driver.current_url
    assert "state=" not in page.driver.current_url
    assert page.text(".who") == "ada@acme.example"


def test_a_member_is_told_that_the_page_is_for_admins(page: UsagePage) -> None:
    page.sign_in(role="member")
    page.wait_for("Admins only")
    page.wait_for("ada@acme.example")
    assert not page.all(".usage")
    page.click("Sign in as somebody else")
    page.wait_for("For workspace admins.")


def test_signing_out_forgets_the_tokens(page: UsagePage) -> None:
    page.sign_in()
    page.wait_for_charts()
    page.click("Sign out")
    page.wait_for("For workspace admins.")
    assert page.driver.execute_script("return sessionStorage.length + localStorage.length") == 0
    page.open()
    page.wait_for("For workspace admins.")


def test_a_sign_out_tells_the_provider_what_the_standard_and_what_cognito_asks_for(
    page: UsagePage,
) -> None:
    page.sign_in()
    page.wait_for_charts()
    identity = stored_user(page)["id_token"]
    page.driver.execute_script(
        "navigation.addEventListener('navigate', "
        "event => localStorage.setItem('left for', event.destination.url))"
    )
    page.click("Sign out")
    page.wait_for("For workspace admins.")
    left_for = "const url = localStorage.getItem('left for'); localStorage.clear(); return url"
    asked = parse_qs(urlsplit(page.driver.execute_script(left_for)).query)
    assert asked == {
        "id_token_hint": [identity],
        "post_logout_redirect_uri": [f"{page.url}/"],
        "client_id": [CLIENT_ID],
        "logout_uri": [f"{page.url}/"],
    }


def test_a_token_that_runs_out_is_renewed_unseen(page: UsagePage) -> None:
    page.sign_in()
    page.wait_for_charts()
    before = stored_user(page)
    store_user(page, {**before, "expires_at": int(time.time()) + 5})
    page.click("Last 7 days")
    page.until(lambda: stored_user(page)["access_token"] != before["access_token"])
    page.wait_for_charts()
    assert stored_user(page)["refresh_token"] != before["refresh_token"]


def test_a_renewal_under_way_does_not_undo_a_sign_out(page: UsagePage) -> None:
    page.sign_in()
    page.wait_for_charts()
    store_user(page, {**stored_user(page), "expires_at": int(time.time()) + 30})
    page.cdp("Network.enable")
    page.cdp("Network.emulateNetworkConditions", offline=False, latency=2000,
             downloadThroughput=-1, uploadThroughput=-1)  # fmt: skip
    try:
        page.click("Last 7 days")
        page.click("Sign out")
        page.wait_for("For workspace admins.")
        assert not page.driver.execute_script("return sessionStorage.length")
    finally:
        page.cdp("Network.disable")


def test_a_session_that_cannot_be_renewed_ends_with_a_way_back(page: UsagePage) -> None:
    page.sign_in("#/?period=last_7_days&timezone=UTC")
    page.wait_for_charts()
    ended = {**stored_user(page), "expires_at": int(time.time()) - 5}
    del ended["refresh_token"]
    store_user(page, ended)
    page.click("This month")
    page.wait_for("Your session has ended.")
    page.click("Sign in")
    page.click("Sign in")
    page.wait_for_charts()
    assert "period=this_month" in page.driver.current_url


def test_a_sign_in_that_is_refused_is_explained(page: UsagePage, stack: LocalStack) -> None:
    page.open()
    page.click("Sign in")
    page.find("input[name=email]")
    state = page.driver.current_url.split("state=")[1].split("&")[0]
    page.driver.get(f"{stack.url}/?error=access_denied&error_description=Not+today&state={state}")
    page.wait_for("The sign-in did not succeed: Not today")
    page.click("Sign in")
    page.find("input[name=email]")


def stored_user(page: UsagePage) -> dict[str, str | int]:
    text = page.driver.execute_script(
        "return sessionStorage.getItem(Object.keys(sessionStorage).find(k => k.includes('user:')))"
    )
    user: dict[str, str | int] = json.loads(text)
    return user


def store_user(page: UsagePage, user: dict[str, str | int]) -> None:
    page.driver.execute_script(
        "sessionStorage.setItem(Object.keys(sessionStorage).find(k => k.includes('user:')),"
        " arguments[0])",
        json.dumps(user),
    )
