"""Problems name the fields at fault, and each kind has a type of its own."""

from http import HTTPStatus
from typing import Any

import pytest
from pydantic import ValidationError

from shared import outcome, problems
from shared.export import (
    PROBLEM_TYPE_PREFIX,
    ControlTotals,
    Export,
    ExportError,
    Status,
    Suggestion,
)
from shared.export_request import DirectRequest, ExportRequest
from shared.outcome import query_failed, row_limit_exceeded
from shared.problems import FieldError, Problem, invalid_request, row_limit_problem
from shared.problems import validation_problem as problem_of
from shared.row_limit import SuggestedTimeframe
from tests.builders import JANUARY, a_summary, an_export


def refused(body: Any, model: type[ExportRequest] = ExportRequest, *, under: str = "") -> Problem:
    """The problem of a body, as found directly or under `body` by the HTTP framework."""
    with pytest.raises(ValidationError) as error:
        model.model_validate(body)
    errors = error.value.errors()
    if not under:
        return problem_of(errors)
    located = [{**fault, "loc": (under, *fault["loc"])} for fault in errors]
    return problem_of(located, skip=1)


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"start": 5}, "start", "input should be a valid string"),
        ({"models": []}, "models", "list should have at least 1 item after validation, not 0"),
        ({"models": ["a", ""]}, "models[1]", "string should have at least 1 character"),
        ({"call_types": ["chat"]}, "call_types[0]", "input should be 'completion' or 'embedding'"),
        ({"workspace_id": "ws-umbrella"}, "workspace_id", "is not a known field"),
        ({"": 1}, "body", "is not a known field"),
        ({"x" * 500: 1}, "x" * 64, "is not a known field"),
    ],
)
@pytest.mark.parametrize("under", ["", "body"])
def test_a_field_at_fault_is_named_with_what_is_wrong(
    body: dict[str, Any], field: str, message: str, under: str
) -> None:
    found = refused(body, under=under)
    assert found.errors == [FieldError(field=field, message=message)]
    assert f"{field}: {message}" in found.detail
    assert found.type == PROBLEM_TYPE_PREFIX + "invalid-request"
    assert found.status == HTTPStatus.UNPROCESSABLE_ENTITY


def test_a_missing_field_is_required() -> None:
    (error,) = refused({}, DirectRequest).errors
    assert error == FieldError(field="workspace_id", message="is required")


def test_what_a_text_must_look_like_is_said_in_words() -> None:
    problem = refused(
        {"workspace_id": "ws acme", "schedule_arn": "monthly", "scheduled_time": None},
        DirectRequest,
    )
    assert [(error.field, error.message) for error in problem.errors] == [
        ("workspace_id", "must be up to 64 letters, digits, _ and -"),
        ("schedule_arn", "must be the ARN of a schedule of EventBridge Scheduler"),
    ]


def test_every_field_at_fault_is_named() -> None:
    found = refused({"start": 1, "models": [], "columns": "x", "other": 1})
    assert [error.field for error in found.errors] == ["start", "models", "columns", "other"]


def test_what_is_no_object_at_all_is_the_bodys_fault() -> None:
    (error,) = refused([]).errors
    assert (error.field, error.message) == ("body", "must be a JSON object")


@pytest.mark.parametrize(
    ("location", "name"),
    [
        (("models", 0), "models[0]"),
        (("a", "b", 3, "c"), "a.b[3].c"),
        ((0,), "[0]"),
        ((), "body"),
    ],
)
def test_a_place_is_written_as_a_program_would(location: tuple[str | int, ...], name: str) -> None:
    (error,) = problem_of([{"loc": location, "type": "x", "msg": "Is wrong"}]).errors
    assert error == FieldError(field=name, message="is wrong")


def test_no_value_that_was_sent_is_repeated() -> None:
    found = refused({"start": ["s3cret"], "models": ["s3cret" * 100], "period": "s3cret"})
    assert "s3cret" not in found.model_dump_json()


def rejected() -> Export:
    summary = a_summary(rows=2_000_000)
    part = SuggestedTimeframe(JANUARY, summary.totals, fits=False)
    return an_export(
        status=Status.REJECTED,
        control_totals=ControlTotals.of(summary),
        suggested_timeframes=[Suggestion.of(part)],
        error=row_limit_exceeded(2_000_000, 1_000_000),
    )


def test_too_many_rows_are_a_problem_with_count_limit_and_suggestions() -> None:
    export = rejected()
    found = row_limit_problem(export)
    assert found.status == HTTPStatus.UNPROCESSABLE_ENTITY
    assert found.type == PROBLEM_TYPE_PREFIX + "row-limit-exceeded"
    assert (found.row_count, found.row_limit) == (2_000_000, 1_000_000)
    assert found.suggested_timeframes == export.suggested_timeframes
    assert found.export_id == export.id
    shown = found.model_dump(mode="json")["suggested_timeframes"][0]
    assert (shown["start"], shown["end"]) == (
        "2026-01-01T00:00:00.000Z",
        "2026-02-01T00:00:00.000Z",
    )


def test_an_export_that_was_not_rejected_has_no_such_problem() -> None:
    with pytest.raises(ValueError, match="was not rejected"):
        row_limit_problem(an_export())


PROBLEMS = [value for value in vars(problems).values() if isinstance(value, Problem)]
EXPORT_ERRORS = [value for value in vars(outcome).values() if isinstance(value, ExportError)]


def test_every_kind_of_problem_has_a_type_of_its_own() -> None:
    types = [
        invalid_request([]).type,
        row_limit_exceeded(2, 1).type,
        query_failed("", may_pass=True).type,
        *(problem.type for problem in PROBLEMS),
        *(error.type for error in EXPORT_ERRORS),
    ]
    assert len(PROBLEMS) >= 8
    assert len(EXPORT_ERRORS) >= 6
    assert len(set(types)) == len(types)
    assert all(type_.startswith("urn:api-usage-export:problem:") for type_ in types)


@pytest.mark.parametrize("found", PROBLEMS, ids=lambda problem: problem.type.rpartition(":")[2])
def test_a_problem_says_in_sentences_what_is_wrong(found: Problem) -> None:
    assert found.status == HTTPStatus.ACCEPTED or found.status >= HTTPStatus.BAD_REQUEST
    assert found.title[0].isupper()
    assert not found.title.endswith(".")
    assert found.detail.endswith(".")
    assert found.errors == []
