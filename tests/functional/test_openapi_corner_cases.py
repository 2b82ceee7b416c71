"""Requests that no generator makes from the document, answered as it says nevertheless."""

import pytest

from tests.functional.conftest import Caller
from tests.functional.documented import assert_documented

LONG = "x" * 257


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("Application/JSON", "{}", 200),
        ("application/json; charset=utf-8", "{}", 200),
        ("text/plain", None, 200),
        ("multipart/form-data", None, 200),
        ("application/x-www-form-urlencoded", None, 200),
        ("text/plain", "{}", 415),
        ("multipart/form-data", "{}", 415),
        ("application/jsonx", "{}", 415),
        ("", "{}", 200),
    ],
)
def test_media_types(other_admin: Caller, content_type: str, body: str | None, status: int) -> None:
    reply = other_admin("POST", "/exports/estimate", body, {"Content-Type": content_type})
    assert reply.status == status
    assert_documented("POST", "/exports/estimate", reply.status, reply.headers, reply.text)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("body", ["", "{", "x" * 20_000], ids=["no", "no JSON", "20 KB"])
def test_a_body_that_no_route_reads_changes_nothing(
    other_admin: Caller, method: str, body: str
) -> None:
    path = f"/exports/{'0' * 26}"
    reply = other_admin(method, path, body, {"Content-Type": "text/plain"})
    assert reply.status == 404
    assert_documented(method, path, reply.status, reply.headers, reply.text)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/exports?limit=%F0", 422),
        ("/exports?limit=1e9", 422),
        ("/exports?limit=99999999999999999999999999999999", 422),
        ("/exports?limit=", 422),
        ("/exports?cursor=%00", 422),
        ("/exports?cursor=AAAA&limit=1", 422),
        ("/exports?" + "&".join(f"a{number}=" for number in range(500)), 422),
        ("/exports/%00", 404),
        ("/exports/%F0%9F%98%80", 404),
        ("/exports/a%2Fb", 404),
        ("/exports/..%2F..", 404),
        ("/exports/estimate", 404),
        ("/exports/" + "0" * 9_000, 404),
        ("/exports/" + "0" * 10_300, 431),
        ("/usage?start=2026-01-01&start=2026-01-02", 422),
        ("/usage?granularity=hour&start=2025-01-01&end=2025-12-31", 422),
        ("/usage?models=", 422),
        ("/usage?models=" + LONG, 422),
        ("/usage?" + "&".join(["models=m"] * 101), 422),
        ("/usage?models=%00&models=a%2Cb&models=%27%3B--", 200),
        ("/usage?timezone=../../etc/passwd", 422),
        ("/usage?period", 422),
    ],
)
def test_unusual_urls(other_admin: Caller, path: str, status: int) -> None:
    reply = other_admin("GET", path)
    assert reply.status == status
    assert_documented("GET", path, reply.status, reply.headers, reply.text)


@pytest.mark.parametrize(
    ("prefer", "status"),
    [
        ("respond-async, wait=25", 200),
        ("WAIT = 25; foo", 200),
        ("wait=99999999999999999999", 200),
        ("wait=-1, return=minimal", 200),
        ("x" * 256, 200),
        (LONG, 422),
    ],
)
def test_preferences(other_admin: Caller, prefer: str, status: int) -> None:
    reply = other_admin("POST", "/exports", {"period": "yesterday"}, {"Prefer": prefer})
    assert reply.status == status
    assert_documented("POST", "/exports", reply.status, reply.headers, reply.text)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "HEAD", "TRACE", "QUERY"])
@pytest.mark.parametrize("path", ["/exports", "/exports/0", "/exports/estimate", "/usage"])
def test_a_method_without_a_route_is_not_found(other_admin: Caller, method: str, path: str) -> None:
    assert other_admin(method, path).status == 404
