"""Sign-in: the authorization code flow with PKCE (RFC 6749, RFC 7636) of a public client."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from werkzeug.exceptions import BadRequest
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from local.identity_provider.answers import json_answer, sign_in_page

_CODE_SECONDS = 60


@dataclass(frozen=True)
class Person:
    """Who somebody said they are."""

    email: str
    workspace_id: str
    is_admin: bool


@dataclass(frozen=True)
class _Grant:
    """What a code or a refresh token stands for."""

    person: Person
    scope: str
    redirect_uri: str
    challenge: str
    nonce: str | None
    expires_at: float


class TokenRequestError(Exception):
    """A token request that is refused; `code` is OAuth's name for the reason."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(description)
        self.code = code


class SignIn:
    """The endpoints of a sign-in. Codes and refresh tokens are good for one use.

    Args:
        client_id: The one client, a page on this machine, whatever its port.
        workspaces: What the form offers.
        tokens: Makes the tokens of a person, given the request's nonce.
    """

    def __init__(
        self,
        client_id: str,
        workspaces: Sequence[str],
        tokens: Callable[[Person, str | None], dict[str, Any]],
    ) -> None:
        self._client_id = client_id
        self._workspaces = workspaces
        self._tokens = tokens
        self._codes: dict[str, _Grant] = {}
        self._refresh_tokens: dict[str, _Grant] = {}

    def authorize(self, request: Request) -> Response:
        """Ask who somebody is, then send them back to the page with a code."""
        asked = request.args
        redirect_uri = asked.get("redirect_uri", "")
        if asked.get("client_id") != self._client_id or not _is_on_this_machine(redirect_uri):
            raise BadRequest("Unknown client_id, or a redirect_uri that is not on this machine.")
        back = {"state": asked["state"]} if "state" in asked else {}
        if asked.get("response_type") != "code" or asked.get("code_challenge_method") != "S256":
            error = {"error": "invalid_request", "error_description": "code with PKCE (S256) only"}
            return redirect(_with_query(redirect_uri, {**error, **back}), 303)
        if asked.get("prompt") == "none":  # there is no session here to go on with
            return redirect(_with_query(redirect_uri, {"error": "login_required", **back}), 303)
        if request.method == "GET":
            return sign_in_page(self._workspaces)
        grant = _Grant(
            person=Person(
                email=request.form["email"],
                workspace_id=request.form["workspace_id"],
                is_admin=request.form.get("role") == "admin",
            ),
            scope=asked.get("scope", "openid"),
            redirect_uri=redirect_uri,
            challenge=asked.get("code_challenge", ""),
            nonce=asked.get("nonce"),
            expires_at=time.monotonic() + _CODE_SECONDS,
        )
        code = secrets.token_urlsafe(24)
        self._codes[code] = grant
        return redirect(_with_query(redirect_uri, {"code": code, **back}), 303)

    def token(self, request: Request) -> Response:
        """Give tokens for a code or for a refresh token."""
        try:
            grant = self._grant(request.form)
        except TokenRequestError as error:
            return json_answer({"error": error.code, "error_description": str(error)}, 400)
        answer = {**self._tokens(grant.person, grant.nonce), "scope": grant.scope}
        if "offline_access" in grant.scope.split():
            answer["refresh_token"] = secrets.token_urlsafe(24)
            self._refresh_tokens[answer["refresh_token"]] = grant
        return json_answer(answer)

    def sign_out(self, request: Request) -> Response:
        """Nobody stays signed in here, so this only goes back to the page."""
        target = request.args.get("post_logout_redirect_uri", "")
        if not _is_on_this_machine(target):
            raise BadRequest("post_logout_redirect_uri is not on this machine.")
        back = {"state": request.args["state"]} if "state" in request.args else {}
        return redirect(_with_query(target, back), 303)

    def _grant(self, asked: Mapping[str, str]) -> _Grant:
        if asked.get("client_id") != self._client_id:
            raise TokenRequestError("invalid_client", "no such client")
        match asked.get("grant_type"):
            case "authorization_code":
                return self._redeemed(
                    asked.get("code", ""),
                    asked.get("redirect_uri", ""),
                    asked.get("code_verifier", ""),
                )
            case "refresh_token":
                return self._refreshed(asked.get("refresh_token", ""))
        raise TokenRequestError("unsupported_grant_type", "no such grant")

    def _redeemed(self, code: str, redirect_uri: str, verifier: str) -> _Grant:
        grant = self._codes.pop(code, None)
        if grant is None or grant.expires_at < time.monotonic():
            raise TokenRequestError("invalid_grant", "the code is unknown, used or too old")
        if redirect_uri != grant.redirect_uri:
            raise TokenRequestError("invalid_grant", "the redirect_uri is another")
        if not hmac.compare_digest(_challenge(verifier), grant.challenge.encode()):
            raise TokenRequestError("invalid_grant", "the code_verifier does not fit")
        return grant

    def _refreshed(self, refresh_token: str) -> _Grant:
        grant = self._refresh_tokens.pop(refresh_token, None)
        if grant is None:
            raise TokenRequestError("invalid_grant", "the refresh token is unknown or used")
        return grant


def _challenge(verifier: str) -> bytes:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")


def _is_on_this_machine(url: str) -> bool:
    """RFC 8252: a loopback address is the same client on any port."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in {"127.0.0.1", "localhost"}


def _with_query(url: str, query: dict[str, str]) -> str:
    return f"{url}?{urlencode(query)}" if query else url
