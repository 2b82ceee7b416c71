"""Answers as OpenAPI has them: one response a status, with everything that it may be."""

from collections.abc import Iterable
from itertools import groupby
from typing import Any

from pydantic import BaseModel

from local.openapi.operations import Answer
from shared.problems import CONTENT_TYPE as PROBLEM_JSON
from shared.problems import Problem

JSON = "application/json"

_HEADERS = {
    "Location": {
        "description": "The export, as a path on this API.",
        "schema": {"type": "string", "pattern": "^/exports/"},
    },
    "Retry-After": {
        "description": "Seconds after which to look, or to send the same request, again.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "Preference-Applied": {
        "description": "What was made of `Prefer`; absent where it asked for nothing known.",
        "schema": {"type": "string", "pattern": "^(respond-async|wait=[0-9]+)$"},
    },
}


def responses(answers: Iterable[Answer]) -> dict[str, Any]:
    """OpenAPI's responses object."""
    by_status = sorted(answers, key=lambda answer: answer.status)
    return {
        str(status): _response(list(alternatives))
        for status, alternatives in groupby(by_status, key=lambda answer: answer.status)
    }


def _response(alternatives: list[Answer]) -> dict[str, Any]:
    media_types = dict.fromkeys(_media_type(answer) for answer in alternatives)
    response = {
        "description": "; or: ".join(answer.description for answer in alternatives) + ".",
        "headers": {
            name: {**header, "required": all(answer.headers.get(name) for answer in alternatives)}
            for name, header in _HEADERS.items()
            if any(name in answer.headers for answer in alternatives)
        },
        "content": {
            media_type: _content([a for a in alternatives if _media_type(a) == media_type])
            for media_type in media_types
        },
        "links": {name: link for answer in alternatives for name, link in answer.links.items()},
    }
    return {key: value for key, value in response.items() if value}


def _media_type(answer: Answer) -> str:
    return PROBLEM_JSON if issubclass(answer.model, Problem) else JSON


def _content(alternatives: list[Answer]) -> dict[str, Any]:
    models = dict.fromkeys(answer.model for answer in alternatives)
    schemas = [_schema(model, [a for a in alternatives if a.model is model]) for model in models]
    return {
        "schema": schemas[0] if len(schemas) == 1 else {"oneOf": schemas},
        "examples": {
            name: {"value": body.model_dump(mode="json")}
            for answer in alternatives
            for name, body in answer.examples.items()
        },
    }


def _schema(model: type[BaseModel], alternatives: list[Answer]) -> dict[str, Any]:
    """A model; of a problem, only the types that this route has for this status."""
    reference = {"$ref": f"#/components/schemas/{model.__name__}"}
    bodies = [body for answer in alternatives for body in answer.examples.values()]
    types = [body.type for body in bodies if isinstance(body, Problem)]
    return {"allOf": [reference, {"properties": {"type": {"enum": types}}}]} if types else reference
