"""The life of an export as a pure function: what it is after a look at its queries."""

from collections.abc import Collection, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from shared.export import (
    ControlTotals,
    Export,
    ExportError,
    ExportFile,
    Part,
    ResolvedTimeframe,
    Status,
    file_name,
    instant_text,
    suggestions,
)
from shared.export_request import OnLimit
from shared.outcome import (
    CALL_LOGS_CHANGED,
    MAX_AGE,
    TIMED_OUT,
    Facts,
    Fail,
    Reject,
    Retry,
    Succeed,
    Wait,
    decide,
    row_limit_exceeded,
    too_many_parts,
)
from shared.totals import Summary
from shared.usd import add_usd, athena_cost_usd

MAX_PARTS = 100
PARTS_AT_ONCE = 5
"""Each part takes two of the queries that an account may run at the same time."""


def in_turn(export: Export) -> list[int]:
    """The indexes of the parts that may have queries now."""
    unfinished = [index for index, part in enumerate(export.parts) if part.file is None]
    return unfinished[:PARTS_AT_ONCE]


def is_overdue(export: Export, now: datetime) -> bool:
    """Whether an export has been under way for too long; each batch of parts has `MAX_AGE`."""
    batches = -(-len(export.parts) // PARTS_AT_ONCE)
    return now - export.created_at > MAX_AGE * batches


def advanced(export: Export, facts: Mapping[int, Facts], now: datetime) -> Export:
    """An export that is not final, after a look.

    Args:
        export: As stored.
        facts: Index of a part → what AWS says about its queries.
        now: Aware.

    Returns:
        The export with what follows. If its status is final, it has come to its end now.
    """
    decisions = {
        index: decide(export.parts[index], seen, row_limit=export.row_limit)
        for index, seen in facts.items()
    }
    for index, decision in decisions.items():
        match decision:
            case Reject(counted) if len(export.parts) == 1:
                return _over_limit(charged(export, facts.values()), counted, now)
            case Reject():  # its calls were counted before, and fitted
                return failed(charged(export, facts.values()), now, CALL_LOGS_CHANGED, index)
            case Fail(error):
                return failed(charged(export, facts.values()), now, error, index)

    parts, over = list(export.parts), []
    for index, decision in decisions.items():
        match decision:
            case Retry():
                part = parts[index]
                parts[index] = Part(timeframe=part.timeframe, attempt=part.attempt + 1)
                over.append(facts[index])
            case Succeed(counted, file_size):
                parts[index] = _finished(export, parts[index], facts[index], counted, file_size)
                over.append(facts[index])
    done = [part.control_totals for part in parts if part.control_totals is not None]
    if len(done) < len(parts) and is_overdue(export, now):
        return failed(charged(export, facts.values()), now, TIMED_OUT)
    export = charged(export, over).model_copy(update={"parts": parts})
    if len(done) == len(parts):
        totals = ControlTotals.sum(done)
        return ended(export, now, Status.SUCCEEDED, control_totals=totals)
    waiting = {decision.status for decision in decisions.values() if isinstance(decision, Wait)}
    status = Status.QUEUED if not done and waiting == {Status.QUEUED} else Status.RUNNING
    return export.model_copy(update={"status": status})


def ended(export: Export, now: datetime, status: Status, **outcome: Any) -> Export:
    """An export with an outcome."""
    return export.model_copy(update={"status": status, "completed_at": now, **outcome})


def failed(export: Export, now: datetime, error: ExportError, index: int | None = None) -> Export:
    """An export that cannot be made, for a reason that may lie in one of several parts."""
    if index is not None and len(export.parts) > 1:
        timeframe = export.parts[index].timeframe
        start, end = instant_text(timeframe.start), instant_text(timeframe.end)
        detail = f"{error.detail} This was in the part from {start} to {end}."
        error = error.model_copy(update={"detail": detail})
    return ended(export, now, Status.FAILED, error=error)


def charged(export: Export, over: Collection[Facts]) -> Export:
    """An export with the cost of queries that are not looked at again."""
    scanned = [query.bytes_scanned for facts in over for query in facts.queries]
    if not scanned:
        return export
    cost = add_usd(export.athena_cost_usd or Decimal(0), athena_cost_usd(scanned))
    total = (export.bytes_scanned or 0) + sum(scanned)
    return export.model_copy(update={"bytes_scanned": total, "athena_cost_usd": cost})


def _finished(export: Export, part: Part, facts: Facts, counted: Summary, size: int) -> Part:
    file = ExportFile(key=facts.rows.key, name=file_name(export, part.timeframe), size_bytes=size)
    return part.model_copy(update={"control_totals": ControlTotals.of(counted), "file": file})


def _over_limit(export: Export, counted: Summary, now: datetime) -> Export:
    limit, asked = export.row_limit, export.request
    tiles = suggestions(export.timeframe.value(), counted, limit, asked.timezone)
    totals, row_count = ControlTotals.of(counted), counted.totals.rows
    crowded = [hour for hour, hourly in counted.by_hour.items() if hourly.rows > limit]
    error = row_limit_exceeded(row_count, limit, crowded)
    if asked.on_limit is OnLimit.SPLIT and not crowded:
        fewest = tiles
        if len(tiles) > MAX_PARTS:  # midnights are worth more files, but not a rejection
            fewest = suggestions(export.timeframe.value(), counted, limit, timezone=None)
        if len(fewest) <= MAX_PARTS:
            parts = [
                Part(timeframe=ResolvedTimeframe(start=tile.start, end=tile.end)) for tile in fewest
            ]
            update = {"parts": parts, "control_totals": totals, "status": Status.RUNNING}
            return export.model_copy(update=update)
        error = too_many_parts(row_count, limit, len(fewest), MAX_PARTS)
    return ended(
        export,
        now,
        Status.REJECTED,
        control_totals=totals,
        suggested_timeframes=tiles,
        error=error,
    )
