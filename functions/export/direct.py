"""Direct input: from schedules, from the Lambda console's Test button, from `aws lambda invoke`."""

from datetime import datetime
from typing import Any

from pydantic import ValidationError

from shared.export import Trigger
from shared.export_request import DirectRequest
from shared.export_resource import ExportPresenter, ExportResource
from shared.exports import Exports, Order
from shared.problems import FieldError, Problem, invalid_request, validation_problem
from shared.timeframe import TimeframeError


def export_directly(
    event: object, exports: Exports, presenter: ExportPresenter, until: datetime
) -> dict[str, Any]:
    """Run an export to its end, or until the time is over.

    Returns:
        The export resource, or the problem that says which fields of the input are wrong.

    Raises:
        ServiceUnavailableError: AWS gave no answer to the end, so that the invocation is
            repeated and an alarm can see it.
    """
    try:
        request = DirectRequest.model_validate(event)
        look = exports.create(_order(request))
    except ValidationError as error:
        return _json(validation_problem(error.errors()))
    except TimeframeError as error:
        return _json(invalid_request([FieldError.of(error.field, error.message)]))
    look = exports.wait(look, until)
    if look.failure is not None:
        raise look.failure
    return _json(presenter.resource(look))


def _order(request: DirectRequest) -> Order:
    scheduled = request.schedule_arn is not None
    return Order(
        workspace_id=request.workspace_id,
        request=request.export_request(),
        trigger=Trigger.SCHEDULE if scheduled else Trigger.DIRECT,
        requested_by=request.schedule_arn or "direct invocation",
        idempotency_key=request.delivery_key,
        period_of=request.scheduled_time,
    )


def _json(model: Problem | ExportResource) -> dict[str, Any]:
    return model.model_dump(mode="json")
