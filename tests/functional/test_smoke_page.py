"""`smoke` and the page: as it is to be served, and each way in which it is not."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from werkzeug.wrappers import Request, Response

from local.page import PageConfig, PageServer, PageSite
from local.smoke.page import page
from local.smoke.seen import NotCheckedError
from local.smoke.smoke import Smoke

API = "https://api.example.com"
Change = Callable[[str, Response], None]


@pytest.fixture
def site(tmp_path: Path) -> Iterator["Served"]:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(
        '<!doctype html><script type="module" src="/assets/index-a1.js"></script>'
        '<link rel="stylesheet" href="/assets/index-b2.css">'
    )
    (tmp_path / "assets" / "index-a1.js").write_text("let page")
    (tmp_path / "assets" / "index-b2.css").write_text("p {}")
    with PageServer() as server:
        yield Served(server, tmp_path)


class Served:
    """A page whose answers can be changed on their way, at the API's own origin."""

    def __init__(self, server: PageServer, folder: Path) -> None:
        config = PageConfig(
            api_url=server.url, issuer="https://id.example.com/realm", client_id="p", row_limit=10
        )
        site = PageSite(folder, config)
        self.change: Change = lambda _path, _response: None

        @Request.application
        def answer(request: Request) -> Response:
            response = Response.from_app(site, request.environ)
            self.change(request.path, response)
            return response

        server.site = answer
        self.smoke = Smoke(
            api_url=server.url,
            function="any",
            outputs={"PageUrl": server.url, "PageConfig": config.json().decode()},
            folder=folder,
            day=None,  # type: ignore[arg-type]
        )

    def fault(self) -> str:
        """What is wrong with it."""
        seen = page(self.smoke)
        assert seen.ok is False, seen
        return seen.text


def test_a_page_that_is_as_it_should_be(site: Served) -> None:
    seen = page(site.smoke)
    assert seen.ok, seen
    assert seen.text.startswith("200 with its headers at http://127.0.0.1:")


def setting(path: str, name: str, value: str | None) -> Change:
    """Sets a header of a path's answer, or takes it away."""

    def change(asked: str, response: Response) -> None:
        if asked == path:
            response.headers.remove(name)
            if value is not None:
                response.headers[name] = value

    return change


@pytest.mark.parametrize("path", ["/", "/assets/index-a1.js", "/assets/index-b2.css"])
@pytest.mark.parametrize(
    "name",
    [
        "Content-Security-Policy",
        "X-Content-Type-Options",
        "X-Frame-Options",
        "Referrer-Policy",
        "Cross-Origin-Opener-Policy",
        "Cross-Origin-Resource-Policy",
        "Permissions-Policy",
        "Cache-Control",
        "Content-Type",
    ],
)
def test_a_header_that_is_missing_or_another_is_named(site: Served, path: str, name: str) -> None:
    site.change = setting(path, name, None)
    assert site.fault() == f"{name} of {path} is None"
    site.change = setting(path, name, "other")
    assert site.fault() == f"{name} of {path} is 'other'"


@pytest.mark.parametrize(
    ("old", "new", "is_ok"),
    [
        ("connect-src 'self'", "connect-src 'self' https://further.example", True),
        ("connect-src 'self'", "connect-src *", False),
        ("connect-src 'self'", "connect-src", False),
        (" https://id.example.com", "", False),
        ("script-src 'self'", "script-src 'self' 'unsafe-inline'", False),
        ("; frame-ancestors 'none'", "", False),
    ],
)
def test_a_policy_may_let_the_page_connect_to_more_and_nothing_else(
    site: Served, old: str, new: str, is_ok: bool
) -> None:
    def change(_path: str, response: Response) -> None:
        policy = response.headers["Content-Security-Policy"]
        assert old in policy
        response.headers["Content-Security-Policy"] = policy.replace(old, new)

    site.change = change
    assert page(site.smoke).ok is is_ok


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("/", "403 at http://127.0.0.1:"),
        ("/config.json", "/config.json is not as the output PageConfig says"),
        ("/assets/index-a1.js", "403 at /assets/index-a1.js"),
    ],
)
def test_a_file_that_is_not_uploaded_is_named(site: Served, path: str, text: str) -> None:
    def change(asked: str, response: Response) -> None:
        if asked == path:
            response.status_code = 403

    site.change = change
    assert site.fault().startswith(text)


def test_what_is_no_built_page_is_seen(site: Served) -> None:
    def change(path: str, response: Response) -> None:
        if path == "/":
            response.data = "<!doctype html>"
            response.headers["Content-Type"] = "text/plain"

    site.change = change
    assert site.fault() == (
        "Content-Type of / is 'text/plain'; / has no assets: is the page built?"
    )


def test_another_deployments_config_is_seen(site: Served) -> None:
    outputs = {**(site.smoke.outputs or {})}
    told = json.loads(outputs["PageConfig"]) | {"clientId": "another"}
    site.smoke.outputs = outputs | {"PageConfig": json.dumps(told)}
    assert site.fault() == "/config.json is not as the output PageConfig says"


@pytest.mark.parametrize("allowed", [True, False])
def test_an_api_elsewhere_must_let_the_page_call_it(site: Served, allowed: bool) -> None:
    origin = site.smoke.api_url

    @Request.application
    def api(request: Request) -> Response:
        assert (request.method, request.headers["Origin"]) == ("OPTIONS", origin)
        let = {"Access-Control-Allow-Origin": origin} if allowed else {}
        return Response(status=204, headers=let)

    with PageServer() as server:
        server.site = api
        site.smoke.api_url = server.url
        if allowed:
            assert page(site.smoke).ok
        else:
            assert site.fault() == f"the API does not let {origin} call it: AllowedOrigins"


def test_a_stack_without_a_page_checks_nothing(site: Served) -> None:
    site.smoke.outputs = {}
    with pytest.raises(NotCheckedError, match="no output PageUrl; a page is served with"):
        page(site.smoke)
