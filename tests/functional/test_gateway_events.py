"""Events, read by Powertools' own classes and held against the shapes in AWS's documentation."""

import base64
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.shared.cookies import Cookie
from aws_lambda_powertools.utilities.data_classes import APIGatewayProxyEventV2
from aws_lambda_powertools.utilities.data_classes.api_gateway_authorizer_event import (
    APIGatewayAuthorizerEventV2,
)
from aws_lambda_powertools.utilities.typing import LambdaContext
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.functional.served_api import TOKEN, ServedApi

EVENT_KEYS = {
    "version",
    "routeKey",
    "rawPath",
    "rawQueryString",
    "cookies",
    "headers",
    "queryStringParameters",
    "requestContext",
    "body",
    "pathParameters",
    "isBase64Encoded",
}
CONTEXT_KEYS = {
    "accountId",
    "apiId",
    "authorizer",
    "domainName",
    "domainPrefix",
    "http",
    "requestId",
    "routeKey",
    "stage",
    "time",
    "timeEpoch",
}


def test_a_full_request_gives_the_documented_event() -> None:
    with ServedApi(routes=["POST /exports/{id}"]) as api:
        reply = api.request(
            "/exports/ex-1?model=a&model=b&limit=5",
            "POST",
            headers=[
                *TOKEN.items(),
                ("User-Agent", "agent/1"),
                ("Content-Type", "application/json"),
                ("Cookie", "session=1; theme=dark"),
                ("X-Forwarded-For", "203.0.113.7"),
                ("Prefer", "wait=5"),
                ("Prefer", "respond-async"),
                ("Connection", "keep-alive"),
            ],
            body=b'{"period": "last_30_days"}',
        )
        port = api.address[1]
    assert set(api.event) == EVENT_KEYS
    assert set(api.event["requestContext"]) == CONTEXT_KEYS

    event = APIGatewayProxyEventV2(api.event)
    assert event.version == "2.0"
    assert event.route_key == "POST /exports/{id}"
    assert event.raw_path == event.path == "/exports/ex-1"
    assert event.raw_query_string == "model=a&model=b&limit=5"
    assert event.query_string_parameters == {"model": "a,b", "limit": "5"}
    assert event.cookies == ["session=1", "theme=dark"]
    assert event.path_parameters == {"id": "ex-1"}
    assert event.json_body == {"period": "last_30_days"}
    assert event.is_base64_encoded is False

    headers = api.event["headers"]
    assert re.fullmatch(r"Root=1-[0-9a-f]{8}-[0-9a-f]{24}", headers.pop("x-amzn-trace-id"))
    assert headers == {
        "accept-encoding": "identity",
        "authorization": "Bearer a.b.c",
        "content-length": "26",
        "content-type": "application/json",
        "host": f"127.0.0.1:{port}",
        "prefer": "wait=5,respond-async",
        "user-agent": "agent/1",
        "x-forwarded-for": "203.0.113.7, 127.0.0.1",
        "x-forwarded-port": str(port),
        "x-forwarded-proto": "http",
    }

    context = event.request_context
    assert context.account_id == "123456789012"
    assert context.stage == "$default"
    assert context.route_key == event.route_key
    assert context.domain_name == f"{context.api_id}.execute-api.eu-central-1.amazonaws.com"
    assert context.domain_prefix == context.api_id
    assert context.request_id == reply.headers["apigw-requestid"]
    assert re.fullmatch(r"[\w-]{15}=", context.request_id)
    assert context.http.method == event.http_method == "POST"
    assert context.http.path == "/exports/ex-1"
    assert context.http.protocol == "HTTP/1.1"
    assert context.http.source_ip == "127.0.0.1"
    assert context.http.user_agent == "agent/1"
    assert context.authorizer.get_lambda == {"workspace_id": "ws-acme", "subject": "ada"}
    time = datetime.strptime(context.time, "%d/%b/%Y:%H:%M:%S %z")
    assert int(time.timestamp()) == context.time_epoch // 1000
    assert abs((datetime.now(UTC) - time).total_seconds()) < 60


def test_what_a_request_does_not_have_its_event_has_no_key_for() -> None:
    with ServedApi() as api:
        api.request("/exports")
    assert set(api.event) == EVENT_KEYS - {
        "cookies",
        "queryStringParameters",
        "pathParameters",
        "body",
    }
    assert api.event["rawQueryString"] == ""
    assert api.event["isBase64Encoded"] is False
    assert api.event["headers"]["content-length"] == "0"
    assert api.event["requestContext"]["http"]["userAgent"] == ""


def test_the_authorizer_gets_an_event_of_its_own() -> None:
    with ServedApi() as api:
        api.request("/exports/ex-1?a=1", headers=[*TOKEN.items(), ("Cookie", "session=1")])
    (raw,) = api.authorizer_events
    assert set(raw) == EVENT_KEYS - {"body", "isBase64Encoded"} | {
        "type",
        "routeArn",
        "identitySource",
    }
    assert set(raw["requestContext"]) == CONTEXT_KEYS - {"authorizer"}

    event = APIGatewayAuthorizerEventV2(raw)
    assert (event.version, event.get_type) == ("2.0", "REQUEST")
    assert event.identity_source == ["Bearer a.b.c"]
    assert event.headers["Authorization"] == "Bearer a.b.c"
    assert event.route_key == "GET /exports/{id}"
    assert event.raw_path == "/exports/ex-1"
    assert event.raw_query_string == "a=1"
    assert event.query_string_parameters == {"a": "1"}
    assert event.path_parameters == {"id": "ex-1"}
    assert event.cookies == ["session=1"]
    assert event.request_context.request_id == api.event["requestContext"]["requestId"]
    arn = event.parsed_arn
    assert (arn.region, arn.aws_account_id, arn.stage) == (
        "eu-central-1",
        "123456789012",
        "$default",
    )
    assert (arn.http_method, arn.resource) == ("GET", "exports/ex-1")
    assert arn.api_id == event.request_context.api_id


