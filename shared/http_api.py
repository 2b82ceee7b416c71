"""What the HTTP functions share: reading requests strictly, and answering with problems."""

import base64
import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, NoReturn
from urllib.parse import parse_qsl

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import BaseModel

from shared.aws_errors import ServiceUnavailableError
from shared.call_log import FILTERS
from shared.interactive_query import QueryFailedError
from shared.problems import (
    BODY_MALFORMED,
    BODY_TOO_LARGE,
    CONTENT_TYPE,
    INTERNAL_ERROR,
    MEDIA_TYPE,
    NOT_FOUND,
    UNAVAILABLE,
    FieldError,
    Problem,
    invalid_request,
    query_problem,
    validation_problem,
)
from shared.timeframe import TimeframeError
from shared.workspace import WORKSPACE_ID_PATTERN

MAX_BODY_BYTES = 16 * 1024
RETRY_AFTER_SECONDS = 5
_LONGEST_ASKING = timedelta(seconds=28)  # API Gateway waits for 30, a cold start included
_TIME_TO_WRITE = timedelta(seconds=1)


def time_to_answer(left: timedelta) -> timedelta:
    """How long a request may ask AWS, where the invocation has so much time left."""
    return min(_LONGEST_ASKING, left - _TIME_TO_WRITE)


def is_http(event: object) -> bool:
    """Whether an event came through the HTTP API, which alone makes this part of it."""
    context = event.get("requestContext") if isinstance(event, dict) else None
    http = context.get("http") if isinstance(context, dict) else None
    return isinstance(http, dict) and "method" in http


def caller(app: APIGatewayHttpResolver) -> dict[str, str]:
    """Who calls, as the authorizer has verified: `workspace_id` and `subject`.

    Raises:
        PermissionError: The event does not say so in the authorizer's way: it did not pass it.
    """
    verified = verified_caller(app.current_event.raw_event)
    if verified is None:
        raise PermissionError("the request has not passed the authorizer")
    return verified


def verified_caller(event: Mapping[str, Any]) -> dict[str, str] | None:
    """The same of an event, and None where it has not passed the authorizer."""
    match event:
        case {
            "requestContext": {
                "authorizer": {
                    "lambda": {"workspace_id": str(workspace_id), "subject": str(subject)}
                }
            }
        } if re.fullmatch(WORKSPACE_ID_PATTERN, workspace_id):
            return {"workspace_id": workspace_id, "subject": subject}
        case _:
            return None


def json_response(
    status: int, body: BaseModel, headers: Mapping[str, str] | None = None
) -> Response[str]:
    """A response with a model as its body; never cached, since URLs and states grow old."""
    return Response(
        status_code=status,
        content_type=CONTENT_TYPE if isinstance(body, Problem) else "application/json",
        body=body.model_dump_json(),
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def problem_response(problem: Problem, retry_after: int = RETRY_AFTER_SECONDS) -> Response[str]:
    """A response that says why not; and when to ask again, in seconds, where that may help."""
    worth_repeating = problem.status in (HTTPStatus.ACCEPTED, HTTPStatus.SERVICE_UNAVAILABLE)
    headers = {"Retry-After": str(retry_after)} if worth_repeating else None
    return json_response(problem.status, problem, headers)


def new_app(logger: Logger) -> APIGatewayHttpResolver:
    """A resolver without routes that answers every error with a problem."""
    app = APIGatewayHttpResolver(enable_validation=True)
    app.use([_refuse_unknown_parameters])

    def not_valid(error: RequestValidationError) -> Response[str]:
        return problem_response(validation_problem(error.errors(), skip=1))

    def not_a_timeframe(error: TimeframeError) -> Response[str]:
        return problem_response(invalid_request([FieldError.of(error.field, error.message)]))

    def query_failed(failure: QueryFailedError) -> Response[str]:
        if (later := failure.retry_after) is None:
            return problem_response(query_problem(failure.error, may_pass=False))
        made = query_problem(failure.error, may_pass=True)
        return problem_response(made, math.ceil(later.total_seconds()))

    def unavailable(error: ServiceUnavailableError) -> Response[str]:
        logger.warning("AWS did not answer", exc_info=error)
        return problem_response(UNAVAILABLE)

    def unexpected(error: Exception) -> Response[str]:
        logger.exception("a request failed", exc_info=error)
        return problem_response(INTERNAL_ERROR)

    app.exception_handler(RequestValidationError)(not_valid)
    app.exception_handler(TimeframeError)(not_a_timeframe)
    app.exception_handler(QueryFailedError)(query_failed)
    app.exception_handler(ServiceUnavailableError)(unavailable)
    app.exception_handler(Exception)(unexpected)

    @app.not_found
    def no_such_route(_: Exception) -> Response[str]:
        return problem_response(NOT_FOUND)

    return app


def answer(app: APIGatewayHttpResolver, event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer an HTTP event: refuse a body that no route could read, then route it."""
    problem = _unreadable(event)
    if problem is None:
        # What is left is JSON or nothing, but Powertools would fail on `Application/JSON`, and on
        # the media type of nothing.
        headers = {**event.get("headers", {}), "content-type": "application/json"}
        return app.resolve({**event, "headers": headers}, context)
    response = problem_response(problem)
    return {"statusCode": problem.status, "headers": response.headers, "body": response.body}


def _unreadable(event: Mapping[str, Any]) -> Problem | None:
    body: str = event.get("body") or ""
    if not body or event["requestContext"]["http"].get("method") != "POST":
        return None  # nothing, or with a method whose routes read no body
    if len(body) > 2 * MAX_BODY_BYTES:  # base64 or not
        return BODY_TOO_LARGE
    media_type = event.get("headers", {}).get("content-type", "application/json")
    if media_type.partition(";")[0].strip().lower() != "application/json":
        return MEDIA_TYPE
    try:
        content = base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()
        if len(content) > MAX_BODY_BYTES:
            return BODY_TOO_LARGE
        parsed = json.loads(content.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError):  # not base64, not UTF-8, not JSON, nested too deeply
        return BODY_MALFORMED
    return None if isinstance(parsed, dict) else BODY_MALFORMED


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _refuse_unknown_parameters(
    app: APIGatewayHttpResolver, next_middleware: NextMiddleware
) -> Response[str]:
    """Powertools lets unknown query parameters pass, and their sender would be misled."""
    known = {field.alias for field in app.context["_route"].dependant.query_params}
    given = Counter(
        name
        for name, _ in parse_qsl(app.current_event.raw_query_string or "", keep_blank_values=True)
    )
    errors = [
        FieldError.of(name[:64], "is given more than once" if name in known else "is not known")
        for name, times in given.items()
        if name not in known or (times > 1 and name not in FILTERS)
    ]
    return problem_response(invalid_request(errors)) if errors else next_middleware(app)
