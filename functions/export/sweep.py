"""The sweep: every few minutes, carry on what nobody looks at any more."""

import logging
from collections.abc import Mapping
from datetime import datetime

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from shared.exports import Exports

logger = logging.getLogger(__name__)


def is_sweep(event: object) -> bool:
    """Whether an event asks for a sweep."""
    return isinstance(event, Mapping) and dict(event) == {"task": "sweep"}


def sweep(exports: Exports, until: datetime) -> dict[str, float]:
    """Look once at every export that is not over and told, the oldest first.

    One that fails does not stop the others; the next sweep comes to it again.

    Returns:
        How many there were, how many could not be looked at, and the age of the oldest in seconds.
    """
    marks = exports.unfinished()
    failed = 0
    for mark in marks:
        if exports.clock.now() >= until:
            break  # the oldest come first: none waits for ever
        try:
            exports.resume(mark)
        except Exception:  # whatever is wrong with one, the others are to go on
            failed += 1
            logger.exception("an export could not be carried on", extra=vars(mark))
    now = exports.clock.now()
    oldest = max([(now - mark.since).total_seconds() for mark in marks], default=0.0)
    metrics = EphemeralMetrics()
    metrics.add_metric("UnfinishedExports", MetricUnit.Count, len(marks))
    metrics.add_metric("OldestUnfinishedExport", MetricUnit.Seconds, oldest)
    metrics.flush_metrics()
    return {"unfinished": len(marks), "failed": failed, "oldest_seconds": oldest}
