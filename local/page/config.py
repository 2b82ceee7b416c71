"""What the page is told about its deployment."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PageConfig:
    """The page's `config.json`.

    Attributes:
        api_url: Where the API is; `/` for the page's own origin.
        issuer: The OpenID Connect provider.
        client_id: The page's own, at the provider.
        row_limit: The rows that an export may have.
        scope: What the page asks the provider for; `offline_access` for a refresh token.
        authorization_parameters: What it says besides when it signs in, as Auth0's `audience`.
    """

    api_url: str
    issuer: str
    client_id: str
    row_limit: int
    scope: str = "openid email offline_access"
    authorization_parameters: Mapping[str, str] = field(default_factory=dict)

    def json(self) -> bytes:
        """As `web/src/config.ts` reads it."""
        return json.dumps(
            {
                "apiUrl": self.api_url,
                "issuer": self.issuer,
                "clientId": self.client_id,
                "scope": self.scope,
                "authorizationParameters": dict(self.authorization_parameters),
                "rowLimit": self.row_limit,
            }
        ).encode()
