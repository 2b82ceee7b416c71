"""What the client gets: a function's answer, or API Gateway's own words."""

import base64
import json
import re
from typing import TYPE_CHECKING, Any, Final

from werkzeug.datastructures import Headers
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_HEADER_NAME: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

_GATEWAYS_OWN: Final = {
    "apigw-requestid",
    "connection",
    "content-length",
    "date",
    "keep-alive",
    "server",
    "transfer-encoding",
}


class ApiResponse(Response):
    """A response whose headers go out as they are; werkzeug would rewrite `Location`."""

    def get_wsgi_headers(self, environ: "WSGIEnvironment") -> Headers:
        headers = super().get_wsgi_headers(environ)
        if "location" in self.headers:
            headers["location"] = self.headers["location"]
        return headers


class MalformedResponseError(Exception):
    """A function answered with what API Gateway cannot make a response of."""


def gateway_response(error: HTTPException) -> ApiResponse:
    """API Gateway's own answer: a status and its name."""
    body = json.dumps({"message": error.name}, separators=(",", ":"))
    return ApiResponse(body, error.code, content_type="application/json")


def function_response(answer: Any) -> ApiResponse:
    """A function's answer, as payload format 2.0 reads it. Raises `MalformedResponseError`.

    An answer without a status code is the body of a 200, text as it is and anything else in JSON.
    """
    if not (isinstance(answer, dict) and "statusCode" in answer):
        body = answer if isinstance(answer, str) else json.dumps(answer, ensure_ascii=False)
        return ApiResponse(body, content_type="application/json")
    response = ApiResponse(
        _body(answer.get("body"), is_base64=answer.get("isBase64Encoded", False)),
        _status(answer["statusCode"]),
        content_type="text/plain; charset=utf-8",
    )
    for name, value in _mapping(answer.get("headers")).items():
        if name.lower() not in _GATEWAYS_OWN:
            response.headers[_header_name(name)] = _header_value(value)
    for cookie in _list(answer.get("cookies")):
        response.headers.add("set-cookie", _header_value(cookie))
    return response


def _status(code: Any) -> int:
    if isinstance(code, int | str) and re.fullmatch("[2-5][0-9][0-9]", str(code)):
        return int(code)
    raise MalformedResponseError(f"statusCode is {code!r}, which is no HTTP status.")


def _body(body: Any, *, is_base64: Any) -> bytes:
    if body is not None and not isinstance(body, str):
        raise MalformedResponseError(f"body is {type(body).__name__}, where text is needed.")
    if is_base64 is not True:
        return (body or "").encode("utf-8", "replace")
    try:
        return base64.b64decode(body or "", validate=True)
    except ValueError as error:
        raise MalformedResponseError("body is not base64, though isBase64Encoded.") from error


def _mapping(headers: Any) -> dict[str, Any]:
    if headers is None or isinstance(headers, dict):
        return headers or {}
    raise MalformedResponseError(f"headers is {type(headers).__name__}, where an object is needed.")


def _list(cookies: Any) -> list[Any]:
    if cookies is None or isinstance(cookies, list):
        return cookies or []
    raise MalformedResponseError(f"cookies is {type(cookies).__name__}, where a list is needed.")


def _header_name(name: str) -> str:
    if not _HEADER_NAME.fullmatch(name):
        raise MalformedResponseError(f"{name!r} cannot be the name of a header.")
    return name


def _header_value(value: Any) -> str:
    if not isinstance(value, str | int | float):
        raise MalformedResponseError(f"A header is {type(value).__name__}, where text is needed.")
    text = json.dumps(value) if isinstance(value, bool) else str(value)
    if not re.fullmatch(r"[\t\x20-\x7e\x80-\xff]*", text):
        raise MalformedResponseError(f"{text!r} cannot be the value of a header.")
    return text
