"""The audit's programs, pip-audit and npm, asking databases of vulnerabilities on 127.0.0.1."""

import gzip
import json
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from local.audit.pins import ROOT
from local.audit.vulnerabilities import npm_vulnerabilities, python_vulnerabilities

NOBODY = "http://127.0.0.1:9"
REQUIREMENTS = "".join(
    f"{name}=={version} --hash=sha256:{64 * '0'}\n"
    for name, version in (("six", "1.17.0"), ("urllib3", "1.24.1"))
)
OSV = {
    "id": "PYSEC-2019-132",
    "summary": "CRLF injection",
    "affected": [
        {
            "package": {"name": "urllib3", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.24.2"}]}],
        }
    ],
}
ADVISORY = {
    "id": 1,
    "url": "https://example.com/advisory",
    "title": "A flaw",
    "severity": "high",
    "vulnerable_versions": "<9999",
}


@contextmanager
def databases(python: Mapping[str, Any], npm: Mapping[str, Any]) -> Iterator[str]:
    """OSV's query and npm's bulk audit: package → vulnerability, advisory. Yields their address."""
    page = json.loads((ROOT / "web/package.json").read_text())["dependencies"]

    @Request.application
    def answer(request: Request) -> Response:
        data = request.get_data()
        if request.path == "/v1/query":
            vulnerability = python.get(json.loads(data)["package"]["name"])
            content: Any = {"vulns": [vulnerability]} if vulnerability else {}
        elif request.path.endswith("/advisories/bulk"):
            asked = json.loads(gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data)
            content = {name: [npm[name]] for name in asked if name in npm}
        else:  # the package itself, to see which of its versions are concerned
            name = request.path.strip("/")
            versions = {page[name]: {"name": name, "version": page[name]}}
            content = {"name": name, "versions": versions, "dist-tags": {"latest": page[name]}}
        return Response(json.dumps(content), mimetype="application/json")

    server = make_server("127.0.0.1", 0, answer, threaded=True, request_handler=_QuietHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _QuietHandler(WSGIRequestHandler):
    def log(self, *_arguments: object) -> None:
        """Says nothing."""


@pytest.mark.skipif(
    not (ROOT / ".audit/installed").exists(),
    reason="pip-audit is not here; `make audit` installs it",
)
def test_pip_audit_finds_asks_and_says_when_nobody_answers(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements-x.txt"
    requirements.write_text(REQUIREMENTS)
    with databases({"urllib3": OSV}, {}) as url:
        found = python_vulnerabilities(requirements, ["--osv-url", f"{url}/v1/query"])
    with databases({}, {}) as url:
        clean = python_vulnerabilities(requirements, ["--osv-url", f"{url}/v1/query"])
    unasked = python_vulnerabilities(requirements, ["--osv-url", f"{NOBODY}/v1/query"])
    assert found.lines == [
        "Vulnerabilities: asked about 2 packages of requirements-x.txt.",
        "FOUND: urllib3 1.24.1 of requirements-x.txt has PYSEC-2019-132; mended in 1.24.2.",
    ]
    assert clean.lines == found.lines[:1]
    assert (found.status, clean.status, unasked.status) == (1, 0, 2)
    assert not unasked.looked_at


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not here")
def test_npm_finds_asks_and_says_when_nobody_answers() -> None:
    with databases({}, {"preact": ADVISORY}) as url:
        found = npm_vulnerabilities(ROOT / "web", ["--registry", url])
    with databases({}, {}) as url:
        clean = npm_vulnerabilities(ROOT / "web", ["--registry", url])
    unasked = npm_vulnerabilities(ROOT / "web", ["--registry", NOBODY, "--fetch-retries", "0"])
    assert found.found == ["preact of the page has a vulnerability of severity high."]
    assert (found.status, clean.status, unasked.status) == (1, 0, 2)
    assert clean.looked_at != []
    assert not unasked.looked_at
