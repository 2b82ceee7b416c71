"""Lambda's Runtime API on 127.0.0.1, for one execution environment.

The side that AWS has: a runtime asks for the next invocation, and posts how it ended.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

import json
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http import HTTPMethod, HTTPStatus
from queue import Empty, SimpleQueue
from time import monotonic, time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self
from uuid import uuid4

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

_VERSION: Final = "2018-06-01"
_ERROR_TYPE: Final = "Lambda-Runtime-Function-Error-Type"


@dataclass(frozen=True)
class Ending:
    """How an invocation ended, or that none began, since the function did not start.

    Attributes:
        kind: Which of the API's operations said so.
        request_id: Of the invocation; None for a function that did not start.
        body: The handler's answer; else the error object of the runtime.
        error_type: As Lambda's metrics and the caller get it; None for an answer.
    """

    kind: Literal["response", "error", "init_error"]
    request_id: str | None
    body: Any
    error_type: str | None


class RuntimeApi:
    """Answers a runtime from a `with` block's start to its end."""

    def __init__(self, function_arn: str) -> None:
        self.is_asked = threading.Event()
        """Set once a runtime has asked for an invocation: its function has started."""
        self._function_arn = function_arn
        self._invocations: SimpleQueue[Response] = SimpleQueue()
        self._endings: SimpleQueue[Ending] = SimpleQueue()
        self._routes = Map(
            [
                Rule(f"/{_VERSION}/runtime/{path}", endpoint=endpoint, methods=[method])
                for method, path, endpoint in (
                    (HTTPMethod.GET, "invocation/next", self._next),
                    (HTTPMethod.POST, "invocation/<request_id>/response", self._response),
                    (HTTPMethod.POST, "invocation/<request_id>/error", self._error),
                    (HTTPMethod.POST, "init/error", self._error),
                )
            ]
        )
        self._server = make_server(
            "127.0.0.1", 0, self._answer, threaded=True, request_handler=_QuietHandler
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), name="runtime-api", daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._invocations.put(Response(status=HTTPStatus.GONE))  # for a runtime that still asks
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def address(self) -> str:
        """`AWS_LAMBDA_RUNTIME_API`."""
        return f"127.0.0.1:{self._server.server_port}"

    def send(self, event: Any, timeout: float) -> str:
        """Offers the next invocation, which may take `timeout` seconds; its request id."""
        request_id = str(uuid4())
        headers = {
            "Lambda-Runtime-Aws-Request-Id": request_id,
            "Lambda-Runtime-Deadline-Ms": str(int((time() + timeout) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": self._function_arn,
            "Lambda-Runtime-Trace-Id": f"Root=1-{int(time()):08x}-{uuid4().hex[:24]};Sampled=0",
        }
        self._invocations.put(
            Response(json.dumps(event), headers=headers, mimetype="application/json")
        )
        return request_id

    def ending(self, timeout: float, is_alive: Callable[[], bool]) -> Ending | None:
        """The next ending; None once the time is up, or the runtime is gone without one."""
        deadline = monotonic() + timeout
        while monotonic() < deadline:
            was_alive = is_alive()  # asked before the wait: what it posted at its end counts
            try:
                return self._endings.get(timeout=0.2)
            except Empty:
                if not was_alive:
                    return None
        return None

    def _next(self, _request: Request) -> Response:
        self.is_asked.set()
        return self._invocations.get()

    def _response(self, request: Request, request_id: str) -> Response:
        self._endings.put(Ending("response", request_id, request.get_json(force=True), None))
        return Response(status=HTTPStatus.ACCEPTED)

    def _error(self, request: Request, request_id: str | None = None) -> Response:
        kind: Literal["error", "init_error"] = "error" if request_id else "init_error"
        body = request.get_json(force=True)
        # a runtime may leave the header out of an invocation's error
        error_type = request.headers.get(_ERROR_TYPE, body["errorType"])
        self._endings.put(Ending(kind, request_id, body, error_type))
        return Response(status=HTTPStatus.ACCEPTED)

    def _answer(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        request = Request(environ)
        try:
            endpoint, arguments = self._routes.bind_to_environ(environ).match()
            answer: Response = endpoint(request, **arguments)
        except HTTPException as error:
            answer = Response(str(error), error.code)
        return answer(environ, start_response)


class _QuietHandler(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, *_arguments: object) -> None:
        """Says nothing."""
