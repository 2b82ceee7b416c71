"""Tokens as a person gives them: looked at for what can be told without a key."""

import base64
import json
import re
from datetime import UTC, datetime
from typing import Final

from local.deployment import DeploymentError

_TOKEN: Final = re.compile(r"[\x21-\x7e]{1,8000}")


def usable_token(given: str | None, whose: str, now: datetime) -> str | None:
    """A token without the blanks around it; None where there is none.

    Args:
        given: What was given.
        whose: For the sentence: "admin's", "member's".
        now: The time.

    Raises:
        DeploymentError: It cannot be one, or its time is over. The message says nothing of it.
    """
    if given is None or not (token := given.strip()):
        return None
    if not _TOKEN.fullmatch(token):
        raise DeploymentError(f"The {whose} token has characters that no token has.")
    expires_at = _expires_at(token)
    if expires_at is not None and expires_at <= now:
        at = f"{expires_at:%Y-%m-%d %H:%M:%S} UTC"
        raise DeploymentError(f"The {whose} token expired at {at}: take a new one.")
    return token


def _expires_at(token: str) -> datetime | None:
    """When a JWT ends; None for what is no JWT: the API has the last word."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (IndexError, KeyError, TypeError, ValueError, OverflowError, OSError):
        return None
