"""What routes answer, and how that reads in OpenAPI."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from pydantic import BaseModel

from shared.export import PROBLEM_TYPE_PREFIX
from shared.http_api import RETRY_AFTER_SECONDS
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
        "schema": {"type": "integer", "minimum": 1, "examples": [RETRY_AFTER_SECONDS]},
    },
    "Preference-Applied": {
        "description": "What was made of `Prefer`; absent where it asked for nothing known.",
        "schema": {"type": "string", "pattern": "^(respond-async|wait=[0-9]+)$"},
    },
}


class GatewayError(BaseModel):
    """What API Gateway itself answers, before a function is asked or where one fails."""

    message: str


@dataclass(frozen=True)
class Answer:
    """One of the answers that a route may give.

    Attributes:
        status: HTTP status.
        description: When it is given.
        model: Of the body.
        examples: Name → body.
        headers: Name → whether it is always there.
        links: OpenAPI's link objects by name: what to call next.
    """

    status: int
    description: str
    model: type[BaseModel]
    examples: Mapping[str, BaseModel]
    headers: Mapping[str, bool] = field(default_factory=dict)
    links: Mapping[str, Any] = field(default_factory=dict)

    @property
    def media_type(self) -> str:
        return PROBLEM_JSON if issubclass(self.model, Problem) else JSON


def refusal(problem: Problem, headers: Mapping[str, bool] | None = None) -> Answer:
    """A problem, which is its own example."""
    name = problem.type.removeprefix(PROBLEM_TYPE_PREFIX)
    return Answer(problem.status, problem.title, type(problem), {name: problem}, headers or {})


def from_gateway(status: int, message: str, description: str) -> Answer:
    """What API Gateway answers by itself, in its own words."""
    example = GatewayError(message=message)
    return Answer(status, description, GatewayError, {"gateway": example})


def responses(answers: Iterable[Answer]) -> dict[str, Any]:
    """OpenAPI's responses object."""
    by_status = sorted(answers, key=lambda answer: answer.status)
    return {
        str(status): _response(list(alternatives))
        for status, alternatives in groupby(by_status, key=lambda answer: answer.status)
    }


def _response(alternatives: list[Answer]) -> dict[str, Any]:
    media_types = dict.fromkeys(answer.media_type for answer in alternatives)
    links = {name: link for answer in alternatives for name, link in answer.links.items()}
    response = {
        "description": "; or: ".join(answer.description for answer in alternatives) + ".",
        "headers": {
            name: {
                **header,
                "required": all(answer.headers.get(name) for answer in alternatives),
            }
            for name, header in _HEADERS.items()
            if any(name in answer.headers for answer in alternatives)
        },
        "content": {
            media_type: _content([a for a in alternatives if a.media_type == media_type])
            for media_type in media_types
        },
        "links": links,
    }
    return {key: value for key, value in response.items() if value}


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
    reference = {"$ref": f"#/components/schemas/{model.__name__}"}
    types = [
        body.type
        for answer in alternatives
        for body in answer.examples.values()
        if isinstance(body, Problem)
    ]
    return {"allOf": [reference, {"properties": {"type": {"enum": types}}}]} if types else reference
