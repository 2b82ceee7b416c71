"""What is recorded of every outcome: an audit event in the log, and metrics.

Ids, figures and Athena's words only: never key names, tokens, URLs or rows.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from shared.export import Export
from shared.outcome import Facts


def outcome_recorder(logger: Logger) -> Callable[[Export, Facts | None], None]:
    """Records each export that becomes final: one audit event, one set of metrics."""

    def record(export: Export, facts: Facts | None) -> None:
        logger.info("export outcome", extra={"audit": audit_event(export, facts)})
        # Not Lambda's one shared instance: an invocation may see several exports end.
        metrics = EphemeralMetrics()
        metrics.add_dimension("outcome", export.status)
        metrics.add_dimension("trigger", export.trigger)
        for name, (unit, value) in outcome_metrics(export, facts).items():
            metrics.add_metric(name, unit, value)
        metrics.flush_metrics()

    return record


def audit_event(export: Export, facts: Facts | None) -> dict[str, Any]:
    """Who exported what, how it ended, and with which queries."""
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
        "attempt": export.attempt,
        "bytes_scanned": export.bytes_scanned,
        "queries": [
            {"id": query.id, "state": query.state, "reason": query.reason}
            for query in (facts.queries if facts else ())
        ],
    }


def outcome_metrics(export: Export, facts: Facts | None) -> dict[str, tuple[MetricUnit, float]]:
    """Metric name → unit and value.

    `OwnTime` is what is left of the export's life after its slower query: S3, polling, and the
    time in which nobody looked.
    """
    metrics: dict[str, tuple[MetricUnit, float]] = {"Exports": (MetricUnit.Count, 1)}
    if export.control_totals is not None:
        metrics["Rows"] = (MetricUnit.Count, export.control_totals.rows)
    if export.bytes_scanned is not None:
        metrics["BytesScanned"] = (MetricUnit.Bytes, export.bytes_scanned)
    if facts is not None and export.completed_at is not None:
        slower = max(facts.queries, key=lambda query: query.queued_ms + query.engine_ms)
        life = (export.completed_at - export.created_at) / timedelta(milliseconds=1)
        athena = slower.queued_ms + slower.engine_ms
        metrics["QueueTime"] = (MetricUnit.Milliseconds, slower.queued_ms)
        metrics["EngineTime"] = (MetricUnit.Milliseconds, slower.engine_ms)
        metrics["OwnTime"] = (MetricUnit.Milliseconds, max(life - athena, 0))
    return metrics
