"""The check of the page: its files, their headers, and that it may call the API."""

import json
import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any, Final
from urllib.parse import urlsplit

from local.api_client import Answer
from local.page.headers import CONTENT_TYPES, IMMUTABLE, REVALIDATED, security_headers
from local.smoke.seen import Seen
from local.smoke.smoke import Smoke, reached

_POLICY: Final = "Content-Security-Policy"
_ASSET: Final = re.compile(r'"(/assets/[^"]+)"')


def page(smoke: Smoke) -> Seen:
    """The page is there, as it is meant to be served."""
    url = smoke.output("PageUrl", "; a page is served with ServePage=true")
    config = json.loads(smoke.output("PageConfig"))
    index = _get(smoke, url, "/")
    if index.status != 200:
        return Seen(f"{index.status} at {url}: is the page uploaded?", ok=False)
    faults = [*_wrong_headers("/", index, url, config), *_wrong_kind("/", index, REVALIDATED)]
    told = _get(smoke, url, "/config.json")
    if told.status != 200 or any(told.body.get(name) != value for name, value in config.items()):
        faults.append("/config.json is not as the output PageConfig says")
    faults += _wrong_kind("/config.json", told, REVALIDATED)
    assets = _ASSET.findall(index.text)
    for path in assets:
        asset = _get(smoke, url, path)
        if asset.status != 200:
            faults.append(f"{asset.status} at {path}")
        else:
            faults += _wrong_headers(path, asset, url, config)
            faults += _wrong_kind(path, asset, IMMUTABLE)
    if not assets:
        faults.append("/ has no assets: is the page built?")
    return Seen.of([*faults, *_calls_the_api(smoke, url)], f"200 with its headers at {url}")


def _get(smoke: Smoke, url: str, path: str) -> Answer:
    with reached(url):
        return smoke.web().call("GET", url + path)


def _wrong_headers(path: str, answer: Answer, url: str, config: Mapping[str, Any]) -> list[str]:
    origins = [origin for name in ("apiUrl", "issuer") if (origin := _origin(config[name]))]
    expected = security_headers(origins)
    if url.startswith("https:"):
        expected["Strict-Transport-Security"] = "max-age=31536000"
    return [
        f"{name} of {path} is {answer.headers.get(name)!r}"
        for name, value in expected.items()
        if not _is_as_strict(name, answer.headers.get(name, ""), value)
    ]


def _is_as_strict(name: str, is_value: str, expected: str) -> bool:
    if name != _POLICY:
        return is_value == expected
    found, wanted = _directives(is_value), _directives(expected)
    # a deployment may let the page connect to more, PageConnectOrigins
    return found | {"connect-src": set()} == wanted | {"connect-src": set()} and (
        "*" not in found["connect-src"] and found["connect-src"] >= wanted["connect-src"]
    )


def _directives(policy: str) -> dict[str, set[str]]:
    parts = [directive.split() for directive in policy.split(";")]
    return {"connect-src": set()} | {part[0]: set(part[1:]) for part in parts if part}


def _wrong_kind(path: str, answer: Answer, cache: str) -> list[str]:
    kind = CONTENT_TYPES.get(PurePosixPath(path).suffix or ".html")
    return [
        f"{name} of {path} is {value!r}"
        for name, expected in {"Cache-Control": cache, "Content-Type": kind}.items()
        if (value := answer.headers.get(name)) != expected
    ]


def _calls_the_api(smoke: Smoke, url: str) -> list[str]:
    """Nothing, where the API lets the page's origin call it."""
    origin = _origin(url)
    if origin == _origin(smoke.api_url):
        return []
    asked = {"Origin": f"{origin}", "Access-Control-Request-Method": "POST"}
    with reached(smoke.api_url):
        answer = smoke.api(None).call("OPTIONS", "/exports", headers=asked)
    allowed = answer.headers.get("Access-Control-Allow-Origin")
    return [] if allowed == origin else [f"the API does not let {origin} call it: AllowedOrigins"]


def _origin(url: str) -> str | None:
    """None for a path: that is the page's own."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None
