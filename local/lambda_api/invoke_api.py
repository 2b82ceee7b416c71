"""`POST /2015-03-31/functions/{name}/invocations`, and how Lambda answers it."""

import base64
import json
import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any, Final, NoReturn
from uuid import uuid4

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request, Response

from local.gateway.request import read_body
from local.lambda_api.answer import empty_response, json_response
from local.lambda_api.errors import InvokeError, invalid, one_of
from local.lambda_api.event_queue import EventQueue, Run
from local.lambda_api.function_reference import LATEST, function_named
from local.lambda_runtime import REQUEST_LIMIT, TooManyRequestsError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

EVENT_LIMIT: Final = 2**20
"""Bytes of an event that nobody waits for."""

_PATH: Final = re.compile(r"/2015-03-31/functions/(.+)/invocations")
_TYPES: Final = ("Event", "RequestResponse", "DryRun")
_LOG_TYPES: Final = ("None", "Tail")


class InvokeApi:
    """The Invoke API as a WSGI application, in front of another one.

    A request must be signed, as every SDK does by itself, but with whatever key: a page in the
    browser cannot send such a request without asking, and nobody allows it to.

    Args:
        functions: All there are, by the names that callers use.
        run: Runs one of them.
        queue: Takes the events that nobody waits for.
        otherwise: Answers all other requests.
    """

    def __init__(
        self,
        functions: Collection[str],
        run: Run,
        queue: EventQueue,
        otherwise: "WSGIApplication",
    ) -> None:
        self._functions = functions
        self._run = run
        self._queue = queue
        self._otherwise = otherwise

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "").encode("latin-1").decode("utf-8", "replace")
        found = _PATH.fullmatch(path)
        if not found:
            return self._otherwise(environ, start_response)
        request_id = str(uuid4())
        try:
            response = self._answer(found[1], environ, request_id)
        except InvokeError as error:
            response = error.response()
        response.headers["x-amzn-RequestId"] = request_id
        return response(environ, start_response)

    def _answer(self, reference: str, environ: "WSGIEnvironment", request_id: str) -> Response:
        request = Request(environ)
        if request.method != "POST":  # a browser's OPTIONS among them
            raise InvokeError(404, "UnknownOperationException", "Unknown operation", fields={})
        invocation_type = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        log_type = request.headers.get("X-Amz-Log-Type", "None")
        body = _read(environ)  # whatever the answer: an unread body would cut the connection
        _check_signed(request.headers.get("Authorization", ""))
        if invocation_type not in _TYPES:
            raise invalid("invocationType", invocation_type, one_of(_TYPES))
        if log_type not in _LOG_TYPES:
            raise invalid("logType", log_type, one_of(_LOG_TYPES))
        function = function_named(reference, request.args.get("Qualifier"), self._functions)
        _check_size(body, invocation_type)
        event = _event(body)
        match invocation_type:
            case "DryRun":
                return empty_response(204)
            case "Event":
                self._queue.add(function, event, request_id)
                return empty_response(202)
        return self._respond(function, event, request_id, with_log=log_type == "Tail")

    def _respond(self, function: str, event: Any, request_id: str, *, with_log: bool) -> Response:
        try:
            invocation = self._run(function, event, request_id)
        except TooManyRequestsError as error:
            raise InvokeError(
                429,
                "TooManyRequestsException",
                str(error),
                fields={
                    "Reason": "ReservedFunctionConcurrentInvocationLimitExceeded",
                    "Type": "User",
                },
                headers={"Retry-After": "1"},
            ) from error
        headers = {"X-Amz-Executed-Version": LATEST}
        if invocation.error:
            headers["X-Amz-Function-Error"] = "Unhandled"
        if with_log:
            headers["X-Amz-Log-Result"] = base64.b64encode(invocation.log_tail).decode()
        return json_response(invocation.payload, 200, headers)


def _read(environ: "WSGIEnvironment") -> bytes | None:
    """The body; None for one that is larger than any server would read."""
    try:
        return read_body(environ)
    except RequestEntityTooLarge:
        return None


def _check_signed(authorization: str) -> None:
    if not authorization.startswith("AWS4-"):
        raise InvokeError(
            403, "MissingAuthenticationTokenException", "Missing Authentication Token", fields={}
        )


def _check_size(body: bytes | None, invocation_type: str) -> None:
    if body is None or len(body) > REQUEST_LIMIT:
        message = (
            f"Request must be smaller than {REQUEST_LIMIT} bytes for the InvokeFunction operation"
        )
    elif invocation_type == "Event" and len(body) > EVENT_LIMIT:
        message = (
            f"{len(body)} byte payload is too large for the Event invocation type"
            f" (limit {EVENT_LIMIT} bytes)"
        )
    else:
        return
    raise InvokeError(413, "RequestEntityTooLargeException", message)


def _event(body: bytes | None) -> Any:
    if not body:
        return {}
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise InvokeError(
            400,
            "InvalidRequestContentException",
            f"Could not parse request body into json: Could not parse payload into json: {error}",
        ) from error


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")
