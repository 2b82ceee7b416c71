"""What clients get: a function's answer in each form, and API Gateway's own words."""

from typing import Any

import pytest

from local.lambda_runtime import (
    LambdaError,
    LambdaTimeoutError,
    RequestTooLargeError,
    TooManyRequestsError,
)
from tests.functional.served_api import Reply, ServedApi


def answer_to(function_answer: Any, method: str = "GET") -> Reply:
    with ServedApi(lambda event: function_answer, routes=["ANY /exports"]) as api:
        return api.request("/exports", method)


def failure(error: Exception) -> Reply:
    def fail(event: dict[str, Any]) -> None:
        raise error

    with ServedApi(fail) as api:
        return api.request("/exports")


@pytest.mark.parametrize(
    ("function_answer", "body"),
    [
        ({"message": "hi"}, b'{"message": "hi"}'),
        ({"body": "no status"}, b'{"body": "no status"}'),
        ("Hello from Lambda!", b"Hello from Lambda!"),
        ("ü", "ü".encode()),
        ([1, 2], b"[1, 2]"),
        (42, b"42"),
        (None, b"null"),
    ],
)
def test_an_answer_without_a_status_is_the_body_of_a_200(function_answer: Any, body: bytes) -> None:
    reply = answer_to(function_answer)
    assert (reply.status, reply.body) == (200, body)
    assert reply.headers["content-type"] == "application/json"


def test_a_full_answer_goes_out_as_it_is() -> None:
    reply = answer_to(
        {
            "statusCode": 202,
            "headers": {
                "Content-Type": "application/problem+json",
                "location": "/exports/ä?b=%2F",
                "Retry-After": 3,
                "x-flag": True,
            },
            "cookies": ["a=1; Secure", "b=2"],
            "body": '{"id":"ex-1"}',
            "isBase64Encoded": False,
        }
    )
    assert (reply.status, reply.body) == (202, b'{"id":"ex-1"}')
    assert reply.headers.get_all("content-type") == ["application/problem+json"]
    assert reply.headers["location"] == "/exports/ä?b=%2F"
    assert reply.headers["retry-after"] == "3"
    assert reply.headers["x-flag"] == "true"
    assert reply.headers.get_all("set-cookie") == ["a=1; Secure", "b=2"]
    assert reply.headers["content-length"] == "13"


def test_an_answer_with_a_status_alone_is_empty_plain_text() -> None:
    reply = answer_to({"statusCode": "404"})
    assert (reply.status, reply.body) == (404, b"")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"


def test_a_base64_body_is_decoded() -> None:
    reply = answer_to({"statusCode": 200, "body": "AP+A", "isBase64Encoded": True})
    assert reply.body == b"\x00\xff\x80"


def test_headers_that_are_the_gateways_own_are_not_the_functions_to_set() -> None:
    headers = {"Content-Length": "999", "Connection": "upgrade", "Date": "today", "Server": "me"}
    reply = answer_to({"statusCode": 200, "headers": headers, "body": "done"})
    assert reply.body == b"done"
    assert reply.headers["content-length"] == "4"
    assert reply.headers["date"] != "today"
    assert reply.headers["server"] is None


def test_head_has_the_headers_of_a_body_but_no_body() -> None:
    reply = answer_to({"statusCode": 200, "body": "done"}, "HEAD")
    assert (reply.status, reply.body) == (200, b"")
    assert reply.headers["content-length"] == "4"


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_has_none(status: int) -> None:
    reply = answer_to({"statusCode": status, "body": "lost"})
    assert (reply.status, reply.body) == (status, b"")


@pytest.mark.parametrize(
    "malformed",
    [
        {"statusCode": "OK"},
        {"statusCode": None},
        {"statusCode": True},
        {"statusCode": 99},
        {"statusCode": 100},
        {"statusCode": 600},
        {"statusCode": 200.5},
        {"statusCode": 200, "body": {"a": 1}},
        {"statusCode": 200, "body": 42},
        {"statusCode": 200, "body": "no base64!", "isBase64Encoded": True},
        {"statusCode": 200, "headers": ["a"]},
        {"statusCode": 200, "headers": {"a": {"b": "c"}}},
        {"statusCode": 200, "headers": {"a": None}},
        {"statusCode": 200, "headers": {"a": "b\r\nset-cookie: c=d"}},
        {"statusCode": 200, "headers": {"a": "🦆"}},
        {"statusCode": 200, "headers": {"a b": "c"}},
        {"statusCode": 200, "cookies": "a=1"},
        {"statusCode": 200, "cookies": [["a"]]},
    ],
)
def test_a_malformed_answer_is_a_500(malformed: Any, caplog: pytest.LogCaptureFixture) -> None:
    reply = answer_to(malformed)
    assert (reply.status, reply.body) == (500, b'{"message":"Internal Server Error"}')
    assert reply.headers["content-type"] == "application/json"
    assert "Api: malformed answer to ANY /exports" in caplog.text


@pytest.mark.parametrize(
    ("error", "status", "body"),
    [
        (LambdaError("ValueError", "boom"), 500, b'{"message":"Internal Server Error"}'),
        (LambdaTimeoutError("Sandbox.Timedout", ""), 500, b'{"message":"Internal Server Error"}'),
        (TooManyRequestsError(), 503, b'{"message":"Service Unavailable"}'),
        (RequestTooLargeError(), 413, b'{"message":"Request Entity Too Large"}'),
    ],
)
def test_a_failed_invocation_has_api_gateways_answer(
    error: Exception, status: int, body: bytes
) -> None:
    reply = failure(error)
    assert (reply.status, reply.body) == (status, body)
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["apigw-requestid"]
