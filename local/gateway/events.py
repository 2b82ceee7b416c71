"""The events that functions get from an HTTP API, in payload format 2.0.

Shapes: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
and …/http-api-lambda-authorizer.html. What a request does not have, its event has no key for.
"""

import base64
import secrets
from typing import Any, Final

from local.gateway.request import HttpRequest
from local.gateway.routes import RouteMatch

ACCOUNT_ID: Final = "123456789012"
API_ID: Final = "local00api"
REGION: Final = "eu-central-1"
STAGE: Final = "$default"

_TEXT_TYPES: Final = {"application/javascript", "application/json", "application/xml"}


def authorizer_event(
    request: HttpRequest, route: RouteMatch, identity_source: list[str]
) -> dict[str, Any]:
    """What the authorizer decides on."""
    resource = f"{API_ID}/{STAGE}/{request.method}{request.path}"
    return {
        "type": "REQUEST",
        "routeArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT_ID}:{resource}",
        "identitySource": identity_source,
        **_event(request, route),
    }


def integration_event(
    request: HttpRequest,
    body: bytes,
    route: RouteMatch,
    authorizer_context: dict[str, Any] | None,
) -> dict[str, Any]:
    """What the route's function answers."""
    event = _event(request, route)
    event["requestContext"]["authorizer"] = {"lambda": authorizer_context}
    if not body:
        return event | {"isBase64Encoded": False}
    text = _text(body, request.headers.get("content-type", ""))
    if text is None:
        return event | {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return event | {"body": text, "isBase64Encoded": False}


def _event(request: HttpRequest, route: RouteMatch) -> dict[str, Any]:
    event = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": request.path,
        "rawQueryString": request.query,
        "headers": _headers(request),
        "requestContext": _request_context(request, route),
    }
    optional = {
        "cookies": request.cookies,
        "queryStringParameters": request.query_parameters,
        "pathParameters": route.path_parameters,
    }
    return event | {key: value for key, value in optional.items() if value}


def _headers(request: HttpRequest) -> dict[str, str]:
    """The client's headers, and those that API Gateway adds."""
    hops = [request.headers.get("x-forwarded-for"), request.source_ip]
    started = f"{int(request.received_at.timestamp()):08x}"
    return {
        "content-length": "0",
        "x-amzn-trace-id": f"Root=1-{started}-{secrets.token_hex(12)}",
        **request.headers,
        "x-forwarded-for": ", ".join(filter(None, hops)),
        "x-forwarded-port": request.port,
        "x-forwarded-proto": "http",
    }


def _request_context(request: HttpRequest, route: RouteMatch) -> dict[str, Any]:
    return {
        "accountId": ACCOUNT_ID,
        "apiId": API_ID,
        "domainName": f"{API_ID}.execute-api.{REGION}.amazonaws.com",
        "domainPrefix": API_ID,
        "http": {
            "method": request.method,
            "path": request.path,
            "protocol": request.protocol,
            "sourceIp": request.source_ip,
            "userAgent": request.headers.get("user-agent", ""),
        },
        "requestId": request.id,
        "routeKey": route.key,
        "stage": STAGE,
        "time": request.received_at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "timeEpoch": int(request.received_at.timestamp() * 1000),
    }


def _text(body: bytes, content_type: str) -> str | None:
    """The body as text, or None if it goes as base64.

    Few types are text to an HTTP API: a form is not, nor is a body without a type, as somebody
    measured on AWS (https://github.com/ministackorg/ministack/pull/766).
    """
    media_type = content_type.partition(";")[0].strip().lower()
    if not media_type.startswith("text/") and media_type not in _TEXT_TYPES:
        return None
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return None
