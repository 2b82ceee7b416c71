"""The provider: its server, its tokens and its documents.

>>> with IdentityProvider() as provider:
...     header = f"Bearer {provider.token(workspace_id='ws-acme')}"
"""

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from local.identity_provider.answers import json_answer
from local.identity_provider.keys import Algorithm, SigningKey
from local.identity_provider.sign_in import Person, SignIn

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

AUDIENCE = "api-usage-export"
CLIENT_ID = "api-usage-page"
ADMIN_ROLE = "workspace-admin"
MEMBER_ROLE = "workspace-member"
TOKEN_LIFETIME_SECONDS = 3600


class IdentityProvider:
    """An OpenID Connect provider while the context is open.

    Args:
        port: The port on 127.0.0.1; 0 takes a free one.
        workspaces: What the sign-in page offers; any other can be typed in.
        lifetime: Of the tokens of a sign-in, in seconds.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        workspaces: Sequence[str] = ("ws-acme",),
        lifetime: int = TOKEN_LIFETIME_SECONDS,
    ) -> None:
        self.audience = AUDIENCE
        self._port = port
        self._lifetime = lifetime
        self._server: BaseWSGIServer | None = None
        self._keys = {algorithm: SigningKey.generate(algorithm) for algorithm in ("RS256", "ES256")}
        sign_in = SignIn(CLIENT_ID, workspaces, self._tokens)
        self._routes = Map(
            [
                Rule("/.well-known/openid-configuration", endpoint=self._discovery),
                Rule("/.well-known/jwks.json", endpoint=self._key_set),
                Rule("/authorize", endpoint=sign_in.authorize, methods=["GET", "POST"]),
                Rule("/token", endpoint=sign_in.token, methods=["POST"]),
                Rule("/sign-out", endpoint=sign_in.sign_out, methods=["GET"]),
            ]
        )

    def __enter__(self) -> Self:
        self._server = make_server(
            "127.0.0.1", self._port, self._answer, threaded=True, request_handler=_QuietHandler
        )
        threading.Thread(
            target=self._server.serve_forever,
            args=(0.05,),  # seconds until it notices a shutdown
            name="identity-provider",
            daemon=True,
        ).start()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def issuer(self) -> str:
        """The `iss` of its tokens, and where its discovery document is."""
        if self._server is None:
            raise RuntimeError("The identity provider has an address only inside `with`.")
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def jwks_url(self) -> str:
        """Where its public keys are."""
        return f"{self.issuer}/.well-known/jwks.json"

    def template_parameters(self) -> dict[str, str]:
        """The template's parameters that make a stack believe this provider."""
        return {
            "TokenIssuer": self.issuer,
            "TokenAudience": self.audience,
            "AudienceClaim": "aud",
            "JwksUrl": self.jwks_url,
            "AdminClaim": "roles",
            "AdminValue": ADMIN_ROLE,
            "WorkspaceClaim": "workspace_id",
        }

    def token(
        self,
        *,
        subject: str = "ada@acme.example",
        workspace_id: str = "ws-acme",
        admin: bool = True,
        algorithm: Algorithm = "RS256",
        lifetime: int = TOKEN_LIFETIME_SECONDS,
        **claims: Any,
    ) -> str:
        """An access token (RFC 9068) of a member of the workspace, by default an admin.

        `lifetime` is in seconds. Further keyword arguments set claims; None leaves one out.
        """
        content = {
            **self._registered_claims(self.audience, subject, lifetime),
            "client_id": CLIENT_ID,
            "jti": str(uuid.uuid4()),
            "workspace_id": workspace_id,
            "roles": [MEMBER_ROLE, ADMIN_ROLE] if admin else [MEMBER_ROLE],
            **claims,
        }
        return self._keys[algorithm].sign(
            {name: value for name, value in content.items() if value is not None}
        )

    def _tokens(self, person: Person, nonce: str | None) -> dict[str, Any]:
        """What a sign-in ends with; the ID token is for the page, the access token for the API."""
        identity = self._registered_claims(CLIENT_ID, person.email, self._lifetime)
        identity["email"] = person.email
        if nonce is not None:
            identity["nonce"] = nonce
        return {
            "access_token": self.token(
                subject=person.email,
                workspace_id=person.workspace_id,
                admin=person.is_admin,
                lifetime=self._lifetime,
            ),
            "id_token": self._keys["RS256"].sign(identity, typ="JWT"),
            "token_type": "Bearer",
            "expires_in": self._lifetime,
        }

    def _registered_claims(self, audience: str, subject: str, lifetime: int) -> dict[str, Any]:
        now = int(time.time())
        return {
            "iss": self.issuer,
            "aud": audience,
            "sub": subject,
            "iat": now,
            "exp": now + lifetime,
        }

    def _answer(
        self, environment: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        request = Request(environment)
        response: Callable[..., Iterable[bytes]]
        try:
            endpoint, arguments = self._routes.bind_to_environ(environment).match()
            response = endpoint(request, **arguments)
        except HTTPException as error:
            response = error
        return response(environment, start_response)

    def _discovery(self, _request: Request) -> Response:
        return json_answer(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "end_session_endpoint": f"{self.issuer}/sign-out",
                "jwks_uri": self.jwks_url,
                "scopes_supported": ["openid", "offline_access"],
                "response_types_supported": ["code"],
                "grant_types_supported": ["authorization_code", "refresh_token"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["none"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": list(self._keys),
            }
        )

    def _key_set(self, _request: Request) -> Response:
        return json_answer({"keys": [key.public_jwk for key in self._keys.values()]})


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing: its requests are of no interest to who uses the stack."""
