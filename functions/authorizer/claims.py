"""The decision: do these verified claims belong to an admin of a workspace, and of which?

Pure. The signature, issuer and validity period are verified before (`tokens`); here is what the
claims must say beyond that, in the shapes different identity providers give them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.authorizer.settings import Settings
from shared.workspace import WORKSPACE_ID_PATTERN

MAX_SUBJECT_LENGTH = 255
"""OpenID Connect's own limit for `sub`."""

_LATEST_TIME = 253_402_300_799
"""The last second of the year 9999: a later expiry is "never", which no token may say."""

_ACCESS_TOKEN_KINDS = {"token_use": {"access"}, "typ": {"bearer", "jwt", "at+jwt"}}
"""Where a provider names a token's kind in its claims (Cognito: `token_use`, Keycloak: `typ`),
ID and refresh tokens, signed with the same keys, must not pass for access tokens."""


class AccessDeniedError(Exception):
    """The caller is not an authenticated admin of a workspace.

    For the log alone: the message is the cause, `subject` and `workspace_id` are who was denied
    where that is verified.
    """

    def __init__(
        self, cause: str, *, subject: str | None = None, workspace_id: str | None = None
    ) -> None:
        super().__init__(cause)
        self.subject = subject
        self.workspace_id = workspace_id


@dataclass(frozen=True, slots=True)
class Admin:
    """Who may go on: an admin of one workspace."""

    workspace_id: str
    subject: str


def admin_of(claims: Mapping[str, Any], settings: Settings) -> Admin:
    """The admin whom the verified `claims` describe.

    Raises:
        AccessDeniedError: any of the claims is missing, malformed or says something else.
    """
    _require_plain_times(claims)
    if not _holds(claims.get(settings.audience_claim), settings.audience):
        raise AccessDeniedError("the token is for another audience")
    _require_access_token(claims)
    subject = _subject(claims)
    workspace_id = claim_value(claims, settings.workspace_claim)
    if not isinstance(workspace_id, str) or not re.fullmatch(WORKSPACE_ID_PATTERN, workspace_id):
        raise AccessDeniedError("the workspace is missing or malformed", subject=subject)
    if not _holds(claim_value(claims, settings.admin_claim), settings.admin_value):
        raise AccessDeniedError("not an admin", subject=subject, workspace_id=workspace_id)
    return Admin(workspace_id=workspace_id, subject=subject)


def claim_value(claims: Mapping[str, Any], name: str) -> Any:
    """The value of the claim called `name`, or None.

    An exact name wins, whatever is in it; else the dots are steps into nested objects, each step
    taking the longest name that exists:

    >>> claim_value({"https://example.com/roles": ["admin"]}, "https://example.com/roles")
    ['admin']
    >>> claim_value({"realm_access": {"roles": ["admin"]}}, "realm_access.roles")
    ['admin']
    >>> claim_value({"resource_access": {"my.app": {"roles": []}}}, "resource_access.my.app.roles")
    []
    """
    steps = name.split(".")
    for taken in range(len(steps), 0, -1):
        step = ".".join(steps[:taken])
        if step not in claims:
            continue
        value = claims[step]
        if taken == len(steps):
            return value
        return claim_value(value, ".".join(steps[taken:])) if isinstance(value, dict) else None
    return None


def _holds(value: object, expected: str) -> bool:
    """Is it the expected text itself, or a flat list with it? Never a part of a text."""
    return value == expected or (isinstance(value, list) and expected in value)


def _require_plain_times(claims: Mapping[str, Any]) -> None:
    # PyJWT compares these with the clock, but takes "17", True and 1e308 for times.
    for name in ("exp", "iat", "nbf"):
        if name in claims and not _is_time(claims[name]):
            raise AccessDeniedError(f"the claim {name} is not a time in seconds")


def _is_time(value: object) -> bool:
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and 0 <= value <= _LATEST_TIME  # false for NaN
    )


def _require_access_token(claims: Mapping[str, Any]) -> None:
    for name, kinds in _ACCESS_TOKEN_KINDS.items():
        if name in claims:
            kind = claims[name]
            if not isinstance(kind, str) or kind.lower() not in kinds:
                raise AccessDeniedError(f"the claim {name} names another kind of token")


def _subject(claims: Mapping[str, Any]) -> str:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= MAX_SUBJECT_LENGTH:
        raise AccessDeniedError("the subject is missing, empty or too long")
    if not subject.isprintable() or subject.isspace():
        raise AccessDeniedError("the subject is blank or holds control characters")
    return subject
