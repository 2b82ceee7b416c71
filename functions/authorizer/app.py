"""The HTTP API asks here before every route: is this an admin, and of which workspace?

Every refusal is the same answer; its cause goes to the log, without the token. Where the issuer's
keys cannot be had, `KeysUnavailableError` leaves the function and API Gateway answers 500: a
denial would tell an admin something untrue.
"""

import logging
import os
import time
from functools import cache, partial
from typing import Any

from functions.authorizer.claims import AccessDeniedError, admin_of
from functions.authorizer.key_set_endpoint import fetch_key_set
from functions.authorizer.settings import Settings
from functions.authorizer.signing_keys import SigningKeys
from functions.authorizer.tokens import bearer_token, verified_claims

logger = logging.getLogger(__name__)


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Answers a Lambda authorizer event (payload 2.0) with a simple response."""
    settings, keys = _issuer()
    return authorize(event, settings, keys)


@cache
def _issuer() -> tuple[Settings, SigningKeys]:
    settings = Settings.from_environment(os.environ)
    return settings, SigningKeys(partial(fetch_key_set, settings.jwks_url), clock=time.time)


def authorize(event: dict[str, Any], settings: Settings, keys: SigningKeys) -> dict[str, Any]:
    """The simple response to `event`; an admin's has the workspace and the subject as context.

    Raises:
        KeysUnavailableError: the issuer's keys cannot be had, and the token may be good.
    """
    try:
        claims = verified_claims(bearer_token(event), keys, settings)
        admin = admin_of(claims, settings)
    except AccessDeniedError as denial:
        logger.warning(
            "Access denied",
            extra={
                "cause": str(denial),
                "subject": denial.subject,
                "workspace_id": denial.workspace_id,
                "api_request_id": _request_id(event),
            },
        )
        return {"isAuthorized": False}
    return {
        "isAuthorized": True,
        "context": {"workspace_id": admin.workspace_id, "subject": admin.subject},
    }


def _request_id(event: object) -> str | None:
    """API Gateway's id of the request, by which a caller's 403 is found in the log."""
    match event:
        case {"requestContext": {"requestId": str(request_id)}}:
            return request_id
        case _:
            return None
