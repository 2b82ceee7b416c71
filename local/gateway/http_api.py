"""An HTTP API: from a request to the function that answers it, and back."""

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from threading import Thread
from typing import TYPE_CHECKING, Any, Final, Protocol

from werkzeug.exceptions import (
    Forbidden,
    HTTPException,
    InternalServerError,
    NotFound,
    RequestEntityTooLarge,
    RequestHeaderFieldsTooLarge,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
)
from werkzeug.wrappers import Response

from local.gateway.cors import drop_cors_headers, let_origin_read, preflight
from local.gateway.events import authorizer_event, integration_event
from local.gateway.request import HttpRequest, read_body
from local.gateway.responses import MalformedResponseError, function_response, gateway_response
from local.gateway.routes import RouteMatch, RouteTable
from local.gateway.throttle import TokenBucket
from local.lambda_runtime import LambdaError, RequestTooLargeError, TooManyRequestsError
from local.template import Cors, Route, Throttling

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

HEADER_LIMIT: Final = 10_240
"""Bytes of the request line and all header values together."""

Invoke = Callable[[str, dict[str, Any]], Any]
"""Runs a function, named by its logical id, on an event."""

_log = logging.getLogger(__name__)


class HttpApiDefinition(Protocol):
    """What makes an HTTP API; `Template` has it."""

    def routes(self) -> list[Route]: ...

    def authorizer(self) -> str:
        """Logical id of the function that every route asks, with the Authorization header."""

    def cors(self) -> Cors: ...

    def throttling(self) -> Throttling: ...


class HttpApi:
    """The API as a WSGI application.

    Whatever goes wrong has the status and the body that API Gateway gives it: 401 without an
    Authorization header, 403 on the authorizer's no, 404 without a route, 413 and 431 when there
    is too much of the request, 429 when there are too many of them, 500 when a function or the
    authorizer fails, and 503 when a function takes too long or has no process to spare.
    """

    def __init__(
        self,
        definition: HttpApiDefinition,
        invoke: Invoke,
        *,
        integration_timeout: float = 30,
        authorizer_timeout: float = 10,
    ) -> None:
        """Time-outs are in seconds. `invoke` goes on after one, as a Lambda function does."""
        self._routes = RouteTable(definition.routes())
        self._authorizer = definition.authorizer()
        self._cors = definition.cors()
        self._bucket = TokenBucket(definition.throttling())
        self._invoke = invoke
        self._integration_timeout = integration_timeout
        self._authorizer_timeout = authorizer_timeout

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        request = HttpRequest.from_environ(environ)
        try:
            response = self._answer(request, environ)
        except HTTPException as error:
            response = gateway_response(error)
        let_origin_read(self._cors, request, response)
        response.headers["apigw-requestid"] = request.id
        return response(environ, start_response)

    def _answer(self, request: HttpRequest, environ: "WSGIEnvironment") -> Response:
        if request.size > HEADER_LIMIT:
            raise RequestHeaderFieldsTooLarge
        body = read_body(environ)
        route = self._routes.match(request.method, request.path)
        if route is None:
            if request.method == "OPTIONS":
                return preflight(self._cors, request)
            raise NotFound
        if not self._bucket.take():
            raise TooManyRequests
        context = self._authorize(request, route)
        answer = self._integrate(route, integration_event(request, body, route, context))
        try:
            response = function_response(answer)
        except MalformedResponseError as error:
            _log.warning("%s: malformed answer to %s: %s", route.function, route.key, error)
            raise InternalServerError from error
        drop_cors_headers(response)
        return response

    def _authorize(self, request: HttpRequest, route: RouteMatch) -> dict[str, Any] | None:
        """The context that the authorizer gives to the function, if any."""
        token = request.headers.get("authorization")
        if not token:
            raise Unauthorized
        event = authorizer_event(request, route, [token])
        try:
            answer = self._wait_for(self._authorizer, event, self._authorizer_timeout)
        except (LambdaError, TooManyRequestsError, RequestTooLargeError, TimeoutError) as error:
            raise InternalServerError from error
        match answer:
            case {"isAuthorized": True, "context": dict(context)}:
                return context
            case {"isAuthorized": True} if answer.get("context") is None:
                return None
            case {"isAuthorized": False}:
                raise Forbidden
        _log.warning("%s: an answer that is no simple response", self._authorizer)
        raise InternalServerError

    def _integrate(self, route: RouteMatch, event: dict[str, Any]) -> Any:
        try:
            return self._wait_for(route.function, event, self._integration_timeout)
        except (TooManyRequestsError, TimeoutError) as error:
            raise ServiceUnavailable from error
        except RequestTooLargeError as error:
            raise RequestEntityTooLarge from error
        except LambdaError as error:
            raise InternalServerError from error

    def _wait_for(self, function: str, event: dict[str, Any], seconds: float) -> Any:
        """The function's answer. Raises `TimeoutError` when there is none in time."""
        answer: Future[Any] = Future()

        def run() -> None:
            try:
                answer.set_result(self._invoke(function, event))
            except BaseException as error:  # noqa: BLE001  it is raised again where it is waited for
                answer.set_exception(error)

        Thread(target=run, daemon=True).start()
        return answer.result(seconds)
