"""What the routes of exports answer: status by status, with examples.

It stands apart from the routes so that no Lambda function loads it: a cold start is somebody
waiting.
"""

from typing import Any

from functions.export.routes import ExportPage
from local.openapi import examples
from local.openapi.operations import (
    ON_ANY_ROUTE,
    WHERE_COUNTED,
    WITH_A_BODY,
    Answer,
    Operation,
    from_gateway,
    invalid,
    refusal,
)
from shared.estimate import Estimate
from shared.export_request import ExportRequest
from shared.export_resource import ExportResource
from shared.problems import (
    EXPORT_FINISHED,
    IDEMPOTENCY_KEY_REUSED,
    NOT_FOUND,
)

_TAG = "Exports"
_WITH_ID = [
    *ON_ANY_ROUTE,
    refusal(NOT_FOUND),
    from_gateway(404, "Not Found", "There is no such route"),
    invalid("limit", "is not known"),
]
_REQUESTS = {
    "previous_month": examples.PREVIOUS_MONTH,
    "whole_days": examples.WHOLE_DAYS,
    "split": examples.SPLIT,
    "instants": examples.INSTANTS,
    "filtered": examples.FILTERED,
    "last_30_days": ExportRequest(),
}
_STARTED = {"Location": True, "Preference-Applied": False}


def _then(operation_id: str, parameter: str, value: str) -> dict[str, Any]:
    return {"operationId": operation_id, "parameters": {parameter: f"$response.body#/{value}"}}


_SAME_EXPORT = {
    "look": _then("getExport", "id", "id"),
    "cancel": _then("cancelExport", "id", "id"),
}

OPERATIONS = {
    "startExport": Operation(
        _TAG,
        summary="Start an export",
        description="Waits up to 20 seconds for its outcome; `Prefer` makes that 0 to 25. With a"
        " token and nothing else it exports the last 30 days. Send an `Idempotency-Key`, so that a"
        " request sent twice makes one export.",
        requests=_REQUESTS,
        parameters={
            "Prefer": {"respond_async": "respond-async", "wait": "wait=5"},
            "Idempotency-Key": {"uuid": "4f7c1f0e-6a55-4b0e-8d0e-0d8f6b1b7c11"},
        },
        answers=[
            Answer(
                200,
                "The export has an outcome: `status` says which",
                ExportResource,
                {
                    "succeeded": examples.SUCCEEDED,
                    "failed": examples.FAILED,
                    "cancelled": examples.CANCELLED,
                },
                _STARTED,
                _SAME_EXPORT,
            ),
            Answer(
                202,
                "The export goes on: look at `Location` after `Retry-After` seconds",
                ExportResource,
                {"running": examples.RUNNING, "queued": examples.QUEUED},
                {**_STARTED, "Retry-After": True},
                _SAME_EXPORT,
            ),
            *WITH_A_BODY,
            invalid("start", "must be before end"),
            refusal(IDEMPOTENCY_KEY_REUSED),
            refusal(examples.OVER_ROW_LIMIT, _STARTED),
        ],
    ),
    "estimateExport": Operation(
        _TAG,
        summary="Estimate an export",
        description="What an export of the same body would hold, without making it. Only counts:"
        " call it while somebody moves a timeframe selector.",
        requests=_REQUESTS,
        answers=[
            Answer(
                200,
                "Counted",
                Estimate,
                {"fits": examples.FITS, "does_not_fit": examples.DOES_NOT_FIT},
            ),
            *WHERE_COUNTED,
            *WITH_A_BODY,
            invalid("period", "give either a period or start and end, not both"),
        ],
    ),
    "listExports": Operation(
        _TAG,
        summary="List exports",
        description="The workspace's exports, newest first, however they were started. For a"
        " download URL look at one of them.",
        answers=[
            Answer(
                200,
                "A page",
                ExportPage,
                {"page": examples.PAGE},
                links={
                    "next": _then("listExports", "cursor", "next_cursor"),
                    "look": _then("getExport", "id", "exports/0/id"),
                },
            ),
            *ON_ANY_ROUTE,
            invalid("limit", "input should be less than or equal to 100"),
        ],
    ),
    "getExport": Operation(
        _TAG,
        summary="Look at an export",
        description="How it stands, and a fresh download URL once it has succeeded.",
        answers=[
            Answer(
                200,
                "The export; `Retry-After` says when to look again, until it has an outcome",
                ExportResource,
                {
                    "succeeded": examples.SUCCEEDED,
                    "running": examples.RUNNING,
                    "rejected": examples.REJECTED,
                    "failed": examples.FAILED,
                },
                {"Retry-After": False},
                {"cancel": _then("cancelExport", "id", "id")},
            ),
            *_WITH_ID,
        ],
    ),
    "cancelExport": Operation(
        _TAG,
        summary="Cancel an export",
        description="Stops its queries; the export stays, as `cancelled`. Repeating it does no"
        " harm.",
        answers=[
            Answer(
                200,
                "The export is cancelled",
                ExportResource,
                {"cancelled": examples.CANCELLED},
                links={"look": _then("getExport", "id", "id")},
            ),
            *_WITH_ID,
            refusal(EXPORT_FINISHED),
        ],
    ),
}
