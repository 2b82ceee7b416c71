"""The document's examples: invented calls, put through the code that makes the real thing."""

from base64 import urlsafe_b64encode
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from functions.export.routes import ExportPage
from shared.call_log import CallType, Columns
from shared.estimate import Estimate
from shared.export import (
    ControlTotals,
    Export,
    ExportFile,
    Part,
    ResolvedTimeframe,
    Status,
    Trigger,
    export_id,
    file_name,
    suggestions,
)
from shared.export_request import ExportRequest, OnLimit
from shared.export_resource import ExportPresenter, ExportResource
from shared.export_store import ExportStore, Stored
from shared.exports import Look
from shared.outcome import Facts, query_failed, row_limit_exceeded
from shared.problems import RowLimitProblem, row_limit_problem
from shared.query_execution import QueryExecution, QueryState
from shared.timeframe import Period, Timeframe, TimeframeLimits, data_through, resolve_timeframe
from shared.totals import Summary, Totals
from shared.usd import athena_cost_usd

PREVIOUS_MONTH = ExportRequest(period=Period.PREVIOUS_MONTH, timezone="Europe/Berlin")
WHOLE_DAYS = ExportRequest(start="2026-01-01", end="2026-01-31", timezone="Europe/Berlin")
SPLIT = WHOLE_DAYS.model_copy(update={"on_limit": OnLimit.SPLIT})
INSTANTS = ExportRequest(start="2026-01-31T08:00:00Z", end="2026-01-31T09:30:00Z")
FILTERED = ExportRequest(
    period=Period.LAST_7_DAYS,
    providers=["openai", "anthropic"],
    call_types=[CallType.COMPLETION],
    columns=Columns.EXTENDED,
    spreadsheet_safe=False,
)

_ASKED_AT = datetime(2026, 2, 3, 9, 30, tzinfo=UTC)
_ENDED_AT = _ASKED_AT + timedelta(seconds=4, milliseconds=180)
_LIMITS = TimeframeLimits(timedelta(minutes=15), max_days=366, first_day=date(2023, 1, 1))
_ROW_LIMIT = 1_000_000
_BYTES_PER_ROW = 165
_SUMMARY_BYTES, _ROWS_BYTES = 41_000_000, 187_000_000  # that Athena scans

# Five calls, at list prices.
CALLS = {
    ("anthropic", "claude-haiku-4-5"): Totals(3, 1_950, 2_610, Decimal("0.015")),
    ("openai", "gpt-4o"): Totals(1, 500, 1_200, Decimal("0.01325")),
    ("openai", "text-embedding-3-small"): Totals(1, 800, 0, Decimal("0.000016")),
}


class _Clock:
    """Stands still."""

    def now(self) -> datetime:
        return _ENDED_AT

    def sleep(self, seconds: float) -> None:
        """Never called."""


class _Store(ExportStore):
    """Signs a URL that is always the same, without S3."""

    def __init__(self) -> None:
        pass

    def download_url(self, key: str, file_name: str) -> str:  # noqa: ARG002  a shortened one
        return f"https://exports.s3.eu-central-1.amazonaws.com/{key}?X-Amz-Signature=5f0c"


def _timeframe(request: ExportRequest) -> Timeframe:
    return resolve_timeframe(request.timeframe_request(), now=_ASKED_AT, limits=_LIMITS)


