"""Tokens, good and bad, and the issuer that signed them, for the tests of the authorizer."""

import json
import time
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any

import jwt

from functions.authorizer.settings import Settings
from functions.authorizer.signing_keys import SigningKeys
from local.identity_provider import Algorithm, SigningKey

SETTINGS = Settings(
    issuer="https://issuer.example/tenant",
    audience="usage-export",
    audience_claim="aud",
    jwks_url="https://issuer.example/tenant/keys",
    admin_claim="roles",
    admin_value="workspace-admin",
    workspace_claim="workspace_id",
)

DENY = {"isAuthorized": False}
ALLOW = {
    "isAuthorized": True,
    "context": {"workspace_id": "ws-acme", "subject": "ada@acme.example"},
}

ABSENT = object()
"""In place of a claim's value: the claim is left out."""


@cache
def key(key_id: str, algorithm: Algorithm = "RS256") -> SigningKey:
    """The same private key for the same name, in every test."""
    return SigningKey.generate(algorithm, key_id)


def claims(**changes: Any) -> dict[str, Any]:
    """What an admin's valid token says, with `changes`."""
    content = {
        "iss": SETTINGS.issuer,
        "aud": SETTINGS.audience,
        "sub": "ada@acme.example",
        "iat": from_now(-60),
        "exp": from_now(600),
        "workspace_id": "ws-acme",
        "roles": ["workspace-member", "workspace-admin"],
        **changes,
    }
    return {name: value for name, value in content.items() if value is not ABSENT}


def from_now(seconds: int) -> int:
    return int(time.time()) + seconds


def signed(**changes: Any) -> str:
    """An admin's valid token, with `changes` to its claims."""
    return RSA.sign(claims(**changes))


def with_header(**header: Any) -> str:
    """An admin's valid token, with changes to its header."""
    return RSA.sign(claims(), **header)


def of_length(length: int) -> str:
    """An admin's valid token of that length; base64 may make it one longer."""
    padding = "x" * ((length - len(signed())) * 3 // 4 - 20)
    while len(token := signed(padding=padding)) < length:
        padding += "x"
    return token


def compact(header: dict[str, Any] | bytes, payload: bytes, signer: SigningKey) -> str:
    """A compact JWS of exactly these contents, even where no JWT library would make it."""
    header_bytes = header if isinstance(header, bytes) else json.dumps(header).encode()
    signing_input = base64url(header_bytes) + "." + base64url(payload)
    algorithm = jwt.get_algorithm_by_name(signer.algorithm)
    signature = algorithm.sign(signing_input.encode(), signer.private_key)
    return signing_input + "." + base64url(signature)


def base64url(content: bytes) -> str:
    return urlsafe_b64encode(content).rstrip(b"=").decode()


def event(authorization: str) -> dict[str, Any]:
    """An authorizer event as an HTTP API sends it (payload 2.0)."""
    return {
        "version": "2.0",
        "type": "REQUEST",
        "routeArn": "arn:aws:execute-api:eu-central-1:123456789012:api/$default/POST/exports",
        "identitySource": [authorization],
        "routeKey": "POST /exports",
        "rawPath": "/exports",
        "rawQueryString": "",
        "headers": {"authorization": authorization},
        "requestContext": {
            "http": {"method": "POST", "path": "/exports"},
            "requestId": "JKJaXmPLvHcESHA=",
            "stage": "$default",
        },
    }


def key_set(*published: SigningKey) -> bytes:
    """The JWK Set document of an issuer with these keys."""
    return json.dumps({"keys": [signer.public_jwk for signer in published]}).encode()


def issuer_with(*published: SigningKey) -> SigningKeys:
    """The keys of an issuer that is always up and never changes."""
    return SigningKeys(fetch=lambda: key_set(*published), clock=lambda: 0.0)


RSA = key("rsa")
EC = key("ec", "ES256")
ISSUER = issuer_with(RSA, EC)
