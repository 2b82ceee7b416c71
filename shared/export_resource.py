"""The export as callers see it: one model for every way in."""

from dataclasses import dataclass
from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from shared.clock import Clock
from shared.export import (
    EXPORT_ID_PATTERN,
    ControlTotals,
    Export,
    ExportError,
    Instant,
    ResolvedTimeframe,
    Status,
    Suggestion,
    Trigger,
    Usd,
)
from shared.export_request import ExportRequest
from shared.export_store import DOWNLOAD_URL_LIFETIME, ExportStore
from shared.exports import Look


class Progress(BaseModel):
    """How far an export has come."""

    running: list[str] = Field(description="The queries under way: `summary`, `rows`.")
    elapsed_seconds: float
    bytes_scanned: int


class Download(BaseModel):
    """The finished CSV."""

    name: str
    size_bytes: int
    rows: int
    download_url: str | None = Field(
        description="Made anew at each look, and good for some minutes only: do not keep it."
    )
    download_url_expires_at: Instant | None
    expires_at: Instant = Field(description="When the file itself is deleted.")


class ExportResource(BaseModel):
    """An export, whole."""

    model_config = ConfigDict(title="Export")

    id: str = Field(pattern=f"^{EXPORT_ID_PATTERN}$")
    workspace_id: str
    status: Status
    trigger: Trigger
    requested_by: str
    created_at: Instant
    completed_at: Instant | None
    request: ExportRequest = Field(description="As asked.")
    timeframe: ResolvedTimeframe
    data_through: Instant = Field(
        description="Call logs were complete up to here; no timeframe ends later."
    )
    row_limit: int
    row_count: int | None = Field(description="Exact; null until counted.")
    control_totals: ControlTotals | None
    suggested_timeframes: list[Suggestion] | None = Field(
        description="Where the row limit was exceeded: parts that tile the timeframe."
    )
    file: Download | None = Field(description="null until the export has succeeded.")
    bytes_scanned: int | None
    athena_cost_usd: Usd | None = Field(description="About what Athena charges for the queries.")
    progress: Progress | None = Field(description="null once the export has an outcome.")
    error: ExportError | None


@dataclass(frozen=True)
class ExportPresenter:
    """Makes the resource of an export, with a fresh download URL where there is a file.

    Attributes:
        store: Signs the URLs.
        retention: How long files are kept.
        clock: Time.
    """

    store: ExportStore
    retention: timedelta
    clock: Clock

    def resource(self, look: Look, *, with_url: bool = True) -> ExportResource:
        """The resource of an export as it stands."""
        export = look.export
        totals = export.control_totals or (
            ControlTotals.of(look.facts.counted) if look.facts and look.facts.counted else None
        )
        known = {name: value for name, value in export if name in ExportResource.model_fields}
        return ExportResource.model_validate(
            known
            | {
                "row_count": totals and totals.rows,
                "control_totals": totals,
                "file": self._download(export, with_url=with_url),
                "progress": self._progress(look),
            }
        )

    def _download(self, export: Export, *, with_url: bool) -> Download | None:
        file, totals, completed_at = export.file, export.control_totals, export.completed_at
        if file is None or totals is None or completed_at is None:
            return None
        url = self.store.download_url(file.key, file.name) if with_url else None
        return Download(
            name=file.name,
            size_bytes=file.size_bytes,
            rows=totals.rows,
            download_url=url,
            download_url_expires_at=self.clock.now() + DOWNLOAD_URL_LIFETIME if url else None,
            expires_at=completed_at + self.retention,
        )

    def _progress(self, look: Look) -> Progress | None:
        if look.export.status.is_final:
            return None
        queries = look.facts.queries if look.facts else ()
        roles = ("summary", "rows")
        return Progress(
            running=[
                role
                for role, query in zip(roles, queries, strict=False)
                if not query.state.is_final
            ],
            elapsed_seconds=(self.clock.now() - look.export.created_at).total_seconds(),
            bytes_scanned=sum(query.bytes_scanned for query in queries),
        )
