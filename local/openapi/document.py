"""Puts the document together: what Powertools reads from the routes, and what they answer."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, models_json_schema

from functions.analytics.routes import usage_routes
from functions.export.routes import export_routes
from local.openapi import exports, usage
from local.openapi.operations import Operation
from local.openapi.responses import JSON, responses
from shared import outcome
from shared.export import ExportError
from shared.export_request import ExportRequest
from shared.outcome import query_failed, row_limit_exceeded

ROOT: Final = Path(__file__).parents[2]
DOCUMENT: Final = ROOT / "docs" / "openapi.json"

_DESCRIPTION = """\
Exports of an AI platform's API calls, one CSV row per call, and what the calls amount to.

The workspace is the token's, never the request's. Errors are `application/problem+json` \
(RFC 9457) with a stable `type`; what API Gateway answers by itself is `{"message": …}`. \
`docs/api.md` explains the life of an export."""

_BASE = {
    "tags": [
        {"name": "Exports", "description": "From an order to a file, and what it adds up to."},
        {"name": "Usage", "description": "The same calls, as figures for charts."},
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
_OPERATIONS = exports.OPERATIONS | usage.OPERATIONS
_NOT_CALLED: Any = None  # routes are only described here


def document_text() -> str:
    """The document as it is kept: the same bytes for the same code."""
    return json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n"


def openapi_document() -> dict[str, Any]:
    """The OpenAPI 3.1 document."""
    logger = Logger("openapi", level="CRITICAL")
    exporting = export_routes(_NOT_CALLED, _NOT_CALLED, _NOT_CALLED, logger)
    analysing = usage_routes(_NOT_CALLED, logger)
    return {
        "openapi": "3.1.0",
        "info": {"title": "API Usage Export", "version": _version(), "description": _DESCRIPTION},
        **_BASE,
        "paths": dict(sorted((_paths(exporting) | _paths(analysing)).items())),
        "components": {"schemas": _schemas(), "securitySchemes": {"bearer": _BEARER}},
    }


def _paths(app: APIGatewayHttpResolver) -> dict[str, Any]:
    paths: dict[str, Any] = json.loads(app.get_openapi_json_schema())["paths"]
    for operations in paths.values():
        for operation in operations.values():
            _complete(operation, _OPERATIONS[operation["operationId"]])
    return paths


def _version() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version: str = project["version"]
    return version


def _complete(operation: dict[str, Any], known: Operation) -> None:
    operation |= {
        "summary": known.summary,
        "description": known.description,
        "tags": [known.tag],
        "responses": responses(known.answers),
    }
    fields = _fields(known.query) if known.query else {}
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = fields.get(parameter["name"], parameter["schema"])
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
    if "description" in parameter["schema"]:
        parameter["description"] = parameter["schema"]["description"]
    parameter["schema"] = {
        key: int(value) if isinstance(value, float) else value
        for key, value in _without_null(parameter["schema"]).items()
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
    operations = _OPERATIONS.values()
    bodies = dict.fromkeys(answer.model for known in operations for answer in known.answers)
    schemas = _definitions(
        (ExportRequest, "validation"), *((model, "serialization") for model in bodies)
    )
    schemas["ExportError"]["properties"]["type"]["enum"] = sorted(
        {error.type for error in _export_errors()}
    )
    return schemas


def _fields(model: type[BaseModel]) -> dict[str, Any]:
    fields: dict[str, Any] = _definitions((model, "validation"))[model.__name__]["properties"]
    return fields


def _definitions(*models: tuple[type[BaseModel], JsonSchemaMode]) -> dict[str, Any]:
    """Schemas of models, and of the models in them, by name."""
    _, generated = models_json_schema(
        models, ref_template="#/components/schemas/{model}", schema_generator=_Untitled
    )
    return dict(sorted(generated["$defs"].items()))


def _export_errors() -> Iterator[ExportError]:
    yield from (value for value in vars(outcome).values() if isinstance(value, ExportError))
    yield query_failed("", may_pass=True)
    yield row_limit_exceeded(0, 0)
