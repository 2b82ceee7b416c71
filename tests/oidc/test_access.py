"""Whom the authorizer lets in, with tokens that Keycloak gave."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import urllib3

from functions.authorizer.tokens import LEEWAY_SECONDS
from tests.functional.conftest import Reply
from tests.oidc.conftest import Usage
from tests.oidc.keycloak import OTHER_CLIENT_ID, OTHER_REALM, Keycloak
from tests.oidc.people import People, SignInError, Tokens
from tests.parquet_oracle import logged_calls
from tests.watched_authorizer import WatchedAuthorizer

ADA = "ada@acme.example"  # admin of ws-acme
MAX = "max@acme.example"  # member of ws-acme
GIL = "gil@globex.example"  # admin of ws-globex
DORA = "dora@acme.example"  # admin of ws-acme who leaves
LIFETIME = 300

Denial = Callable[[Tokens | str], str]


@pytest.fixture(scope="module")
def short_lived(people: People, keycloak: Keycloak) -> Tokens:
    """Signed in early, so that it has run out by the time it is looked at."""
    keycloak.set_token_lifetime(1)
    try:
        return people.sign_in(ADA)
    finally:
        keycloak.set_token_lifetime(LIFETIME)


@pytest.fixture(autouse=True)
def _early(short_lived: Tokens) -> None:
    pass


def is_denied(reply: Reply) -> bool:
    return (reply.status, reply.text) == (403, '{"message":"Forbidden"}')


@pytest.fixture
def denial(
    usage: Usage, watched: tuple[WatchedAuthorizer, Usage], caplog: pytest.LogCaptureFixture
) -> Denial:
    """Checks that a token is denied, and tells why: callers are not told, the log is."""

    def cause(token: Tokens | str) -> str:
        assert is_denied(usage(token))
        assert is_denied(watched[1](token))
        said: str = [vars(one)["cause"] for one in caplog.records if "cause" in vars(one)][-1]
        return said

    return cause


def calls_logged(call_logs: Path, workspace: str, usage: Usage) -> int:
    start = datetime.fromisoformat(usage.start.isoformat())
    after = datetime.fromisoformat(usage.end.isoformat()) + timedelta(days=1)
    return len(logged_calls(call_logs, workspace, start, after))


@pytest.mark.parametrize(("email", "workspace"), [(ADA, "ws-acme"), (GIL, "ws-globex")])
def test_an_admin_sees_their_own_workspace_and_no_other(
    people: People, usage: Usage, call_logs: Path, email: str, workspace: str
) -> None:
    tokens = people.sign_in(email)
    reply = usage(tokens)
    assert reply.status == 200
    assert reply.body["totals"]["calls"] == calls_logged(call_logs, workspace, usage) > 100


def test_the_role_is_found_on_a_path_and_the_audience_among_others(people: People) -> None:
    claims = people.sign_in(ADA).claims
    assert claims["aud"] == ["api-usage-export", "account"]
    assert "workspace-admin" in claims["realm_access"]["roles"]
    assert "roles" not in claims


def test_a_member_is_denied(people: People, denial: Denial) -> None:
    assert denial(people.sign_in(MAX)) == "not an admin"


def test_a_token_of_another_client_is_denied(people: People, denial: Denial) -> None:
    tokens = people.sign_in(ADA, client_id=OTHER_CLIENT_ID)
    assert tokens.claims["workspace_id"] == "ws-acme"
    assert denial(tokens) == "the token is for another audience"


def test_a_token_of_another_realm_is_denied(people: People, denial: Denial) -> None:
    tokens = people.sign_in(ADA, realm=OTHER_REALM)
    assert tokens.claims["workspace_id"] == "ws-acme"
    assert denial(tokens) == "no key of the issuer has this id and made this signature"


def test_a_refreshed_token_is_as_good_as_the_first(people: People, usage: Usage) -> None:
    first = people.sign_in(ADA)
    second = people.refresh(first)
    assert second.access != first.access
    assert usage(second).status == 200


def test_a_refresh_token_is_no_access_token(people: People, denial: Denial) -> None:
    assert denial(people.sign_in(ADA).refresh) == "the algorithm is not one of RS256, ES256"


def test_an_id_token_is_no_access_token(people: People, denial: Denial) -> None:
    assert denial(people.sign_in(ADA).identity) == "the token is for another audience"


def test_a_disabled_user_gets_no_further_token(
    people: People, usage: Usage, keycloak: Keycloak
) -> None:
    """The last one is good to its end, five minutes at most: it is not looked up anywhere."""
    tokens = people.sign_in(DORA)
    keycloak.enable(DORA, enabled=False)
    with pytest.raises(SignInError, match="Account is disabled"):
        people.sign_in(DORA)
    with pytest.raises(SignInError, match="User disabled"):
        people.refresh(tokens)
    assert usage(tokens).status == 200
    assert tokens.claims["exp"] - tokens.claims["iat"] == LIFETIME


def test_nobody_can_move_to_another_workspace_by_themselves(
    people: People, keycloak: Keycloak
) -> None:
    """With Keycloak's account API, which the page's token is good for too."""
    tokens = people.sign_in(MAX)
    profile = {"firstName": "Maximilian", "lastName": "Newman", "email": MAX, "username": MAX}

    def change(**attributes: list[str]) -> urllib3.BaseHTTPResponse:
        return urllib3.request(
            "POST",
            f"{keycloak.issuer}/account",
            headers={"Authorization": f"Bearer {tokens.access}", "Accept": "application/json"},
            json={**profile, "attributes": attributes},
        )

    refused = change(workspace_id=["ws-globex"])
    assert refused.status == 400
    assert refused.json()["errorMessage"] == "error-user-attribute-read-only"
    assert change(workspace_id=["ws-acme"]).status == 204
    claims = people.sign_in(MAX).claims
    assert (claims["given_name"], claims["workspace_id"]) == ("Maximilian", "ws-acme")


def test_keycloak_insists_on_pkce(people: People) -> None:
    with pytest.raises(SignInError, match="Missing parameter: code_challenge_method"):
        people.sign_in(ADA, pkce=False)


def test_a_wrong_password_is_no_sign_in(people: People) -> None:
    with pytest.raises(SignInError, match="Invalid username or password"):
        people.sign_in(ADA, password="guessed")


def test_an_expired_token_is_denied(short_lived: Tokens, denial: Denial) -> None:
    over = short_lived.claims["exp"] + LEEWAY_SECONDS + 1
    time.sleep(max(0.0, over - time.time()))
    assert denial(short_lived) == "the token is not valid: Signature has expired"
