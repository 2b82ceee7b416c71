"""Responses of the Invoke API."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from werkzeug.wrappers import Response

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def json_response(body: Any, status: int, headers: Mapping[str, str] = _NO_HEADERS) -> Response:
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, status, headers, content_type="application/json")


def empty_response(status: int) -> Response:
    response = Response(status=status)
    del response.headers["Content-Type"]
    return response
