"""A gateway with plain Python functions behind it, and a client that hides nothing."""

import http.client
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from local.gateway import Gateway, HttpApiDefinition
from local.template import Cors, Route, Throttling

Function = Callable[[dict[str, Any]], Any]

ALLOWED = {"isAuthorized": True, "context": {"workspace_id": "ws-acme", "subject": "ada"}}
PAGE = "https://app.example.com"
TOKEN = {"Authorization": "Bearer a.b.c"}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ServedApi:
    """Routes that a function answers; enter it to have it served.

    Events go through JSON, as on their way to Lambda, and stay to be looked at.
    """

    function: Function = lambda event: {"statusCode": 200, "body": "done"}
    authorizer: Function = lambda event: ALLOWED
    routes: Iterable[str] = ("POST /exports", "GET /exports", "GET /exports/{id}")
    cors: Cors = field(
        default=Cors(
            allow_origins=(PAGE, "http://localhost:5173"),
            allow_methods=("GET", "POST", "DELETE"),
            allow_headers=("authorization", "content-type"),
            expose_headers=("location", "retry-after"),
            max_age=300,
        )
    )
    throttling: Throttling = field(default=Throttling(rate=10_000, burst=5_000))
    integration_timeout: float = 30
    authorizer_timeout: float = 10
    events: list[dict[str, Any]] = field(default_factory=list)
    authorizer_events: list[dict[str, Any]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._gateway = Gateway(
            self.definition,
            self._invoke,
            integration_timeout=self.integration_timeout,
            authorizer_timeout=self.authorizer_timeout,
        )
        self._gateway.__enter__()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        exception_traceback: TracebackType | None,
    ) -> None:
        self._gateway.__exit__(exception_type, exception, exception_traceback)

    @property
    def definition(self) -> HttpApiDefinition:
        routes = [route.split() for route in self.routes]
        return _Definition(
            [Route(method, path, "Api") for method, path in routes], self.cors, self.throttling
        )

    @property
    def address(self) -> tuple[str, int]:
        host, port = self._gateway.url.removeprefix("http://").split(":")
        return host, int(port)

    @property
    def event(self) -> dict[str, Any]:
        """The one event that the function got."""
        (event,) = self.events
        return event

    def request(
        self,
        target: str,
        method: str = "GET",
        *,
        headers: Mapping[str, str] | Iterable[tuple[str, str]] = TOKEN.items(),
        body: bytes | Iterable[bytes] | None = None,
    ) -> Reply:
        """Sends the target as it is; a body in pieces goes in chunks."""
        pairs = headers.items() if isinstance(headers, Mapping) else headers
        connection = http.client.HTTPConnection(*self.address, timeout=20)
        try:
            connection.putrequest(method, target)
            for name, value in pairs:
                connection.putheader(name, value)
            if isinstance(body, bytes):
                connection.putheader("Content-Length", str(len(body)))
            elif body is not None:
                connection.putheader("Transfer-Encoding", "chunked")
            connection.endheaders(
                body, encode_chunked=body is not None and not isinstance(body, bytes)
            )
            response = connection.getresponse()
            return Reply(response.status, response.headers, response.read())
        finally:
            connection.close()

    def _invoke(self, logical_id: str, event: dict[str, Any]) -> Any:
        event = json.loads(json.dumps(event))
        if logical_id == "Authorizer":
            self.authorizer_events.append(event)
            return self.authorizer(event)
        self.events.append(event)
        return self.function(event)


@dataclass(frozen=True)
class _Definition:
    """What of a template an HTTP API needs."""

    _routes: list[Route]
    _cors: Cors
    _throttling: Throttling

    def routes(self) -> list[Route]:
        return self._routes

    def authorizer(self) -> str:
        return "Authorizer"

    def cors(self) -> Cors:
        return self._cors

    def throttling(self) -> Throttling:
        return self._throttling
