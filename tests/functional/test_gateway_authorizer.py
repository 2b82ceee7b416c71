"""Who gets through: what API Gateway makes of the authorizer's answers."""

import time
from typing import Any

import pytest

from local.lambda_runtime import LambdaError, RequestTooLargeError, TooManyRequestsError
from tests.functional.served_api import TOKEN, ServedApi

UNAUTHORIZED = (401, b'{"message":"Unauthorized"}')
FORBIDDEN = (403, b'{"message":"Forbidden"}')
ERROR = (500, b'{"message":"Internal Server Error"}')


def request(api: ServedApi, **headers: str) -> tuple[int, bytes]:
    reply = api.request("/exports", headers=headers)
    assert reply.headers["apigw-requestid"]
    return reply.status, reply.body


@pytest.mark.parametrize("headers", [{}, {"Authorization": ""}, {"X-Authorization": "Bearer a"}])
def test_without_an_authorization_header_nobody_is_asked(headers: dict[str, str]) -> None:
    with ServedApi() as api:
        assert request(api, **headers) == UNAUTHORIZED
    assert not api.authorizer_events
    assert not api.events


def test_the_authorizer_is_asked_for_each_request_whatever_the_header_says() -> None:
    with ServedApi() as api:
        for token in ("Bearer a.b.c", "Bearer a.b.c", "Basic eDp5", "nonsense"):
            assert request(api, authorization=token)[0] == 200
    assert [event["identitySource"] for event in api.authorizer_events] == [
        ["Bearer a.b.c"],
        ["Bearer a.b.c"],
        ["Basic eDp5"],
        ["nonsense"],
    ]


@pytest.mark.parametrize("answer", [{"isAuthorized": False}, {"isAuthorized": False, "context": 1}])
def test_a_no_is_a_403(answer: Any) -> None:
    with ServedApi(authorizer=lambda event: answer) as api:
        assert request(api, **TOKEN) == FORBIDDEN
    assert not api.events


@pytest.mark.parametrize(
    "answer",
    [
        None,
        {},
        True,
        "allow",
        [True],
        {"isAuthorized": "true"},
        {"isAuthorized": 1},
        {"isAuthorized": None},
        {"isauthorized": True},
        {"isAuthorized": True, "context": "ws-acme"},
        {"isAuthorized": True, "context": ["ws-acme"]},
        {"principalId": "ada", "policyDocument": {"Version": "2012-10-17", "Statement": []}},
    ],
)
def test_an_answer_that_is_no_simple_response_is_a_500(answer: Any) -> None:
    with ServedApi(authorizer=lambda event: answer) as api:
        assert request(api, **TOKEN) == ERROR
    assert not api.events


@pytest.mark.parametrize(
    "error",
    [LambdaError("KeysUnavailableError", ""), TooManyRequestsError(), RequestTooLargeError()],
)
def test_an_authorizer_that_fails_is_a_500(error: Exception) -> None:
    def fail(event: dict[str, Any]) -> None:
        raise error

    with ServedApi(authorizer=fail) as api:
        assert request(api, **TOKEN) == ERROR
    assert not api.events


def test_an_authorizer_that_takes_too_long_is_a_500() -> None:
    def linger(event: dict[str, Any]) -> None:
        time.sleep(0.5)

    with ServedApi(authorizer=linger, authorizer_timeout=0.1) as api:
        assert request(api, **TOKEN) == ERROR
    assert not api.events


@pytest.mark.parametrize(
    ("answer", "context"),
    [
        (
            {"isAuthorized": True, "context": {"n": 1, "list": ["a"], "map": {"b": True}}},
            {"n": 1, "list": ["a"], "map": {"b": True}},
        ),
        ({"isAuthorized": True, "context": {}}, {}),
        ({"isAuthorized": True, "context": None}, None),
        ({"isAuthorized": True}, None),
    ],
)
def test_the_context_reaches_the_function_as_the_authorizer_gave_it(
    answer: dict[str, Any], context: Any
) -> None:
    with ServedApi(authorizer=lambda event: answer) as api:
        assert request(api, **TOKEN)[0] == 200
    assert api.event["requestContext"]["authorizer"] == {"lambda": context}


def test_nothing_a_client_sends_stands_in_for_the_context() -> None:
    with ServedApi(authorizer=lambda event: {"isAuthorized": True}) as api:
        api.request(
            "/exports?requestContext.authorizer.lambda.workspace_id=ws-other",
            headers=TOKEN | {"requestContext": '{"authorizer": {}}', "workspace_id": "ws-other"},
        )
    assert api.event["requestContext"]["authorizer"] == {"lambda": None}
