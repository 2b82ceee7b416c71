"""The page's files as a WSGI application, by itself or in front of the API."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Request, Response

from local.page.config import PageConfig
from local.page.headers import CONTENT_TYPES, IMMUTABLE, REVALIDATED, security_headers

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_ASSETS: Final = "/assets/"


class PageSite:
    """Answers `/`, `/config.json` and `/assets/…`.

    Args:
        directory: What `vite build` made.
        config: What the page is told.
        otherwise: Answers everything else; 404 without one.
    """

    def __init__(
        self, directory: Path, config: PageConfig, otherwise: "WSGIApplication | None" = None
    ) -> None:
        self._index = (directory / "index.html").read_bytes()
        self._assets = {
            _ASSETS + file.name: file for file in (directory / "assets").iterdir() if file.is_file()
        }
        self._config = config.json()
        self._otherwise = otherwise
        self._headers = security_headers(
            origin for url in (config.api_url, config.issuer) if (origin := _origin(url))
        )

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        is_read = environ["REQUEST_METHOD"] in {"GET", "HEAD"}
        response = self._file(path) if is_read else None
        if response is None:
            if self._otherwise is not None and not path.startswith(_ASSETS):
                return self._otherwise(environ, start_response)
            response = NotFound().get_response()
        response.headers.extend(self._headers)
        response.make_conditional(Request(environ))
        response.headers.pop("Date", None)  # which the server adds itself
        return response(environ, start_response)

    def _file(self, path: str) -> Response | None:
        if path == "/":
            return _answer(self._index, CONTENT_TYPES[".html"], REVALIDATED)
        if path == "/config.json":
            return _answer(self._config, CONTENT_TYPES[".json"], REVALIDATED)
        if asset := self._assets.get(path):
            return _answer(asset.read_bytes(), CONTENT_TYPES[asset.suffix], IMMUTABLE)
        return None


def _answer(content: bytes, content_type: str, cache: str) -> Response:
    response = Response(content, content_type=content_type)
    response.headers["Cache-Control"] = cache
    response.add_etag()
    return response


def _origin(url: str) -> str | None:
    """None for a path: that is the page's own."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None
