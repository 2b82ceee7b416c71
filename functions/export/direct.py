"""Direct input: from schedules, from the Lambda console's Test button, from `aws lambda invoke`."""

import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ValidationError

from functions.export.outcomes import refusal_event
from functions.export.unattended import Unattended
from shared.aws_errors import RefusedError, ServiceUnavailableError
from shared.export import Trigger
from shared.export_request import MAX_WORKSPACES, DirectRequest
from shared.export_resource import ExportPresenter, ExportResource
from shared.exports import (
    Exports,
    IdempotencyKeyReusedError,
    Look,
    Order,
    RowLimitRaisedError,
)
from shared.problems import (
    SCHEDULE_CHANGED,
    FieldError,
    Problem,
    invalid_request,
    validation_problem,
)
from shared.timeframe import TimeframeError
from shared.workspace import WORKSPACE_ID_PATTERN

logger = logging.getLogger(__name__)

_DIRECTLY = "direct invocation"
_MISTAKES = (ValidationError, TimeframeError, RowLimitRaisedError, IdempotencyKeyReusedError)
"""What can be wrong with an event."""

_LONGEST_LOGGED = 256
"""Characters of what an event names, which may be anything."""


class WorkspaceResult(BaseModel):
    """What became of one of several workspaces: an export, or the problem with what was asked."""

    workspace_id: str
    export: ExportResource | None
    problem: Problem | None


class Results(BaseModel):
    """What became of an event that names several workspaces, in its order."""

    results: list[WorkspaceResult]


@dataclass(frozen=True)
class DirectExports:
    """Runs the exports that an event asks for.

    Attributes:
        exports: Runs them.
        presenter: Makes their resources.
        unattended: Tells of a schedule whose input is refused.
    """

    exports: Exports
    presenter: ExportPresenter
    unattended: Unattended

    def run(self, event: object, invocation_id: str, until: datetime) -> dict[str, Any]:
        """Run exports to their ends, or until the time is over: a sweep carries them on then.

        Args:
            event: As it came.
            invocation_id: The same for every attempt of an asynchronous invocation.
            until: When to stop waiting.

        Returns:
            For one workspace the export resource, or the problem that says which fields of the
            input are wrong; for a list of workspaces, `Results`.

        Raises:
            ServiceUnavailableError: An export could not be made. To repeat the invocation makes
                what is missing, and nothing twice.
            RefusedError: The same, but AWS said no.
        """
        fields = _fields(event)
        workspaces = fields.get("workspace_id")
        if not isinstance(workspaces, list):
            (answer,) = self._run_all([event], invocation_id, until)
            return answer.model_dump(mode="json")
        if (problem := _list_problem(workspaces)) is not None:
            self._tell_refusal(event, problem)
            return problem.model_dump(mode="json")
        events = [{**fields, "workspace_id": workspace} for workspace in workspaces]
        answers = self._run_all(events, invocation_id, until)
        results = [
            WorkspaceResult(
                workspace_id=_named(workspace),
                export=answer if isinstance(answer, ExportResource) else None,
                problem=answer if isinstance(answer, Problem) else None,
            )
            for workspace, answer in zip(workspaces, answers, strict=True)
        ]
        return Results(results=results).model_dump(mode="json")

    def _run_all(
        self, events: Sequence[object], invocation_id: str, until: datetime
    ) -> list[ExportResource | Problem]:
        begun: dict[int, Look] = {}
        problems: dict[int, Problem] = {}
        failures: list[ServiceUnavailableError | RefusedError] = []
        for index, event in enumerate(events):
            try:
                begun[index] = self.exports.create(_order(event, invocation_id))
            except _MISTAKES as error:
                problems[index] = _problem(error)
            except (ServiceUnavailableError, RefusedError) as failure:
                logger.exception("an export could not be made")
                failures.append(failure)
        ended = self.exports.wait_for_all(list(begun.values()), until)
        failures += [look.failure for look in ended if isinstance(look.failure, RefusedError)]
        for index, problem in problems.items():
            try:
                self._tell_refusal(events[index], problem)
            except (ServiceUnavailableError, RefusedError) as failure:
                logger.exception("a refusal could not be told")
                failures.append(failure)
        if failures:
            raise failures[0]
        looks = dict(zip(begun, ended, strict=True))
        return [
            self.presenter.resource(looks[index]) if index in looks else problems[index]
            for index in range(len(events))
        ]

    def _tell_refusal(self, event: object, problem: Problem) -> None:
        """Record it, and tell those who wait for a schedule.

        Whoever invokes directly reads the answer.
        """
        fields = _fields(event)
        named, schedule_arn = fields.get("workspace_id"), fields.get("schedule_arn")
        if not isinstance(schedule_arn, str):
            is_one = isinstance(named, str) and re.fullmatch(WORKSPACE_ID_PATTERN, named)
            audit = refusal_event(
                Trigger.DIRECT,
                workspace_id=named if is_one else None,
                requested_by=_DIRECTLY,
                error=problem.type,
            )
            logger.warning("a direct invocation was refused", extra={"audit": audit})
            return
        workspace = _named(named)
        audit = refusal_event(
            Trigger.SCHEDULE,
            workspace_id=workspace[:_LONGEST_LOGGED],
            requested_by=_named(schedule_arn)[:_LONGEST_LOGGED],
            error=problem.type,
        )
        logger.error(
            "a schedule's input was refused",
            extra={"audit": audit, "problem": problem.model_dump()},
        )
        self.unattended.refuse(_named(schedule_arn), workspace, problem)


def _fields(event: object) -> Mapping[str, Any]:
    """What an event has, which may be no object at all."""
    return event if isinstance(event, Mapping) else {}


def _named(value: object) -> str:
    """What an event has for a name, which may be anything, as text that can be sent."""
    return str(value).encode(errors="replace").decode()


def _order(event: object, invocation_id: str) -> Order:
    request = DirectRequest.model_validate(event)
    scheduled = request.schedule_arn is not None
    return Order(
        workspace_id=request.workspace_id,
        request=request.export_request(),
        trigger=Trigger.SCHEDULE if scheduled else Trigger.DIRECT,
        requested_by=request.schedule_arn or _DIRECTLY,
        idempotency_key=request.delivery_key or f"invocation {invocation_id}",
        period_of=request.scheduled_time,
        row_limit=request.row_limit,
    )


def _problem(
    error: ValidationError | TimeframeError | RowLimitRaisedError | IdempotencyKeyReusedError,
) -> Problem:
    match error:
        case ValidationError():
            return validation_problem(error.errors())
        case TimeframeError():
            return invalid_request([FieldError.of(error.field, error.message)])
        case RowLimitRaisedError():
            return invalid_request([FieldError.of("row_limit", str(error))])
        case IdempotencyKeyReusedError():
            return SCHEDULE_CHANGED


def _list_problem(workspaces: list[object]) -> Problem | None:
    """What is wrong with a list of workspaces as a whole."""
    if not workspaces:
        message = "is an empty list: name at least one workspace"
    elif len(workspaces) > MAX_WORKSPACES:
        message = f"names {len(workspaces)} workspaces: at most {MAX_WORKSPACES} go into one event"
    elif len(set(map(str, workspaces))) < len(workspaces):
        message = "names a workspace twice"
    else:
        return None
    return invalid_request([FieldError.of("workspace_id", message)])
