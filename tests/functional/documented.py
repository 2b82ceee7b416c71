"""Whether an answer is one that the OpenAPI document has for its request."""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs

from local.openapi import DOCUMENT

_DOCUMENT: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
_PATHS = {
    path: re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(path)))
    for path in sorted(_DOCUMENT["paths"], key=lambda path: "{" in path)
}


def assert_documented(
    method: str, url: str, status: int, headers: Mapping[str, str], body: str
) -> None:
    """Fails where an answer's status, media type, headers or body are not documented.

    Requests of no documented operation are API Gateway's to answer, and not looked at.
    """
    target = urlsplit(url).path
    path = next((path for path, pattern in _PATHS.items() if pattern.fullmatch(target)), "")
    operation = _DOCUMENT["paths"].get(path, {}).get(method.lower())
    if operation is None:
        return
    name = f"{method} {path} {status}"
    assert str(status) in operation["responses"], f"{name} is not documented"
    response = operation["responses"][str(status)]
    for header, documented in response.get("headers", {}).items():
        assert header in headers or not documented["required"], f"{name} has no {header}"
        if header in headers:
            value: Any = headers[header]
            typed = int(value) if documented["schema"]["type"] == "integer" else value
            jsonschema_rs.validate(documented["schema"], typed)
    media_type = headers["Content-Type"]
    assert media_type in response["content"], f"{name} is {media_type}"
    _validator(path, method.lower(), str(status), media_type).validate(json.loads(body))


@cache
def _validator(
    path: str, method: str, status: str, media_type: str
) -> jsonschema_rs.Draft202012Validator:
    response = _DOCUMENT["paths"][path][method]["responses"][status]
    schema = response["content"][media_type]["schema"]
    return jsonschema_rs.Draft202012Validator(
        {**schema, "components": _DOCUMENT["components"]}, validate_formats=True
    )