def _counted(timeframe: Timeframe, times_a_day: int) -> Summary:
    """`CALLS` so many times at noon (UTC) of each day."""
    by_hour: defaultdict[datetime, Totals] = defaultdict(Totals)
    by_model: defaultdict[tuple[str, str], Totals] = defaultdict(Totals)
    days = range((timeframe.end - timeframe.start) // timedelta(days=1))
    first = timeframe.start.replace(hour=12) + timedelta(days=timeframe.start.hour > 12)
    for noon in (first + timedelta(days=day) for day in days):
        for model, calls in CALLS.items():
            totals = Totals(*(times_a_day * value for value in vars(calls).values()))
            by_hour[noon] += totals
            by_model[model] += totals
    return Summary(by_hour, by_model)


def _export(request: ExportRequest, status: Status, **known: Any) -> Export:
    ended: dict[str, Any] = {
        "completed_at": _ENDED_AT,
        "bytes_scanned": _SUMMARY_BYTES + _ROWS_BYTES,
        "athena_cost_usd": athena_cost_usd([_SUMMARY_BYTES, _ROWS_BYTES]),
    }
    timeframe = ResolvedTimeframe.of(_timeframe(request))
    given: dict[str, Any] = {
        "id": export_id(_ASKED_AT, 0xC0FFEE_C0FFEE_C0FFEE),
        "workspace_id": "ws-acme",
        "status": status,
        "trigger": Trigger.API,
        "requested_by": "ada@acme.example",
        "created_at": _ASKED_AT,
        "request": request,
        "timeframe": timeframe,
        "data_through": data_through(_ASKED_AT, _LIMITS.settle),
        "row_limit": _ROW_LIMIT,
        "parts": [Part(timeframe=timeframe)],
    }
    return Export(**given | (ended if status.is_final else {}) | known)


def _succeeded() -> Export:
    counted = _counted(_timeframe(PREVIOUS_MONTH), 112)
    totals = ControlTotals.of(counted)
    export = _export(PREVIOUS_MONTH, Status.SUCCEEDED, control_totals=totals)
    file = ExportFile(
        key="athena/1f0cb5a2-6b8e-4f0e-9d53-0a3a2c1c9f57.csv",
        name=file_name(export, export.timeframe),
        size_bytes=counted.totals.rows * _BYTES_PER_ROW,
    )
    (part,) = export.parts
    finished = part.model_copy(update={"control_totals": totals, "file": file})
    return export.model_copy(update={"parts": [finished]})


def _rejected() -> Export:
    timeframe = _timeframe(WHOLE_DAYS)
    counted = _counted(timeframe, 12_000)
    return _export(
        WHOLE_DAYS,
        Status.REJECTED,
        control_totals=ControlTotals.of(counted),
        suggested_timeframes=suggestions(timeframe, counted, _ROW_LIMIT, WHOLE_DAYS.timezone),
        error=row_limit_exceeded(counted.totals.rows, _ROW_LIMIT),
    )


def _resource(
    export: Export, facts: Facts | None = None, *, with_url: bool = True
) -> ExportResource:
    presenter = ExportPresenter(_Store(), timedelta(days=30), _Clock())
    look = Look(Stored(export, version=""), {0: facts} if facts else {})
    return presenter.resource(look, with_url=with_url)


def _estimate(request: ExportRequest, times_a_day: int) -> Estimate:
    timeframe = _timeframe(request)
    counted = _counted(timeframe, times_a_day)
    rows = counted.totals.rows
    fits = rows <= _ROW_LIMIT
    parts = None if fits else suggestions(timeframe, counted, _ROW_LIMIT, request.timezone)
    return Estimate(
        timeframe=ResolvedTimeframe.of(timeframe),
        data_through=data_through(_ASKED_AT, _LIMITS.settle),
        row_count=rows,
        row_limit=_ROW_LIMIT,
        fits=fits,
        control_totals=ControlTotals.of(counted),
        suggested_timeframes=parts,
        approximate_size_bytes=rows * _BYTES_PER_ROW,
    )


SUCCEEDED = _resource(_succeeded())
QUEUED = _resource(_export(PREVIOUS_MONTH, Status.QUEUED))
RUNNING = _resource(
    _export(PREVIOUS_MONTH, Status.RUNNING),
    Facts(
        QueryExecution("", QueryState.SUCCEEDED, bytes_scanned=_SUMMARY_BYTES),
        QueryExecution("", QueryState.RUNNING, bytes_scanned=_ROWS_BYTES // 2),
        _counted(_timeframe(PREVIOUS_MONTH), 112),
    ),
)
FAILED = _resource(
    _export(
        PREVIOUS_MONTH,
        Status.FAILED,
        error=query_failed("HIVE_CANNOT_OPEN_SPLIT: s3://…", may_pass=False),
    )
)
CANCELLED = _resource(_export(PREVIOUS_MONTH, Status.CANCELLED))
REJECTED = _resource(_rejected())
OVER_ROW_LIMIT: RowLimitProblem = row_limit_problem(_rejected())
PAGE = ExportPage(
    exports=[_resource(_succeeded(), with_url=False)],
    next_cursor=urlsafe_b64encode(SUCCEEDED.id.encode()).decode().rstrip("="),
)
FITS = _estimate(PREVIOUS_MONTH, 112)
DOES_NOT_FIT = _estimate(WHOLE_DAYS, 12_000)