@pytest.mark.parametrize(
    ("content_type", "body", "is_base64"),
    [
        ("application/json", b"{}", False),
        ("application/json; charset=utf-8", "ü".encode(), False),
        ("Application/JSON", b"{}", False),
        ("text/csv", b"a,b", False),
        ("application/xml", b"<a/>", False),
        ("application/javascript", b"1", False),
        ("application/octet-stream", b"\x00\xff", True),
        ("application/x-www-form-urlencoded", b"a=1", True),
        ("application/problem+json", b"{}", True),
        ("multipart/form-data; boundary=x", b"--x--", True),
        ("application/json", b"\xff\xfe", True),
        (None, b"{}", True),
    ],
)
def test_a_body_is_text_for_few_types_and_base64_for_the_rest(
    content_type: str | None, body: bytes, is_base64: bool
) -> None:
    headers = [("Content-Type", content_type)] if content_type else []
    with ServedApi() as api:
        api.request("/exports", "POST", headers=[*TOKEN.items(), *headers], body=body)
    assert api.event["isBase64Encoded"] is is_base64
    text = api.event["body"]
    assert (base64.b64decode(text, validate=True) if is_base64 else text.encode()) == body


def test_a_body_in_chunks_arrives_whole() -> None:
    with ServedApi() as api:
        headers = TOKEN | {"Content-Type": "application/json"}
        api.request("/exports", "POST", headers=headers, body=[b'{"a"', b": 1}"])
    assert api.event["body"] == '{"a": 1}'
    assert "transfer-encoding" not in api.event["headers"]


@pytest.mark.parametrize(
    ("sent", "seen"),
    [("a%20b", "a b"), ("%C3%BC", "ü"), ("a+b", "a+b"), ("%2561", "%61"), ("%zz", "%zz")],
)
def test_the_path_is_decoded_once_and_everywhere(sent: str, seen: str) -> None:
    with ServedApi() as api:
        api.request(f"/exports/{sent}")
    assert api.event["pathParameters"] == {"id": seen}
    assert api.event["rawPath"] == f"/exports/{seen}"
    assert api.event["requestContext"]["http"]["path"] == f"/exports/{seen}"


@pytest.mark.parametrize(
    ("query", "parameters"),
    [
        ("a=1&b=2&a=3", {"a": "1,3", "b": "2"}),
        ("a=x%2Cy&a=z", {"a": "x,y,z"}),
        ("a", {"a": ""}),
        ("a=", {"a": ""}),
        ("a=b=c", {"a": "b=c"}),
        ("a=b%20c+d", {"a": "b c d"}),
        ("%C3%BC=%F0%9F%A6%86", {"ü": "🦆"}),
        ("a=%ff", {"a": "\ufffd"}),
        ("a=%", {"a": "%"}),
        ("a=1?b=2", {"a": "1?b=2"}),
        ("&&&", None),
        ("=", {"": ""}),
    ],
)
def test_the_query_is_there_as_sent_and_decoded(
    query: str, parameters: dict[str, str] | None
) -> None:
    with ServedApi() as api:
        api.request(f"/exports?{query}")
    assert api.event["rawQueryString"] == query
    assert api.event.get("queryStringParameters") == parameters


def test_no_target_makes_the_gateway_stumble() -> None:
    visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=30)
    with ServedApi() as api:

        @settings(max_examples=100, deadline=None, database=None)
        @given(path=visible, query=visible)
        def any_target(path: str, query: str) -> None:
            path = path.replace("?", "").replace("/", "")
            api.events.clear()
            reply = api.request(f"/exports/{path}?{query}")
            if path == "" or "%2f" in path.lower():
                assert reply.status == 404
            else:
                assert reply.status == 200
                assert api.event["rawQueryString"] == query

        any_target()


def test_powertools_resolver_routes_our_events_and_its_responses_reach_the_client() -> None:
    app = APIGatewayHttpResolver()

    @app.post("/exports/<export_id>/files")
    def make_file(export_id: str) -> Response[Any]:
        event = app.current_event
        return Response(
            status_code=202,
            content_type="application/json",
            headers={"Location": f"/exports/{export_id}"},
            cookies=[Cookie(name="seen", value="yes")],
            body=[export_id, event.json_body, event.query_string_parameters["n"]],
        )

    with ServedApi(
        function=lambda event: app.resolve(event, LambdaContext()),
        routes=["POST /exports/{id}/files"],
    ) as api:
        target = f"/exports/{quote('ex 1')}/files?n=3"
        reply = api.request(target, "POST", headers=TOKEN, body=b'{"rows": 2}')
        missing = api.request("/exports/a/b/files", "POST")
    assert reply.status == 202
    assert reply.json == ["ex 1", {"rows": 2}, "3"]
    assert reply.headers["Location"] == "/exports/ex 1"
    assert reply.headers["Set-Cookie"].startswith("seen=yes")
    assert missing.status == 404
