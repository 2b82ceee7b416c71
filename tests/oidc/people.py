"""People who sign in at Keycloak by its own form: the code flow with PKCE, as the page does it."""

import base64
import hashlib
import html
import json
import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import urllib3

from tests.oidc.keycloak import CLIENT_ID, PASSWORD, REALM, Keycloak

_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class SignInError(Exception):
    """Keycloak did not let them in; the text is its own."""


@dataclass(frozen=True)
class Tokens:
    """What a sign-in, or a refresh, ended with."""

    access: str
    refresh: str
    identity: str

    @property
    def claims(self) -> dict[str, Any]:
        """Of the access token, not verified."""
        claims: dict[str, Any] = jwt.decode(self.access, options={"verify_signature": False})
        return claims

    @property
    def key_id(self) -> str:
        """The key that signed the access token."""
        key_id: str = jwt.get_unverified_header(self.access)["kid"]
        return key_id


class People:
    """Signs people in from the page at `page`, an origin."""

    def __init__(self, keycloak: Keycloak, page: str) -> None:
        self._keycloak = keycloak
        self._redirect_uri = f"{page}/"
        self._http = urllib3.PoolManager(retries=False, timeout=60)

    def sign_in(
        self,
        email: str,
        *,
        client_id: str = CLIENT_ID,
        realm: str = REALM,
        password: str = PASSWORD,
        pkce: bool = True,
    ) -> Tokens:
        """Go through the form. Raises `SignInError`."""
        verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        challenge = {
            "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        code = self._code(
            self._endpoint(realm, "auth"),
            {
                "client_id": client_id,
                "redirect_uri": self._redirect_uri,
                "response_type": "code",
                "scope": "openid email",
                **(challenge if pkce else {}),
            },
            {"username": email, "password": password},
        )
        return self._tokens(
            realm,
            {
                "grant_type": "authorization_code",
                "client_id": client_id,
                "code": code,
                "redirect_uri": self._redirect_uri,
                "code_verifier": verifier,
            },
        )

    def refresh(self, tokens: Tokens) -> Tokens:
        """Raises `SignInError`."""
        asked = {"grant_type": "refresh_token", "client_id": CLIENT_ID}
        return self._tokens(REALM, {**asked, "refresh_token": tokens.refresh})

    def _endpoint(self, realm: str, name: str) -> str:
        return f"{self._keycloak.issuer_of(realm)}/protocol/openid-connect/{name}"

    def _code(self, address: str, asked: dict[str, str], typed: dict[str, str]) -> str:
        form = self._http.request("GET", f"{address}?{urlencode(asked)}", redirect=False)
        if form.status == 302:
            raise SignInError(_query(form.headers["Location"])["error_description"])
        action = re.search(r'<form id="kc-form-login"[^>]* action="([^"]+)"', form.data.decode())
        if action is None:
            raise SignInError(f"{form.status}: there is no form")
        cookies = [cookie.partition(";")[0] for cookie in form.headers.getlist("Set-Cookie")]
        answer = self._http.request(
            "POST",
            html.unescape(action[1]),
            body=urlencode(typed),
            headers={**_FORM, "Cookie": "; ".join(cookies)},
            redirect=False,
        )
        if answer.status != 302:
            said = re.search(r"kc-feedback-text[^>]*>\s*([^<]+?)\s*<", answer.data.decode())
            raise SignInError(said[1] if said else f"{answer.status}: no redirect")
        return _query(answer.headers["Location"])["code"]

    def _tokens(self, realm: str, asked: dict[str, str]) -> Tokens:
        answer = self._http.request(
            "POST", self._endpoint(realm, "token"), body=urlencode(asked), headers=_FORM
        )
        body = json.loads(answer.data)
        if answer.status != 200:
            raise SignInError(body["error_description"])
        return Tokens(body["access_token"], body["refresh_token"], body["id_token"])


def _query(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
