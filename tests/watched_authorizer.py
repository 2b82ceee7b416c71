"""The authorizer with a clock that can be set, and a count of the requests for keys it makes."""

import json
import time
from typing import Any

from functions.authorizer.app import authorize
from functions.authorizer.key_set_endpoint import fetch_key_set
from functions.authorizer.settings import Settings
from functions.authorizer.signing_keys import KeysUnavailableError, SigningKeys
from local.lambda_runtime import LambdaError
from local.template import Template


class WatchedAuthorizer:
    """Answers authorizer events under a template's parameters, and fails as on Lambda.

    Attributes:
        ahead: Seconds by which the clock of its key cache is ahead of the real one.
        fetches: How often it asked for the issuer's keys.
    """

    def __init__(self, template: Template) -> None:
        function = template.functions()[template.authorizer()]
        self._settings = Settings.from_environment(function.environment)
        self._keys = SigningKeys(self._fetch, clock=lambda: time.time() + self.ahead)
        self.ahead = 0.0
        self.fetches = 0

    def __call__(self, event: Any) -> dict[str, Any]:
        try:
            return authorize(json.loads(json.dumps(event)), self._settings, self._keys)
        except KeysUnavailableError as error:
            raise LambdaError(type(error).__name__, str(error), []) from error

    def _fetch(self) -> bytes:
        self.fetches += 1
        return fetch_key_set(self._settings.jwks_url)
