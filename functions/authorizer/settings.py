"""What the authorizer is told by its environment, checked once per cold start."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

_LOOPBACK_HOSTS = {"127.0.0.1", "::1", "localhost"}


class SettingsError(Exception):
    """The function is configured wrongly; the message names the variable and what to set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Whose tokens to believe, and which of their claims make a workspace admin.

    Claim names are exact names (`cognito:groups`, `https://example.com/roles`) or paths into
    nested objects (`realm_access.roles`); see `claims.claim_value`.
    """

    issuer: str
    audience: str
    audience_claim: str
    jwks_url: str
    admin_claim: str
    admin_value: str
    workspace_claim: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Reads the variables of the function in the template, all of which are required.

        Raises:
            SettingsError: a variable is missing, empty or not an address tokens may rest on.
        """
        return cls(
            issuer=_address(environment, "TOKEN_ISSUER"),
            audience=_text(environment, "TOKEN_AUDIENCE"),
            audience_claim=_text(environment, "AUDIENCE_CLAIM"),
            jwks_url=_address(environment, "JWKS_URL"),
            admin_claim=_text(environment, "ADMIN_CLAIM"),
            admin_value=_text(environment, "ADMIN_VALUE"),
            workspace_claim=_text(environment, "WORKSPACE_CLAIM"),
        )


def _text(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value or value != value.strip():
        raise SettingsError(f"{name} must be set, without spaces around it; it is {value!r}.")
    return value


def _address(environment: Mapping[str, str], name: str) -> str:
    value = _text(environment, name)
    if not _is_trustworthy(value):
        raise SettingsError(
            f"{name} must be an https address without user name and fragment "
            f"(http only for this machine itself); it is {value!r}."
        )
    return value


def _is_trustworthy(address: str) -> bool:
    try:
        parts = urlsplit(address)
        _ = parts.port  # raises where it is not a port
    except ValueError:
        return False
    is_private = parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in _LOOPBACK_HOSTS
    )
    # urlsplit drops line breaks and tabs in silence, so the text itself is checked too
    is_plain = address.isascii() and address.isprintable() and " " not in address
    return is_private and is_plain and bool(parts.hostname) and not set("@#") & set(address)
