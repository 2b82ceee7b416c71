"""What is to be said of a route: what it is for, and every answer that it may give."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from shared.export import PROBLEM_TYPE_PREFIX
from shared.outcome import QUERY_CANCELLED, SCAN_LIMIT_EXCEEDED, query_failed
from shared.problems import (
    BODY_MALFORMED,
    BODY_TOO_LARGE,
    INTERNAL_ERROR,
    MEDIA_TYPE,
    STILL_COUNTING,
    UNAVAILABLE,
    FieldError,
    Problem,
    invalid_request,
    query_problem,
)


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


@dataclass(frozen=True)
class Operation:
    """A route, beyond what its code says.

    Attributes:
        tag: The group it is shown in.
        summary: In a few words.
        description: What to know before using it.
        answers: Every one that it may give.
        requests: Examples of the body, by name.
        parameters: Examples of parameters: name → values by name.
        query: The model that reads the query string, where the route has text alone.
    """

    tag: str
    summary: str
    description: str
    answers: list[Answer]
    requests: Mapping[str, BaseModel] = field(default_factory=dict)
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    query: type[BaseModel] | None = None


def refusal(problem: Problem, headers: Mapping[str, bool] | None = None) -> Answer:
    """A problem, which is its own example."""
    name = problem.type.removeprefix(PROBLEM_TYPE_PREFIX)
    return Answer(problem.status, problem.title, type(problem), {name: problem}, headers or {})


def not_yet(problem: Problem) -> Answer:
    """A problem that passes by itself."""
    return refusal(problem, {"Retry-After": True})


def invalid(field_name: str, message: str) -> Answer:
    """The problem of a request that breaks a rule; the example breaks this one."""
    return refusal(invalid_request([FieldError.of(field_name, message)]))


def from_gateway(status: int, message: str, description: str) -> Answer:
    """What API Gateway answers by itself, in its own words."""
    example = GatewayError(message=message)
    return Answer(status, description, GatewayError, {"gateway": example})


ON_ANY_ROUTE = [
    from_gateway(401, "Unauthorized", "No token was sent"),
    from_gateway(
        403, "Forbidden", "The token is not valid, or not that of an admin of a workspace"
    ),
    from_gateway(429, "Too Many Requests", "More requests than the API takes at once"),
    from_gateway(
        431, "Request Header Fields Too Large", "The headers are larger than 10,240 bytes"
    ),
    refusal(INTERNAL_ERROR),
    from_gateway(500, "Internal Server Error", "The function or the authorizer failed"),
    not_yet(UNAVAILABLE),
    from_gateway(503, "Service Unavailable", "The function took too long, or is too busy"),
]
WITH_A_BODY = [
    *ON_ANY_ROUTE,
    refusal(BODY_MALFORMED),
    refusal(BODY_TOO_LARGE),
    from_gateway(413, "Request Entity Too Large", "The body is larger than 10 MB"),
    refusal(MEDIA_TYPE),
]
WHERE_COUNTED = [
    not_yet(STILL_COUNTING),
    not_yet(query_problem(query_failed("", may_pass=True), may_pass=True)),
    not_yet(query_problem(QUERY_CANCELLED, may_pass=True)),
    refusal(query_problem(query_failed("", may_pass=False), may_pass=False)),
    refusal(query_problem(SCAN_LIMIT_EXCEEDED, may_pass=False)),
]
