"""What is recorded of every outcome: an audit event in the log, and metrics.

Ids, figures and Athena's words only: never key names, tokens, URLs or rows.
"""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from functions.export.unattended import Unattended
from shared.aws_errors import RefusedError, ServiceUnavailableError
from shared.export import Trigger
from shared.exports import Outcome
from shared.http_api import verified_caller


def outcome_handler(logger: Logger, unattended: Unattended) -> Callable[[Outcome], None]:
    """Records each export that becomes final, and sees to those that nobody may be watching."""

    def handle(outcome: Outcome) -> None:
        logger.info("export outcome", extra={"audit": audit_event(outcome)})
        if not outcome.is_again:
            _count(outcome)
        if outcome.export.trigger is not Trigger.API:
            try:
                unattended.conclude(outcome.export)
            except (ServiceUnavailableError, RefusedError):
                _flush(EphemeralMetrics(), {"FailedDeliveries": (MetricUnit.Count, 1)})
                raise

    return handle


def audit_event(outcome: Outcome) -> dict[str, Any]:
    """Who exported what, how it ended, and with which queries."""
    export = outcome.export
    known = {query.id: query for facts in outcome.facts for query in facts.queries}
    ids = [
        query
        for part in export.parts
        if part.queries is not None
        for query in (part.queries.summary, part.queries.rows)
    ]
    return {
        "export_id": export.id,
        "workspace_id": export.workspace_id,
        "requested_by": export.requested_by,
        "trigger": export.trigger,
        "outcome": export.status,
        "error": export.error and export.error.type,
        "timeframe": export.timeframe.model_dump(mode="json"),
        "columns": export.request.columns,
        "rows": export.control_totals and export.control_totals.rows,
        "files": sum(part.file is not None for part in export.parts),
        "attempt": max(part.attempt for part in export.parts),
        "bytes_scanned": export.bytes_scanned,
        "queries": [
            {"id": query, "state": known[query].state, "reason": known[query].reason}
            if query in known
            else {"id": query}
            for query in ids
        ],
        "repeated": outcome.is_again,
    }


def refusal_event(
    trigger: Trigger, *, workspace_id: str | None, requested_by: str | None, error: str
) -> dict[str, Any]:
    """Who was refused what: the first fields of `audit_event`, since no export was made.

    Args:
        trigger: The way in.
        workspace_id: Whose calls were asked for, where that is known.
        requested_by: Who asked, where that is known.
        error: Type of the problem.
    """
    return {
        "export_id": None,
        "workspace_id": workspace_id,
        "requested_by": requested_by,
        "trigger": trigger,
        "outcome": "refused",
        "error": error,
    }


def record_refusal(logger: Logger, event: Mapping[str, Any], response: Mapping[str, Any]) -> None:
    """Record a request of the API for an export that was answered by a problem of its own.

    Not one that was rejected for its rows: that is an export, with an outcome.
    """
    is_refused = 400 <= response["statusCode"] < 500
    caller = verified_caller(event)
    if not is_refused or caller is None or event.get("routeKey") != "POST /exports":
        return
    problem = json.loads(response["body"])
    if "export_id" in problem:
        return
    audit = refusal_event(
        Trigger.API,
        workspace_id=caller["workspace_id"],
        requested_by=caller["subject"],
        error=problem["type"],
    )
    logger.info("an export was refused", extra={"audit": audit})


def outcome_metrics(outcome: Outcome) -> dict[str, tuple[MetricUnit, float]]:
    """Metric name → unit and value.

    `OwnTime` is what is left of the life of an export with one file after its slower query: S3,
    polling, and the time in which nobody looked.
    """
    export = outcome.export
    metrics: dict[str, tuple[MetricUnit, float]] = {"Exports": (MetricUnit.Count, 1)}
    if export.control_totals is not None:
        metrics["Rows"] = (MetricUnit.Count, export.control_totals.rows)
    if export.bytes_scanned is not None:
        metrics["BytesScanned"] = (MetricUnit.Bytes, export.bytes_scanned)
    if len(export.parts) == 1 and outcome.facts and export.completed_at is not None:
        (facts,) = outcome.facts
        slower = max(facts.queries, key=lambda query: query.queued_ms + query.engine_ms)
        life = (export.completed_at - export.created_at) / timedelta(milliseconds=1)
        athena = slower.queued_ms + slower.engine_ms
        metrics["QueueTime"] = (MetricUnit.Milliseconds, slower.queued_ms)
        metrics["EngineTime"] = (MetricUnit.Milliseconds, slower.engine_ms)
        metrics["OwnTime"] = (MetricUnit.Milliseconds, max(life - athena, 0))
    return metrics


def _count(outcome: Outcome) -> None:
    # Not Lambda's one shared instance: an invocation may see several exports end.
    metrics = EphemeralMetrics()
    metrics.add_dimension("outcome", outcome.export.status)
    metrics.add_dimension("trigger", outcome.export.trigger)
    _flush(metrics, outcome_metrics(outcome))


def _flush(metrics: EphemeralMetrics, values: dict[str, tuple[MetricUnit, float]]) -> None:
    for name, (unit, value) in values.items():
        metrics.add_metric(name, unit, value)
    metrics.flush_metrics()
