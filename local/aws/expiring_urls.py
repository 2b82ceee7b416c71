"""Presigned URLs that end: moto's S3 answers them for ever."""

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


def with_expiring_urls(app: WsgiApp) -> WsgiApp:
    """Refuses, as S3 does, a URL whose time is over."""

    def serve(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        query = parse_qs(environ.get("QUERY_STRING", ""))
        now = datetime.now(UTC)
        expired_at = _expires_at({name: values[0] for name, values in query.items()})
        if expired_at is None or now <= expired_at:
            return app(environ, start_response)
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code>'
            f"<Message>Request has expired</Message><Expires>{expired_at:%Y-%m-%dT%H:%M:%SZ}"
            f"</Expires><ServerTime>{now:%Y-%m-%dT%H:%M:%SZ}</ServerTime></Error>"
        ).encode()
        headers = [("Content-Type", "application/xml"), ("Content-Length", str(len(body)))]
        start_response("403 Forbidden", headers)
        return [b"" if environ["REQUEST_METHOD"] == "HEAD" else body]

    return serve


def _expires_at(query: Mapping[str, str]) -> datetime | None:
    """The last instant of a URL that SigV4 signed; None where it is none."""
    try:
        signed_at = datetime.strptime(query["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        return signed_at + timedelta(seconds=int(query["X-Amz-Expires"]))
    except (KeyError, ValueError, OverflowError):
        return None
