"""Errors for people and programs: RFC 9457 problem details."""

from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from shared.export import PROBLEM_TYPE_PREFIX, Export, ExportError, Suggestion
from shared.export_request import SCHEDULE_ARN_PATTERN
from shared.outcome import SCAN_LIMIT_EXCEEDED
from shared.workspace import WORKSPACE_ID_PATTERN

CONTENT_TYPE = "application/problem+json"


class FieldError(BaseModel):
    """What is wrong with one field."""

    field: str = Field(examples=["start"])
    message: str = Field(examples=["must be before end"])

    @classmethod
    def of(cls, field: str, message: str) -> "FieldError":
        return cls(field=field, message=message)


class Problem(BaseModel):
    """Why a request was not met, and what to do."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    type: str = Field(
        description="Stable, for programs.", examples=[f"{PROBLEM_TYPE_PREFIX}not-found"]
    )
    title: str
    status: int
    detail: str = Field(description="A sentence for a person.")
    errors: list[FieldError] = Field([], description="The fields at fault, if any.")


class RowLimitProblem(Problem):
    """The timeframe has more rows than an export may."""

    export_id: str
    row_count: int
    row_limit: int
    suggested_timeframes: list[Suggestion]


def row_limit_problem(export: Export) -> RowLimitProblem:
    """The problem of an export that was rejected for having too many rows."""
    error, totals, parts = export.error, export.control_totals, export.suggested_timeframes
    if error is None or totals is None or parts is None:
        raise ValueError(f"export {export.id} was not rejected for its rows")
    return RowLimitProblem(
        type=error.type,
        title=error.title,
        status=HTTPStatus.UNPROCESSABLE_ENTITY,
        detail=error.detail,
        export_id=export.id,
        row_count=totals.rows,
        row_limit=export.row_limit,
        suggested_timeframes=parts,
    )


def query_problem(error: ExportError, *, may_pass: bool) -> Problem:
    """The problem of a query that somebody waits for.

    Too much data is the request's own fault; what does not pass by itself is the service's.
    """
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    if error == SCAN_LIMIT_EXCEEDED:
        status = HTTPStatus.UNPROCESSABLE_ENTITY
    elif may_pass:
        status = HTTPStatus.SERVICE_UNAVAILABLE
    return Problem(type=error.type, title=error.title, status=status, detail=error.detail)


def problem(
    name: str, status: HTTPStatus, title: str, detail: str, errors: Sequence[FieldError] = ()
) -> Problem:
    """A problem whose type ends in `name`."""
    return Problem(
        type=PROBLEM_TYPE_PREFIX + name,
        title=title,
        status=status,
        detail=detail,
        errors=list(errors),
    )


def invalid_request(errors: Sequence[FieldError]) -> Problem:
    """Fields that are missing, malformed, unknown or do not fit together."""
    named = "; ".join(f"{error.field}: {error.message}" for error in errors)
    return problem(
        "invalid-request",
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "The request is not valid",
        f"Correct these fields and send it again. {named}",
        errors,
    )


def validation_problem(errors: Iterable[Mapping[str, Any]], *, skip: int = 0) -> Problem:
    """The problem that pydantic's errors amount to.

    Args:
        errors: As `ValidationError.errors()` gives them.
        skip: How many parts of a location come before the field: `body`, `query`.
    """
    return invalid_request(
        [FieldError.of(_field_name(error["loc"][skip:]), _message(error)) for error in errors]
    )


def _field_name(location: Sequence[str | int]) -> str:
    """`models[0]` for ("models", 0)."""
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return name.removeprefix(".")[:64] or "body"


_MESSAGES = {
    "extra_forbidden": "is not a known field",
    "missing": "is required",
    "model_type": "must be a JSON object",
}


_PATTERNS = {
    f"^{WORKSPACE_ID_PATTERN}$": "must be up to 64 letters, digits, _ and -",
    SCHEDULE_ARN_PATTERN: "must be the ARN of a schedule of EventBridge Scheduler",
}


def _message(error: Mapping[str, Any]) -> str:
    named = _PATTERNS.get(error.get("ctx", {}).get("pattern", ""), error["msg"])
    text: str = _MESSAGES.get(error["type"], named)
    return text[:1].lower() + text[1:]


NOT_FOUND = problem(
    "not-found",
    HTTPStatus.NOT_FOUND,
    "Not found",
    "Your workspace has no such export. Exports are deleted some time after they were made.",
)
EXPORT_FINISHED = problem(
    "export-finished",
    HTTPStatus.CONFLICT,
    "The export has finished",
    "An export that has an outcome keeps it; there is nothing left to cancel.",
)
IDEMPOTENCY_KEY_REUSED = problem(
    "idempotency-key-reused",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "The idempotency key stands for another request",
    "This Idempotency-Key was sent before with another body. Use a new key for a new request.",
)
SCHEDULE_CHANGED = problem(
    "schedule-changed",
    HTTPStatus.UNPROCESSABLE_ENTITY,
    "The schedule's input has changed",
    "This schedule and scheduled time stand for an export of another input already. To export "
    "with the new one, invoke the function without schedule_arn.",
)
BODY_MALFORMED = problem(
    "malformed-body",
    HTTPStatus.BAD_REQUEST,
    "The body cannot be read",
    "The body must be one JSON object, in UTF-8.",
)
BODY_TOO_LARGE = problem(
    "body-too-large",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    "The body is too large",
    "The body may have 16 KB. Use fewer filter values, or several exports.",
)
MEDIA_TYPE = problem(
    "unsupported-media-type",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    "The media type is not supported",
    "Send the body as application/json.",
)
STILL_COUNTING = problem(
    "still-counting",
    HTTPStatus.ACCEPTED,
    "Still counting",
    "Counting takes longer than one request may. Send the same request again in some seconds: "
    "it goes on meanwhile.",
)
UNAVAILABLE = problem(
    "service-unavailable",
    HTTPStatus.SERVICE_UNAVAILABLE,
    "AWS is busy",
    "A service behind this one did not answer in time. Send the same request again in some "
    "seconds; with an Idempotency-Key nothing happens twice.",
)
INTERNAL_ERROR = problem(
    "internal-error",
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "Something went wrong",
    "This is a fault of the service, and it has been logged. Try again; if it fails again, give "
    "the time and the apigw-requestid header to whoever runs this service.",
)
