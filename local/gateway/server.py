"""The HTTP API on a port of this machine."""

import socket
from threading import Thread
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import urlsplit

from werkzeug.serving import WSGIRequestHandler, make_server

from local.gateway.http_api import HttpApi, HttpApiDefinition, Invoke

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed.wsgi import WSGIApplication

HOST: Final = "127.0.0.1"


class Gateway:
    """Serves an HTTP API from a `with` block's start to its end.

    >>> with LambdaRuntime(…) as runtime, Gateway(template, runtime.invoke) as gateway:
    ...     urlopen(f"{gateway.url}/exports")
    """

    def __init__(
        self,
        definition: HttpApiDefinition,
        invoke: Invoke,
        port: int = 0,
        *,
        front: "Callable[[HttpApi], WSGIApplication] | None" = None,
        integration_timeout: float = 30,
        authorizer_timeout: float = 10,
    ) -> None:
        """Takes the port, 0 for any free one. Raises `OSError` if it is not to be had.

        `front` puts something before the API on the same port, and answers what it does not.
        """
        api = HttpApi(
            definition,
            invoke,
            integration_timeout=integration_timeout,
            authorizer_timeout=authorizer_timeout,
        )
        with socket.create_server((HOST, port)) as listener:  # make_server would exit, not raise
            self._server = make_server(
                HOST,
                port,
                front(api) if front else api,
                threaded=True,
                request_handler=_RequestHandler,
                fd=listener.fileno(),
            )
        self._thread = Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def url(self) -> str:
        """Without a slash at its end."""
        return f"http://{HOST}:{self._server.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        exception_traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _RequestHandler(WSGIRequestHandler):
    """Werkzeug's, without its name in responses, HTML in errors, and a log line a request."""

    error_content_type = "application/json"
    error_message_format = '{"message":"%(message)s"}'

    def parse_request(self) -> bool:
        """Refuses what no URL can be made of; werkzeug would stumble over it."""
        if not super().parse_request():
            return False
        try:
            urlsplit(self.path)
        except ValueError:
            self.send_error(400)
            return False
        return True

    def send_error(
        self,
        code: int,
        message: str | None = None,  # noqa: ARG002  the status's own name is sure to fit into JSON
        explain: str | None = None,  # noqa: ARG002  nor does it need this
    ) -> None:
        super().send_error(code)

    def send_response(self, code: int, message: str | None = None) -> None:
        self.send_response_only(code, message)
        self.send_header("Date", self.date_time_string())
