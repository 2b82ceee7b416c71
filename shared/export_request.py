"""What can be asked for: calls, an export of them, over HTTP or directly."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from shared.call_log import FILTERS, CallType, Columns
from shared.queries import CallSelection
from shared.timeframe import Period, Timeframe, TimeframeRequest
from shared.workspace import WORKSPACE_ID_PATTERN

MAX_FILTER_VALUES = 100
MAX_FILTER_VALUE_LENGTH = 256
MAX_WORKSPACES = 100
"""Of one event."""

SCHEDULE_ARN_PATTERN = (
    r"^arn:aws[a-z-]*:scheduler:[a-z0-9-]+:[0-9]{12}:schedule/"
    r"[0-9A-Za-z_.-]{1,64}/[0-9A-Za-z_.-]{1,64}$"
)


def _iso_8601(value: object) -> object:
    # A number, also as text, would be taken for seconds since 1970.
    is_number = isinstance(value, int | float)
    if is_number or (isinstance(value, str) and not re.match(r"[0-9]{4}-", value)):
        raise PydanticCustomError(
            "not_iso_8601", "is not a datetime with an offset, such as 2026-02-01T05:00:00Z"
        )
    return value


def _in_utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise PydanticCustomError("out_of_range", "is out of range") from None


_ScheduledTime = Annotated[AwareDatetime, BeforeValidator(_iso_8601), AfterValidator(_in_utc)]
_Bound = Annotated[str, StringConstraints(min_length=1, max_length=40)]
_Value = Annotated[str, StringConstraints(min_length=1, max_length=MAX_FILTER_VALUE_LENGTH)]
_Values = Annotated[list[_Value], Field(min_length=1, max_length=MAX_FILTER_VALUES)]


class CallsRequest(BaseModel):
    """Which calls. Everything is optional; nothing at all is the last 30 days."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start: _Bound | None = Field(
        None,
        description="ISO 8601 date (a whole day in `timezone`) or datetime.",
        examples=["2026-01-01"],
    )
    end: _Bound | None = Field(
        None,
        description="The same; a date is included, a datetime is not. Default: up to now.",
        examples=["2026-01-31"],
    )
    period: Period | None = Field(None, description="Instead of `start` and `end`.")
    timezone: Annotated[str, StringConstraints(min_length=1, max_length=64)] = Field(
        "UTC",
        description="IANA name, for dates, periods and datetimes without an offset.",
        examples=["Europe/Berlin"],
    )
    api_key_ids: _Values | None = Field(None, description="Only calls of these API keys.")
    providers: _Values | None = Field(None, description="Only calls to these providers.")
    models: _Values | None = Field(None, description="Only calls to these models.")
    call_types: (
        Annotated[list[CallType], Field(min_length=1, max_length=MAX_FILTER_VALUES)] | None
    ) = Field(None, description="Only calls of these types.")

    def timeframe_request(self) -> TimeframeRequest:
        """Its timeframe, still to be resolved."""
        return TimeframeRequest(self.start, self.end, self.period, self.timezone)

    def selection(self, workspace_id: str, timeframe: Timeframe) -> CallSelection:
        """The calls it means."""
        values = {column: getattr(self, name) for name, column in FILTERS.items()}
        return CallSelection(
            workspace_id,
            timeframe,
            {column: tuple(map(str, kept)) for column, kept in values.items() if kept is not None},
        )


class OnLimit(StrEnum):
    """What to do with more rows than one file may have."""

    REJECT = "reject"
    SPLIT = "split"


class ExportRequest(CallsRequest):
    """An export as asked for."""

    columns: Columns = Field(
        Columns.STANDARD,
        description="`extended` adds the call's id, type and total cost after the ten columns.",
    )
    spreadsheet_safe: bool = Field(
        default=True,
        strict=True,
        description="Put an apostrophe before text that a spreadsheet would run as a formula.",
    )

    on_limit: OnLimit = Field(
        OnLimit.REJECT,
        description="What to do over the row limit: `reject` answers with timeframes that fit, "
        "`split` makes one file for each of them.",
    )

    def filter_suffix(self) -> str:
        """Tells files of one timeframe with different filters apart; empty without filters."""
        filters = self.model_dump_json(include=set(FILTERS), exclude_none=True)
        return f"filtered-{sha256(filters.encode()).hexdigest()[:8]}" if filters != "{}" else ""


class DirectRequest(ExportRequest):
    """The input of a schedule, of the Lambda console's Test button and of `aws lambda invoke`."""

    workspace_id: Annotated[str, StringConstraints(pattern=f"^{WORKSPACE_ID_PATTERN}$")] = Field(
        description="Whose calls."
    )
    scheduled_time: _ScheduledTime | None = Field(
        None,
        description="When a schedule meant to run: what `period` is counted from."
        " EventBridge Scheduler fills in `<aws.scheduler.scheduled-time>`.",
    )
    schedule_arn: Annotated[str, StringConstraints(pattern=SCHEDULE_ARN_PATTERN)] | None = Field(
        None,
        description="Which schedule. With `scheduled_time`, repeated deliveries give one export. "
        "EventBridge Scheduler fills in `<aws.scheduler.schedule-arn>`.",
    )

    row_limit: Annotated[int, Field(strict=True, ge=1)] | None = Field(
        None,
        description="The most rows of a file, where that is to be fewer than the service allows.",
    )

    @field_validator("schedule_arn")
    @classmethod
    def _has_time(cls, arn: str | None, known: ValidationInfo) -> str | None:
        if arn is not None and known.data.get("scheduled_time", ...) is None:
            raise PydanticCustomError(
                "missing_time", "needs scheduled_time beside it: which run of the schedule this is"
            )
        return arn

    @field_validator("schedule_arn")
    @classmethod
    def _can_be_a_folder(cls, arn: str | None) -> str | None:
        if arn is not None and {".", ".."} & set(arn.split("/")):
            raise PydanticCustomError(
                "no_folder",
                "names a group or a schedule that is called . or .., which cannot be the folder of "
                "its files: make it anew under another name",
            )
        return arn

    @property
    def delivery_key(self) -> str | None:
        """What every delivery of one scheduled run has in common."""
        if self.schedule_arn is None or self.scheduled_time is None:
            return None
        return f"{self.schedule_arn} {self.scheduled_time.isoformat()}"

    def export_request(self) -> ExportRequest:
        """The part that says what to export."""
        return ExportRequest.model_validate(
            self.model_dump(include=set(ExportRequest.model_fields), exclude_unset=True)
        )
