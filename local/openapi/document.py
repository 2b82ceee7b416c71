"""Puts the document together: what Powertools reads from the routes, and what they answer."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from aws_lambda_powertools import Logger
from pydantic.json_schema import GenerateJsonSchema, models_json_schema

from functions.export.routes import export_routes
from local.openapi.answers import JSON, responses
from local.openapi.exports import OPERATIONS, Operation
from shared import outcome
from shared.export import ExportError
from shared.export_request import ExportRequest
from shared.outcome import query_failed, row_limit_exceeded

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = ROOT / "docs" / "openapi.json"

_DESCRIPTION = """\
Exports of an AI platform's API calls: one CSV row per call.

The workspace is the token's, never the request's. Errors are `application/problem+json` \
(RFC 9457) with a stable `type`; what API Gateway answers by itself is `{"message": …}`. \
`docs/api.md` explains the life of an export."""

_BASE = {
    "tags": [
        {"name": "Exports", "description": "From an order to a file, and what it adds up to."}
    ],
    "servers": [
        {
            "url": "https://{api}.execute-api.{region}.amazonaws.com",
            "description": "The output `ApiUrl` of the deployed stack.",
            "variables": {"api": {"default": "api"}, "region": {"default": "eu-central-1"}},
        },
        {"url": "http://127.0.0.1:8080", "description": "`make serve`."},
    ],
    "security": [{"bearer": []}],
}
_BEARER = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "Of an admin of a workspace, from the configured OpenID Connect provider.",
}
_NOT_CALLED: Any = None  # routes are only described here


def document_text() -> str:
    """The document as it is kept: the same bytes for the same code."""
    return json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n"


def openapi_document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    app = export_routes(_NOT_CALLED, _NOT_CALLED, _NOT_CALLED, Logger("openapi", level="CRITICAL"))
    read = json.loads(
        app.get_openapi_json_schema(
            title="API Usage Export", version=_version(), description=_DESCRIPTION
        )
    )
    paths = {path: read["paths"][path] for path in sorted(read["paths"])}
    for operations in paths.values():
        for operation in operations.values():
            _complete(operation, OPERATIONS[operation["operationId"]])
    return {
        "openapi": read["openapi"],
        "info": read["info"],
        **_BASE,
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": {"bearer": _BEARER}},
    }


def _version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version: str = project["version"]
    return version


def _complete(operation: dict[str, Any], known: Operation) -> None:
    operation |= {
        "summary": known.summary,
        "description": known.description,
        "tags": ["Exports"],
        "responses": responses(known.answers),
    }
    for parameter in operation.get("parameters", ()):
        _tidy(parameter)
        examples = known.parameters.get(parameter["name"], {})
        if examples:
            parameter["examples"] = {name: {"value": value} for name, value in examples.items()}
    if "requestBody" in operation:
        content = operation["requestBody"]["content"][JSON]
        content["schema"] = _without_null(content["schema"])
        content["examples"] = {
            name: {"value": request.model_dump(mode="json", exclude_unset=True)}
            for name, request in known.requests.items()
        }


def _tidy(parameter: dict[str, Any]) -> None:
    """Take out what Powertools adds: lower-case headers, `null` for absent, decimal points."""
    if parameter["in"] == "header":
        parameter["name"] = parameter["name"].title()
    schema = _without_null(parameter["schema"])
    parameter["schema"] = {
        key: int(value) if isinstance(value, float) else value
        for key, value in schema.items()
        if key not in {"title", "description"}
    }


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    parts: list[dict[str, Any]] = schema.get("anyOf", [schema])
    (only,) = (part for part in parts if part != {"type": "null"})
    return only


class _Untitled(GenerateJsonSchema):
    """Titles of models only: those of fields would repeat their names."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002  of no field
        return False


def _schemas() -> dict[str, Any]:
    bodies = dict.fromkeys(
        answer.model for known in OPERATIONS.values() for answer in known.answers
    )
    _, generated = models_json_schema(
        [(ExportRequest, "validation"), *((model, "serialization") for model in bodies)],
        ref_template="#/components/schemas/{model}",
        schema_generator=_Untitled,
    )
    schemas: dict[str, Any] = dict(sorted(generated["$defs"].items()))
    schemas["ExportError"]["properties"]["type"]["enum"] = sorted(
        {error.type for error in _export_errors()}
    )
    return schemas


def _export_errors() -> Iterator[ExportError]:
    yield from (value for value in vars(outcome).values() if isinstance(value, ExportError))
    yield query_failed("")
    yield row_limit_exceeded(0, 0)
