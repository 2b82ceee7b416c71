"""The page's files: what is served, with which headers, and what is left to the API."""

import json
from pathlib import Path

import pytest
from werkzeug.datastructures import Headers
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from local.page import PageConfig, PageSite

CONFIG = PageConfig(
    api_url="https://api.example.com/stage",
    issuer="https://id.example.com/realm",
    client_id="page",
    row_limit=1000,
)
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self' https://api.example.com https://id.example.com; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("<!doctype html><title>page</title>")
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "index-a1.js").write_text("let page")
    (tmp_path / "secret.txt").write_text("not the page's")
    return tmp_path


@pytest.fixture
def client(directory: Path) -> Client:
    @Request.application
    def api(request: Request) -> Response:
        return Response(f"API {request.method} {request.path}")

    return Client(PageSite(directory, CONFIG, api))


@pytest.mark.parametrize(
    ("path", "kind", "cache"),
    [
        ("/", "text/html; charset=utf-8", "no-cache"),
        ("/config.json", "application/json", "no-cache"),
        (
            "/assets/index-a1.js",
            "text/javascript; charset=utf-8",
            "public, max-age=31536000, immutable",
        ),
    ],
)
def test_every_file_has_its_kind_its_caching_and_all_security_headers(
    client: Client, path: str, kind: str, cache: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == kind
    assert answer.headers["Cache-Control"] == cache
    assert_secure(answer.headers)
    assert client.head(path).headers["Content-Length"] == str(len(answer.data))
    again = client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def assert_secure(headers: Headers) -> None:
    wanted = {
        "Content-Security-Policy": POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    assert wanted.items() <= set(headers.items())


def test_the_page_is_told_its_deployment(client: Client) -> None:
    assert json.loads(client.get("/config.json").data) == {
        "apiUrl": "https://api.example.com/stage",
        "issuer": "https://id.example.com/realm",
        "clientId": "page",
        "scope": "openid email offline_access",
        "authorizationParameters": {},
        "rowLimit": 1000,
    }


@pytest.mark.parametrize("path", ["/assets/../secret.txt", "/assets/", "/assets/other.js"])
def test_nothing_but_the_assets_is_under_assets(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert_secure(answer.headers)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/exports"), ("POST", "/"), ("OPTIONS", "/exports"), ("GET", "/index.html")],
)
def test_everything_else_is_the_apis(client: Client, method: str, path: str) -> None:
    answer = client.open(path, method=method)
    assert answer.text == f"API {method} {path}"
    assert "Content-Security-Policy" not in answer.headers


def test_alone_the_page_answers_404_to_everything_else(directory: Path) -> None:
    answer = Client(PageSite(directory, CONFIG)).get("/exports")
    assert answer.status_code == 404
    assert_secure(answer.headers)


def test_an_api_on_the_pages_own_origin_needs_no_further_origin(directory: Path) -> None:
    config = PageConfig("/", "http://127.0.0.1:9000", "page", 1000)
    policy = Client(PageSite(directory, config)).get("/").headers["Content-Security-Policy"]
    assert "connect-src 'self' http://127.0.0.1:9000;" in policy
