"""From the Authorization header to verified claims, as RFC 8725 asks for."""

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import jwt

from functions.authorizer.claims import AccessDeniedError
from functions.authorizer.settings import Settings
from functions.authorizer.signing_keys import SigningKeys

ALGORITHMS = ("RS256", "ES256")
LEEWAY_SECONDS = 30
MAX_TOKEN_LENGTH = 8 * 1024

_BEARER = re.compile(r"bearer +([\w-]+\.[\w-]+\.[\w-]+)", re.ASCII | re.IGNORECASE)
_TOKEN_TYPES = {"jwt", "at+jwt"}


def bearer_token(event: object) -> str:
    """The signed token in the Authorization header of an authorizer event (payload 2.0).

    Raises:
        AccessDeniedError: there is not exactly one header, or it holds something else.
    """
    match event:
        case {"identitySource": [str(authorization)]} if bearer := _BEARER.fullmatch(authorization):
            token = bearer[1]
        case _:
            raise AccessDeniedError("the Authorization header is not 'Bearer' and a signed token")
    if len(token) > MAX_TOKEN_LENGTH:
        raise AccessDeniedError(f"the token is longer than {MAX_TOKEN_LENGTH} bytes")
    return token


def verified_claims(token: str, keys: SigningKeys, settings: Settings) -> dict[str, Any]:
    """The claims of a token that the issuer has signed and that is valid now.

    Addresses and keys that the token itself brings (`jku`, `x5u`, `jwk`, `x5c`) are never looked
    at: keys come from the configured issuer alone. The audience is left to `claims.admin_of`,
    since not every provider calls it `aud`.

    Raises:
        AccessDeniedError: the token is malformed, forged, expired or someone else's.
        KeysUnavailableError: whether it is cannot be told now.
    """
    try:
        key_id, algorithm = _key_reference(jwt.get_unverified_header(token))
        return _verified(token, keys.matching(key_id, algorithm), settings)
    except jwt.PyJWTError as error:
        raise AccessDeniedError(f"the token is not valid: {error}") from error


def _key_reference(header: dict[str, Any]) -> tuple[str, str]:
    """Which key is asked for; checked before any key is fetched for a token nobody would accept."""
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise AccessDeniedError(f"the algorithm is not one of {', '.join(ALGORITHMS)}")
    if not key_id:
        raise AccessDeniedError("the token names no key")
    if "crit" in header:
        raise AccessDeniedError("the token asks for an extension that is not supported")
    if "typ" in header and not _is_access_token_type(header["typ"]):
        raise AccessDeniedError("the header says that this is another kind of token")
    return key_id, algorithm


def _is_access_token_type(media_type: object) -> bool:
    # RFC 7515, 4.1.9: names are case-insensitive, and "application/" may be left out
    return isinstance(media_type, str) and (
        media_type.lower().removeprefix("application/") in _TOKEN_TYPES
    )


def _verified(token: str, candidates: Iterable[jwt.PyJWK], settings: Settings) -> dict[str, Any]:
    # Several keys under one id are the issuer's mistake, not the caller's: either may have signed.
    for key in candidates:
        with suppress(jwt.InvalidSignatureError):
            return jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                issuer=settings.issuer,
                leeway=LEEWAY_SECONDS,
                options={
                    "require": ["exp", "iat", "iss", "sub", settings.audience_claim],
                    "verify_aud": False,
                    "enforce_minimum_key_length": True,
                },
            )
    raise AccessDeniedError("no key of the issuer has this id and made this signature")
