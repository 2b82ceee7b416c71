"""An HTTP request as API Gateway takes it in."""

import base64
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Request

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PAYLOAD_LIMIT: Final = 10 * 2**20
"""Bytes of a body."""

_HOP_BY_HOP: Final = {
    "connection",
    "expect",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
}
_PRINTABLE: Final = "".join(map(chr, range(0x21, 0x7F)))


@dataclass(frozen=True)
class HttpRequest:
    """A request up to its body."""

    id: str
    received_at: datetime
    method: str
    path: str
    """Decoded: an HTTP API shows it so everywhere, `rawPath` included."""
    query: str
    """As it was sent, without the question mark; ASCII."""
    protocol: str
    headers: dict[str, str]
    """By lower-case name; repeated ones joined by commas; cookies not among them."""
    cookies: list[str]
    source_ip: str
    port: str
    """The one it came to."""
    size: int
    """Bytes of request line and header values."""

    @property
    def query_parameters(self) -> dict[str, str]:
        """Decoded; the values of a repeated parameter joined by commas."""
        values: dict[str, list[str]] = {}
        for name, value in parse_qsl(self.query, keep_blank_values=True, errors="replace"):
            values.setdefault(name, []).append(value)
        return {name: ",".join(several) for name, several in values.items()}

    @classmethod
    def from_environ(cls, environ: "WSGIEnvironment") -> "HttpRequest":
        # The request's target, which the server decodes as Latin-1 and encodes once more as UTF-8.
        target = environ["REQUEST_URI"].encode("latin-1").decode("utf-8").encode("latin-1")
        path, _, query = target.partition(b"?")
        method, protocol = environ["REQUEST_METHOD"], environ["SERVER_PROTOCOL"]
        headers = {name.lower(): value for name, value in Request(environ).headers.items()}
        request_line = len(method) + len(target) + len(protocol) + 2
        return cls(
            id=_request_id(),
            received_at=datetime.now(UTC),
            method=method,
            path=unquote_to_bytes(path).decode("utf-8", "replace"),
            query=quote(query, safe=_PRINTABLE),
            protocol=protocol,
            headers={
                name: value
                for name, value in headers.items()
                if name not in _HOP_BY_HOP and name != "cookie"
            },
            cookies=[
                cookie.strip() for cookie in headers.get("cookie", "").split(";") if cookie.strip()
            ],
            source_ip=environ["REMOTE_ADDR"],
            port=environ["SERVER_PORT"],
            size=request_line + sum(map(len, headers.values())),
        )


def read_body(environ: "WSGIEnvironment") -> bytes:
    """The request's body. Raises werkzeug's `RequestEntityTooLarge` and `BadRequest`."""
    request = Request(environ)
    request.max_content_length = PAYLOAD_LIMIT + 1  # where werkzeug would cut chunks off silently
    body = request.get_data(cache=False)
    if len(body) > PAYLOAD_LIMIT:
        raise RequestEntityTooLarge
    return body


def _request_id() -> str:
    """Like API Gateway's own: fifteen characters and an equals sign."""
    return base64.urlsafe_b64encode(secrets.token_bytes(11)).decode()
