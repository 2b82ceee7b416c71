"""The audit event: who exported what, with which outcome. Never names, tokens, URLs or rows."""

from collections.abc import Callable

from aws_lambda_powertools import Logger

from shared.export import Export
from shared.outcome import Facts


def audit_outcome(logger: Logger) -> Callable[[Export, Facts | None], None]:
    """Writes one log event for each export that becomes final."""

    def write(export: Export, facts: Facts | None) -> None:
        queries = facts.queries if facts else ()
        logger.info(
            "export outcome",
            extra={
                "audit": {
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
                        {
                            "id": query.id,
                            "state": query.state,
                            "reason": query.reason,
                            "queued_ms": query.queued_ms,
                            "engine_ms": query.engine_ms,
                        }
                        for query in queries
                    ],
                }
            },
        )

    return write
