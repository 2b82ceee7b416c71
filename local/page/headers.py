"""The headers that the page is served with, here and in AWS."""

from collections.abc import Iterable
from typing import Final

IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""Caching of `/assets/`: their names change with their content."""

REVALIDATED: Final = "no-cache"
"""Caching of everything else: a deployment is seen at the next load."""

CONTENT_TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
"""Of every kind of file that the page is made of, by the end of its name."""

_FIXED: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


def security_headers(connect: Iterable[str]) -> dict[str, str]:
    """The headers of every answer.

    Args:
        connect: The origins that the page's requests go to beside its own: the API's and the
            identity provider's. A download is a navigation, so S3's need not be among them.
    """
    return {"Content-Security-Policy": content_security_policy(connect), **_FIXED}


def content_security_policy(connect: Iterable[str]) -> str:
    """Nothing but what the page is made of, and no text that becomes code or markup."""
    return "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self'",
            " ".join(["connect-src 'self'", *sorted(set(connect))]),
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )
