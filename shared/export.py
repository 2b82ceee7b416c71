"""An export: its manifest, as stored, which holds everything that is known about it."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, PlainSerializer

from shared.call_log import Columns
from shared.export_request import ExportRequest
from shared.row_limit import SuggestedTimeframe, suggest_timeframes
from shared.timeframe import Timeframe
from shared.totals import Summary, Totals
from shared.usd import decimal_text

PROBLEM_TYPE_PREFIX = "urn:api-usage-export:problem:"
EXPORT_ID_PATTERN = r"[0-9a-hjkmnp-tv-z]{26}"
RANDOM_BITS = 80

_BASE32 = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's, in the order of its characters
_LAST_MILLISECOND = 2**48 - 1


def export_id(created_at: datetime, random: int) -> str:
    """A new id: reversed time, so that a key listing is newest first, then random bits.

    Args:
        created_at: Aware.
        random: `RANDOM_BITS` unpredictable bits.
    """
    since_epoch = created_at - datetime.fromtimestamp(0, UTC)
    number = (_LAST_MILLISECOND - since_epoch // timedelta(milliseconds=1)) << RANDOM_BITS | random
    return "".join(_BASE32[number >> shift & 31] for shift in range(125, -1, -5))


def instant_text(instant: datetime) -> str:
    """`2026-01-31T09:30:00.000Z`."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Instant = Annotated[
    AwareDatetime,
    PlainSerializer(instant_text, when_used="json"),
    Field(json_schema_extra={"format": "date-time"}, examples=["2026-01-31T09:30:00.000Z"]),
]
Usd = Annotated[
    Decimal,
    PlainSerializer(decimal_text, when_used="json"),
    Field(json_schema_extra={"pattern": r"^[0-9]+(\.[0-9]+)?$"}, examples=["0.01325"]),
]


class Status(StrEnum):
    """Where an export stands. The last four are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    REJECTED = "rejected"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self not in (Status.QUEUED, Status.RUNNING)


class Trigger(StrEnum):
    """Which way in an export came."""

    API = "api"
    SCHEDULE = "schedule"
    DIRECT = "direct"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class ResolvedTimeframe(_Model):
    """The UTC interval that is exported: `start` included, `end` excluded."""

    start: Instant
    end: Instant

    @classmethod
    def of(cls, timeframe: Timeframe) -> "ResolvedTimeframe":
        return cls(start=timeframe.start, end=timeframe.end)

    def value(self) -> Timeframe:
        """The same, for calculations."""
        return Timeframe(self.start, self.end)


class CallTotals(_Model):
    """Sums over calls."""

    rows: int
    input_tokens: int
    output_tokens: int
    cost_usd: Usd
    unpriced_calls: int = Field(
        description="Calls whose cost is not known, since a price is missing; not in `cost_usd`."
    )

    def value(self) -> Totals:
        """The same, for calculations."""
        return Totals(**{name: getattr(self, name) for name in CallTotals.model_fields})


class ModelTotals(CallTotals):
    """Sums over the calls to one model."""

    provider: str
    model: str


class ControlTotals(CallTotals):
    """What the file must add up to."""

    by_model: list[ModelTotals]

    @classmethod
    def of(cls, summary: Summary) -> "ControlTotals":
        return cls._of(summary.totals, summary.by_model)

    @classmethod
    def sum(cls, parts: Sequence["ControlTotals"]) -> "ControlTotals":
        """What several files add up to together."""
        by_model: dict[tuple[str, str], Totals] = {}
        for totals in (totals for part in parts for totals in part.by_model):
            key = (totals.provider, totals.model)
            by_model[key] = by_model.get(key, Totals()) + totals.value()
        whole = Totals.sum(part.value() for part in parts)
        return cls._of(whole, dict(sorted(by_model.items())))

    @classmethod
    def _of(cls, whole: Totals, by_model: Mapping[tuple[str, str], Totals]) -> "ControlTotals":
        models = [
            ModelTotals(provider=provider, model=model, **vars(totals))
            for (provider, model), totals in by_model.items()
        ]
        return cls(**vars(whole), by_model=models)


class Suggestion(CallTotals):
    """A part of a timeframe that was over the row limit; `start` and `end` can be sent back."""

    start: Instant
    end: Instant
    fits: bool = Field(description="False for a single hour that is over the limit by itself.")

    @classmethod
    def of(cls, part: SuggestedTimeframe) -> "Suggestion":
        return cls(**vars(part.timeframe), **vars(part.totals), fits=part.fits)


class ExportError(_Model):
    """Why there is no file."""

    type: str = Field(
        description="Stable, for programs.", examples=[f"{PROBLEM_TYPE_PREFIX}row-limit-exceeded"]
    )
    title: str
    detail: str = Field(description="What happened, and what to do.")

    @classmethod
    def named(cls, name: str, title: str, detail: str) -> "ExportError":
        """An error whose type ends in `name`."""
        return cls(type=PROBLEM_TYPE_PREFIX + name, title=title, detail=detail)


class Queries(_Model):
    """The Athena queries of an attempt, by query execution id."""

    summary: str
    rows: str


class ExportFile(_Model):
    """A finished CSV."""

    key: str
    name: str
    size_bytes: int


class Part(_Model):
    """What one file is to hold: all of an export's timeframe, or one of the tiles it is split into.

    `attempt` is stored before queries start and `queries` after, so that a crash in between is
    repaired by starting again with the same request tokens. `begun` are the ids of those that were
    started where not all could be: whoever loses the permission to start cannot find them again.
    """

    timeframe: ResolvedTimeframe
    attempt: int = 1
    begun: list[str] = []
    queries: Queries | None = None
    control_totals: ControlTotals | None = None
    file: ExportFile | None = None


class Export(_Model):
    """The manifest of an export.

    `revision` tells whoever writes an outcome down whether it was theirs that was kept.
    """

    id: str
    workspace_id: str
    status: Status = Status.QUEUED
    trigger: Trigger
    requested_by: str
    created_at: Instant
    completed_at: Instant | None = None
    request: ExportRequest
    timeframe: ResolvedTimeframe
    data_through: Instant
    row_limit: int
    parts: Annotated[list[Part], Field(min_length=1)]
    control_totals: ControlTotals | None = None
    bytes_scanned: int | None = None
    athena_cost_usd: Usd | None = None
    suggested_timeframes: list[Suggestion] | None = None
    error: ExportError | None = None
    revision: str = ""


def suggestions(
    timeframe: Timeframe, counted: Summary, row_limit: int, timezone: str | None
) -> list[Suggestion]:
    """What to offer where a timeframe has too many rows."""
    parts = suggest_timeframes(timeframe, counted.by_hour, row_limit=row_limit, timezone=timezone)
    return [Suggestion.of(part) for part in parts]


def file_name(export: Export, timeframe: ResolvedTimeframe) -> str:
    """The name that a download gets: plain ASCII, made of nothing that a client sent."""
    start, end = (f"{instant:%Y%m%dT%H%M%SZ}" for instant in (timeframe.start, timeframe.end))
    parts = ["api-usage", export.workspace_id, start, end]
    if export.request.columns is Columns.EXTENDED:
        parts.append("extended")
    if suffix := export.request.filter_suffix():
        parts.append(suffix)
    return "_".join(parts) + ".csv"
