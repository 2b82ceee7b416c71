"""Sign-in at the development identity provider, as an OpenID Connect client goes through it."""

import base64
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
import urllib3

from local.identity_provider import CLIENT_ID, IdentityProvider

PAGE = "http://127.0.0.1:8080/"
VERIFIER = "a-verifier-of-at-least-forty-three-characters-000"
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
)


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider(workspaces=["ws-acme", 'ws-<"quoted">']) as running:
        yield running


@dataclass
class Client:
    """The page's side of the flow."""

    provider: IdentityProvider

    def __post_init__(self) -> None:
        self._http = urllib3.PoolManager(retries=False)
        self.discovery = self._http.request(
            "GET", f"{self.provider.issuer}/.well-known/openid-configuration"
        ).json()

    def authorize(self, form: dict[str, str] | None = None, **changed: str) -> Any:
        """The answer to the authorization request, or to its form."""
        asked = {
            "client_id": CLIENT_ID,
            "redirect_uri": PAGE,
            "response_type": "code",
            "scope": "openid offline_access",
            "state": "s1",
            "nonce": "n1",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
            **changed,
        }
        url = f"{self.discovery['authorization_endpoint']}?{urlencode(asked)}"
        if form is None:
            return self._http.request("GET", url)
        return self._http.request("POST", url, fields=form, encode_multipart=False)

    def code(self, role: str = "admin", **changed: str) -> str:
        """A code for Grace of ws-navy."""
        form = {"email": "grace@navy.example", "workspace_id": "ws-navy", "role": role}
        back = sent_back(self.authorize(form, **changed))
        assert back["state"] == "s1"
        return back["code"]

    def token(self, **form: str) -> tuple[int, dict[str, Any]]:
        """The token endpoint's status and answer."""
        answer = self._http.request(
            "POST",
            self.discovery["token_endpoint"],
            fields={"client_id": CLIENT_ID, **form},
            encode_multipart=False,
            headers={"Origin": "http://localhost:5173"},
        )
        assert answer.headers["access-control-allow-origin"] == "*"
        return answer.status, json.loads(answer.data)

    def redeem(self, code: str, **changed: str) -> tuple[int, dict[str, Any]]:
        return self.token(
            **{
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": PAGE,
                "code_verifier": VERIFIER,
                **changed,
            }
        )


@pytest.fixture
def client(provider: IdentityProvider) -> Client:
    return Client(provider)


def sent_back(answer: Any) -> dict[str, str]:
    """What the page is sent back with."""
    assert answer.status == 303
    location = answer.headers["location"]
    assert location.startswith(PAGE + "?")
    return {name: value for name, (value,) in parse_qs(urlsplit(location).query).items()}


def claims(client: Client, token: str, audience: str) -> dict[str, Any]:
    """The claims of a token whose signature holds."""
    key = jwt.PyJWKClient(client.discovery["jwks_uri"]).get_signing_key_from_jwt(token)
    decoded: dict[str, Any] = jwt.decode(
        token, key, ["RS256"], audience=audience, issuer=client.provider.issuer
    )
    return decoded


@pytest.mark.parametrize(
    ("role", "roles"),
    [("admin", ["workspace-member", "workspace-admin"]), ("member", ["workspace-member"])],
)
def test_a_code_is_redeemed_for_tokens_of_whoever_was_chosen(
    client: Client, role: str, roles: list[str]
) -> None:
    status, tokens = client.redeem(client.code(role))
    assert status == 200
    access = claims(client, tokens["access_token"], client.provider.audience)
    assert access["sub"] == "grace@navy.example"
    assert access["workspace_id"] == "ws-navy"
    assert access["roles"] == roles
    identity = claims(client, tokens["id_token"], CLIENT_ID)
    assert (identity["nonce"], identity["email"]) == ("n1", "grace@navy.example")
    assert tokens["token_type"] == "Bearer"


def test_the_form_offers_the_workspaces_as_text(client: Client) -> None:
    answer = client.authorize()
    assert answer.status == 200
    assert "ws-&lt;&quot;quoted&quot;&gt;" in answer.data.decode()
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


def test_a_code_is_good_for_one_use(client: Client) -> None:
    code = client.code()
    assert client.redeem(code)[0] == 200
    assert client.redeem(code) == refusal("invalid_grant", "the code is unknown, used or too old")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"code_verifier": "another"}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "http://127.0.0.1:9999/"}, "invalid_grant"),
        ({"client_id": "another"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_code_alone_gives_no_token(client: Client, changed: dict[str, str], error: str) -> None:
    status, answer = client.redeem(client.code(), **changed)
    assert (status, answer["error"]) == (400, error)


def test_a_refresh_token_renews_once_and_is_replaced(client: Client) -> None:
    _status, first = client.redeem(client.code())
    renewal = {"grant_type": "refresh_token", "refresh_token": first["refresh_token"]}
    status, second = client.token(**renewal)
    assert status == 200
    assert second["refresh_token"] != first["refresh_token"]
    assert claims(client, second["access_token"], client.provider.audience)["sub"]
    assert client.token(**renewal)[0] == 400


def test_without_offline_access_there_is_no_refresh_token(client: Client) -> None:
    _status, tokens = client.redeem(client.code(scope="openid"))
    assert "refresh_token" not in tokens


@pytest.mark.parametrize(
    "changed",
    [
        {"client_id": "another"},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": "http://127.0.0.1.evil.example/"},
        {"redirect_uri": "http://[::1"},
        {"redirect_uri": ""},
    ],
)
def test_nobody_is_sent_where_the_page_is_not(client: Client, changed: dict[str, str]) -> None:
    answer = client.authorize({"email": "a@b.example", "workspace_id": "w"}, **changed)
    assert answer.status == 400
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_the_page_is_told_why_there_is_no_code(
    client: Client, changed: dict[str, str], error: str
) -> None:
    assert sent_back(client.authorize(None, **changed))["error"] == error


def test_signing_out_goes_back_to_the_page_and_nowhere_else(client: Client) -> None:
    http = urllib3.PoolManager(retries=False)
    url = client.discovery["end_session_endpoint"]
    back = http.request("GET", url, fields={"post_logout_redirect_uri": PAGE}, redirect=False)
    assert (back.status, back.headers["location"]) == (303, PAGE)
    away = http.request("GET", url, fields={"post_logout_redirect_uri": "https://evil.example/"})
    assert away.status == 400


def refusal(error: str, description: str) -> tuple[int, dict[str, str]]:
    return 400, {"error": error, "error_description": description}
