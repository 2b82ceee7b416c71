"""How a part of an export goes on: a pure function of its two queries and the count of its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.export import ExportError, Part, Status
from shared.query_execution import QueryExecution, QueryState
from shared.totals import Summary

MAX_ATTEMPTS = 2
MAX_AGE = timedelta(hours=2)
"""Longer than Athena lets a query run; an export that is older was queued for too long."""

SCAN_LIMIT_REASON = "Bytes scanned limit was exceeded"  # Athena's words, on a CANCELLED query
_BAD_ENDS = (QueryState.FAILED, QueryState.CANCELLED)


@dataclass(frozen=True)
class Facts:
    """What AWS says about a part's present attempt.

    Attributes:
        summary: The summary query.
        rows: The rows query.
        counted: The summary's result, once it has succeeded.
        output_rows: Rows that the rows query wrote; None before that, or where Athena is silent.
        file_size: Bytes of its file; None where there is none.
    """

    summary: QueryExecution
    rows: QueryExecution
    counted: Summary | None = None
    output_rows: int | None = None
    file_size: int | None = None

    @property
    def queries(self) -> tuple[QueryExecution, QueryExecution]:
        return self.summary, self.rows


@dataclass(frozen=True)
class Wait:
    """Nothing to decide yet."""

    status: Status


@dataclass(frozen=True)
class Succeed:
    """The file is what was asked for."""

    counted: Summary
    file_size: int


@dataclass(frozen=True)
class Reject:
    """There are more rows than the limit."""

    counted: Summary


@dataclass(frozen=True)
class Retry:
    """Start both queries anew."""


@dataclass(frozen=True)
class Fail:
    """There will be no file."""

    error: ExportError


Decision = Wait | Succeed | Reject | Retry | Fail


def decide(part: Part, facts: Facts, *, row_limit: int) -> Decision:
    """What is to be done with a part that has no file yet."""
    counted = facts.counted
    if counted is not None and counted.totals.rows > row_limit:
        return Reject(counted)
    if bad_ends := [query for query in facts.queries if query.state in _BAD_ENDS]:
        if _is_over_scan_limit(facts.rows) and not facts.summary.state.is_final:
            return Wait(Status.RUNNING)  # too much to read: the count may say what is not
        return _after_bad_end(min(bad_ends, key=_consequence), part.attempt)
    if counted is not None and facts.rows.state is QueryState.SUCCEEDED:
        # Whether Athena counts the header is not documented: one more is taken for it.
        if facts.output_rows not in (None, counted.totals.rows, counted.totals.rows + 1):
            return Retry() if part.attempt < MAX_ATTEMPTS else Fail(CALL_LOGS_CHANGED)
        return Succeed(counted, facts.file_size) if facts.file_size else Fail(FILE_MISSING)
    queued = facts.summary.state is facts.rows.state is QueryState.QUEUED
    return Wait(Status.QUEUED if queued else Status.RUNNING)


def _consequence(query: QueryExecution) -> tuple[bool, bool, bool]:
    """Sorts a cause before its consequence: when one query ends badly, we stop the other."""
    return (
        query.state is not QueryState.FAILED,
        query.is_retryable,
        not _is_over_scan_limit(query),
    )


def _is_over_scan_limit(query: QueryExecution) -> bool:
    return SCAN_LIMIT_REASON.lower() in query.reason.lower()


def _after_bad_end(query: QueryExecution, attempt: int) -> Decision:
    if query.failed_for_now and attempt < MAX_ATTEMPTS:
        return Retry()
    return Fail(bad_end(query))


def bad_end(query: QueryExecution) -> ExportError:
    """Why a FAILED or CANCELLED query gave nothing."""
    if query.state is QueryState.FAILED:
        return query_failed(query.reason, may_pass=query.is_retryable)
    return SCAN_LIMIT_EXCEEDED if _is_over_scan_limit(query) else QUERY_CANCELLED


def row_limit_exceeded(
    row_count: int, row_limit: int, crowded_hours: Sequence[datetime] = ()
) -> ExportError:
    """More rows than an export may have; some hours, if any, by themselves."""
    hint = (
        f" Single hours that have more rows than that: {len(crowded_hours):,}, the first from "
        f"{crowded_hours[0]:%Y-%m-%d %H:%M} UTC; filter them by API key, provider or model."
        if crowded_hours
        else ""
    )
    return ExportError.named(
        name="row-limit-exceeded",
        title="Too many rows",
        detail=f"The timeframe has {row_count:,} rows and an export may have {row_limit:,}. "
        f"Narrow your date range, or export the suggested timeframes one by one.{hint}",
    )


def too_many_parts(row_count: int, row_limit: int, parts: int, max_parts: int) -> ExportError:
    """More rows than an export may have, even in several files."""
    return ExportError.named(
        name="row-limit-exceeded",
        title="Too many rows",
        detail=f"The timeframe has {row_count:,} rows, which takes {parts:,} files of at most "
        f"{row_limit:,} rows; an export may have {max_parts:,} files. Narrow your date range.",
    )


def query_failed(reason: str, *, may_pass: bool) -> ExportError:
    """Athena could not run a query. Its full words may name buckets and keys: to the log only."""
    code = reason.partition(":")[0]
    named = f" ({code})" if code.isupper() and code.replace("_", "").isalpha() else ""
    advice = "Try again in some minutes; if it fails again, tell" if may_pass else "Tell"
    return ExportError.named(
        name="query-failed",
        title="The query failed",
        detail=f"Athena could not read the call logs{named}. {advice} whoever runs this service, "
        "with the time and the export's id if there is one.",
    )


SCAN_LIMIT_EXCEEDED = ExportError.named(
    name="scan-limit-exceeded",
    title="Too much data to read",
    detail="The timeframe's call logs are larger than one query may read. "
    "Narrow your date range and export it in parts.",
)
QUERY_CANCELLED = ExportError.named(
    name="query-cancelled",
    title="The query was stopped",
    detail="Somebody with access to Athena stopped the query. Start it again.",
)
TIMED_OUT = ExportError.named(
    name="timed-out",
    title="The export took too long",
    detail="Its queries waited or ran for hours. "
    "Start it again, at a quieter time or with a narrower date range.",
)
CALL_LOGS_CHANGED = ExportError.named(
    name="call-logs-changed",
    title="Call logs arrived meanwhile",
    detail="The file does not have as many rows as were counted, twice in a row: call logs for "
    "this timeframe were still arriving. Start the export again in some minutes.",
)
NOT_STARTED = ExportError.named(
    name="query-refused",
    title="The query was refused",
    detail="Athena did not accept the query. Give the export's id to whoever runs this service.",
)
RESULT_UNREADABLE = ExportError.named(
    name="result-unreadable",
    title="The result cannot be read",
    detail="Athena's answer on the export cannot be read. "
    "Give the export's id to whoever runs this service.",
)
FILE_MISSING = ExportError.named(
    name="file-missing",
    title="The file is gone",
    detail="The query finished, but its file is not there. Start the export again.",
)
