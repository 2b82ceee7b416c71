"""moto's server, on a thread of this process."""

from collections.abc import Callable, Iterable
from threading import Lock, Thread
from typing import Any

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server

from local.aws.expiring_urls import WsgiApp, with_expiring_urls


class MotoServer:
    """Every AWS service that moto knows, on a free port of 127.0.0.1.

    As moto's own ThreadedMotoServer, but it has its port before it starts, ends within
    milliseconds with its socket closed, answers conditional writes one at a time, and no
    presigned URL after its time.
    """

    def __init__(self) -> None:
        moto = DomainDispatcherApplication(create_backend_app)
        app = with_expiring_urls(with_atomic_conditional_writes(moto))
        self._server = make_server(
            "127.0.0.1", 0, app, threaded=True, request_handler=_QuietRequestHandler
        )
        self._thread = Thread(
            target=self._server.serve_forever, args=(0.02,), name="moto-server", daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> None:
        """Answer requests."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._server.shutdown()
        self._thread.join()

    def close(self) -> None:
        """Give the port back."""
        self._server.server_close()


class _QuietRequestHandler(MotoRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing; errors are still logged."""


def with_atomic_conditional_writes(app: WsgiApp) -> WsgiApp:
    """S3 checks a condition and writes in one step; moto does it in two, on many threads."""
    lock = Lock()

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        is_conditional = environ.keys() & {"HTTP_IF_MATCH", "HTTP_IF_NONE_MATCH"}
        if environ["REQUEST_METHOD"] == "PUT" and is_conditional:
            with lock:
                return app(environ, start_response)
        return app(environ, start_response)

    return serve
