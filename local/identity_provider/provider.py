"""A development identity provider: signs the tokens that the authorizer accepts on this machine.

It has no users and no secrets: whoever can call `token` is anybody. Only for 127.0.0.1.

>>> with IdentityProvider() as provider:
...     header = f"Bearer {provider.token(workspace_id='ws-acme')}"
"""

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.serving import BaseWSGIServer, WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Algorithm = Literal["RS256", "ES256"]

AUDIENCE = "api-usage-export"
CLIENT_ID = "api-usage-page"
ADMIN_ROLE = "workspace-admin"
MEMBER_ROLE = "workspace-member"
TOKEN_LIFETIME_SECONDS = 3600


@dataclass(frozen=True)
class SigningKey:
    """A private key that tokens are signed with, and the name it is published under."""

    key_id: str
    algorithm: Algorithm
    private_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

    @classmethod
    def generate(cls, algorithm: Algorithm, key_id: str | None = None) -> Self:
        """A fresh 2048-bit RSA key for RS256, or P-256 key for ES256."""
        key_id = key_id or f"{algorithm.lower()}-{uuid.uuid4().hex[:8]}"
        if algorithm == "RS256":
            return cls(key_id, algorithm, rsa.generate_private_key(65537, 2048))
        return cls(key_id, algorithm, ec.generate_private_key(ec.SECP256R1()))

    @cached_property
    def public_jwk(self) -> dict[str, Any]:
        """The public half as a JSON Web Key (RFC 7517)."""
        if isinstance(self.private_key, rsa.RSAPrivateKey):
            jwk = RSAAlgorithm.to_jwk(self.private_key.public_key(), as_dict=True)
        else:
            jwk = ECAlgorithm.to_jwk(self.private_key.public_key(), as_dict=True)
        return {**jwk, "kid": self.key_id, "alg": self.algorithm, "use": "sig"}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """A signed token (JWS, compact) with `claims`; `header` adds to its header or overrides."""
        headers = {"kid": self.key_id, "typ": "at+jwt", **header}
        return jwt.encode(claims, self.private_key, self.algorithm, headers=headers)


class IdentityProvider:
    """Publishes its keys as an OpenID Connect provider does while the context is open.

    Args:
        port: the port on 127.0.0.1; 0 takes a free one.
    """

    def __init__(self, port: int = 0) -> None:
        self.audience = AUDIENCE
        self._port = port
        self._server: BaseWSGIServer | None = None
        self._keys = {algorithm: SigningKey.generate(algorithm) for algorithm in ("RS256", "ES256")}
        self._routes = Map(
            [
                Rule("/.well-known/openid-configuration", endpoint=self._discovery),
                Rule("/.well-known/jwks.json", endpoint=self._key_set),
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
        now = int(time.time())
        content = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": subject,
            "client_id": CLIENT_ID,
            "iat": now,
            "exp": now + lifetime,
            "jti": str(uuid.uuid4()),
            "workspace_id": workspace_id,
            "roles": [MEMBER_ROLE, ADMIN_ROLE] if admin else [MEMBER_ROLE],
            **claims,
        }
        return self._keys[algorithm].sign(
            {name: value for name, value in content.items() if value is not None}
        )

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
        return _json(
            {
                "issuer": self.issuer,
                "jwks_uri": self.jwks_url,
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": list(self._keys),
            }
        )

    def _key_set(self, _request: Request) -> Response:
        return _json({"keys": [key.public_jwk for key in self._keys.values()]})


def _json(document: dict[str, Any]) -> Response:
    return Response(json.dumps(document), content_type="application/json")


class _QuietHandler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing: its requests are of no interest to who uses the stack."""
