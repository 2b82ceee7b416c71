"""Usage analytics as callers see them: the answer of `GET /usage`."""

from pydantic import BaseModel, ConfigDict, Field

from shared.export import Instant, ResolvedTimeframe, Usd
from shared.local_time import Granularity


class CompletionTime(BaseModel):
    """Percentiles in milliseconds, rounded down by less than 2 percent.

    Null where no call has a completion time, and for all others together.
    """

    p50: int | None
    p95: int | None
    p99: int | None


class UsageTotals(BaseModel):
    """Sums over calls, equal to an export's control totals for the same request."""

    calls: int
    input_tokens: int
    output_tokens: int
    cost_usd: Usd
    unpriced_calls: int = Field(
        description="Calls whose cost is not known, since a price is missing; not in `cost_usd`."
    )
    completion_time_ms: CompletionTime


class UsageRow(UsageTotals):
    """A table's row: an API key, a provider or a model. Rows are ordered by cost, then calls."""

    id: str | None = Field(
        description="API key id, provider, or provider/model; null for all others together."
    )
    name: str = Field(description="What to show: a key's latest name, a provider, a model.")
    provider: str | None = Field(description="Of a model; null in the other tables.")
    cost_share: float = Field(description="Of the total cost, 0 to 1.")


class UsageSeries(BaseModel):
    """Values over time, one for each bucket, zeros included."""

    id: str | None = Field(description="As in the table; null for all others together.")
    name: str
    calls: list[int]
    input_tokens: list[int]
    output_tokens: list[int]
    cost_usd: list[Usd]


class BusyHour(BaseModel):
    """An hour of the week, in the request's time zone. Hours without calls are left out."""

    weekday: int = Field(ge=1, le=7, description="1 is Monday.")
    hour: int = Field(ge=0, le=23)
    calls: int
    completion_time_p95_ms: int | None


class UsageTables(BaseModel):
    """A table by each dimension."""

    api_keys: list[UsageRow]
    providers: list[UsageRow]
    models: list[UsageRow]


class UsageSeriesBy(BaseModel):
    """Series by each dimension."""

    api_keys: list[UsageSeries]
    providers: list[UsageSeries]
    models: list[UsageSeries]


class Usage(BaseModel):
    """What the calls of a timeframe amount to."""

    model_config = ConfigDict(title="Usage")

    timeframe: ResolvedTimeframe
    data_through: Instant = Field(
        description="Call logs were complete up to here; no timeframe ends later."
    )
    timezone: str
    granularity: Granularity
    totals: UsageTotals
    buckets: list[Instant] = Field(description="When each bucket starts, oldest first.")
    series: UsageSeriesBy = Field(description="The costliest few, and all others together.")
    tables: UsageTables
    busy_hours: list[BusyHour]
