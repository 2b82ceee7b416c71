"""CORS, which API Gateway sees to by itself."""

import dataclasses
from typing import Any

import pytest

from local.lambda_runtime import LambdaError
from tests.functional.served_api import PAGE, TOKEN, Reply, ServedApi

PREFLIGHT = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "x-other"}


def cors_headers(reply: Reply) -> dict[str, str]:
    return {
        name.lower(): value
        for name, value in reply.headers.items()
        if name.lower().startswith("access-control-")
    }


@pytest.mark.parametrize("target", ["/exports", "/exports/ex-1", "/nothing"])
def test_a_preflight_is_answered_by_the_gateway_alone(target: str) -> None:
    with ServedApi() as api:
        reply = api.request(target, "OPTIONS", headers={"Origin": PAGE} | PREFLIGHT)
    assert (reply.status, reply.body) == (204, b"")
    assert cors_headers(reply) == {
        "access-control-allow-origin": PAGE,
        "access-control-allow-methods": "GET,POST,DELETE",
        "access-control-allow-headers": "authorization,content-type",
        "access-control-max-age": "300",
    }
    assert not api.authorizer_events
    assert not api.events


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://evil.example.com"} | PREFLIGHT,
        {"Origin": f"{PAGE}.evil.com"} | PREFLIGHT,
        {"Origin": PAGE.upper()} | PREFLIGHT,
        {"Origin": "null"} | PREFLIGHT,
        PREFLIGHT,
    ],
)
def test_a_preflight_allows_nothing_to_any_other_origin(headers: dict[str, str]) -> None:
    with ServedApi() as api:
        reply = api.request("/exports", "OPTIONS", headers=headers)
    assert reply.status == 204
    assert cors_headers(reply) == {}


def test_options_that_is_no_preflight_allows_no_method() -> None:
    with ServedApi() as api:
        reply = api.request("/exports", "OPTIONS", headers={"Origin": PAGE})
    assert reply.status == 204
    assert "access-control-allow-methods" not in cors_headers(reply)


def test_a_route_for_options_is_a_route() -> None:
    with ServedApi(routes=["OPTIONS /exports"]) as api:
        reply = api.request("/exports", "OPTIONS", headers={"Origin": PAGE} | PREFLIGHT | TOKEN)
    assert (reply.status, reply.body) == (200, b"done")


def test_a_response_may_be_read_by_the_pages_of_an_allowed_origin_only() -> None:
    with ServedApi() as api:
        allowed = api.request("/exports", headers=TOKEN | {"Origin": PAGE})
        refused = api.request("/exports", headers=TOKEN | {"Origin": "https://evil.example.com"})
        without = api.request("/exports", headers=TOKEN)
    assert cors_headers(allowed) == {
        "access-control-allow-origin": PAGE,
        "access-control-expose-headers": "location,retry-after",
    }
    assert cors_headers(refused) == cors_headers(without) == {}
    assert [reply.body for reply in (allowed, refused, without)] == [b"done"] * 3


def test_a_functions_own_cors_headers_do_not_count() -> None:
    answer = {
        "statusCode": 200,
        "headers": {
            "Access-Control-Allow-Origin": "*",
            "access-control-allow-credentials": "true",
            "x-kept": "yes",
        },
    }
    with ServedApi(lambda event: answer) as api:
        allowed = api.request("/exports", headers=TOKEN | {"Origin": PAGE})
        refused = api.request("/exports", headers=TOKEN | {"Origin": "https://evil.example.com"})
    assert cors_headers(allowed)["access-control-allow-origin"] == PAGE
    assert "access-control-allow-credentials" not in cors_headers(allowed)
    assert cors_headers(refused) == {}
    assert allowed.headers["x-kept"] == refused.headers["x-kept"] == "yes"


@pytest.mark.parametrize(
    ("target", "headers", "authorized", "status"),
    [
        ("/exports", {}, True, 401),
        ("/exports", TOKEN, False, 403),
        ("/nothing", TOKEN, True, 404),
        ("/exports", TOKEN, True, 500),
        ("/exports", TOKEN | {"X-Padding": "x" * 11_000}, True, 431),
    ],
)
def test_a_page_can_read_api_gateways_own_answers(
    target: str, headers: dict[str, str], authorized: bool, status: int
) -> None:
    def fail(event: dict[str, Any]) -> None:
        raise LambdaError("ValueError", "boom")

    with ServedApi(fail, lambda event: {"isAuthorized": authorized}) as api:
        reply = api.request(target, headers=headers | {"Origin": PAGE})
    assert reply.status == status
    assert cors_headers(reply)["access-control-allow-origin"] == PAGE


@pytest.mark.parametrize(
    ("configured", "origin", "allowed"),
    [
        ("*", "https://anything.example.com", "*"),
        ("https://*", "https://anything.example.com", "https://anything.example.com"),
        ("https://*", "http://anything.example.com", None),
    ],
)
def test_every_origin_or_every_one_of_a_scheme_may_be_allowed(
    configured: str, origin: str, allowed: str | None
) -> None:
    cors = dataclasses.replace(ServedApi().cors, allow_origins=(configured,))
    with ServedApi(cors=cors) as api:
        reply = api.request("/exports", headers=TOKEN | {"Origin": origin})
    assert reply.headers["access-control-allow-origin"] == allowed
