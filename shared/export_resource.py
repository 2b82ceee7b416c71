"""The export as callers see it: one model for every way in."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, Field

from shared.clock import Clock
from shared.export import (
    EXPORT_ID_PATTERN,
    CallTotals,
    ControlTotals,
    Export,
    ExportError,
    ExportFile,
    Instant,
    Part,
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
    files_done: int
    files_planned: int = Field(description="1, until an export is split.")
    elapsed_seconds: float
    bytes_scanned: int


class Download(BaseModel):
    """A finished CSV."""

    name: str
    size_bytes: int
    rows: int
    timeframe: ResolvedTimeframe = Field(description="Of its calls.")
    control_totals: CallTotals = Field(description="What it must add up to.")
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
    file: Download | None = Field(
        description="null until the export has succeeded, and where it has several files."
    )
    files: list[Download] = Field(
        description="All of them, in order of time; empty until the export has succeeded."
    )
    delivered_to: str | None = Field(
        description="Of a scheduled export: the S3 folder that its files are copied to once it has "
        "succeeded, and `manifest.json` after them.",
        examples=[
            "s3://BUCKET/scheduled/ws-acme/default/api-usage-export-monthly/2026-01-01_2026-01-31/"
        ],
    )
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
        export, counted = look.export, [facts.counted for facts in look.facts.values()]
        totals = export.control_totals
        if totals is None and len(export.parts) == 1 and counted and counted[0]:
            totals = ControlTotals.of(counted[0])
        files = self._downloads(export, with_url=with_url)
        known = {name: value for name, value in export if name in ExportResource.model_fields}
        return ExportResource.model_validate(
            known
            | {
                "row_count": totals and totals.rows,
                "control_totals": totals,
                "file": files[0] if len(files) == 1 else None,
                "files": files,
                "delivered_to": self.store.delivered_to(export),
                "progress": self._progress(look),
            }
        )

    def _downloads(self, export: Export, *, with_url: bool) -> list[Download]:
        if export.status is not Status.SUCCEEDED or export.completed_at is None:
            return []
        return [
            self._download(
                export.completed_at, part, part.file, part.control_totals, with_url=with_url
            )
            for part in export.parts
            if part.file and part.control_totals
        ]

    def _download(
        self,
        completed_at: datetime,
        part: Part,
        file: ExportFile,
        totals: ControlTotals,
        *,
        with_url: bool,
    ) -> Download:
        url = self.store.download_url(file.key, file.name) if with_url else None
        return Download(
            name=file.name,
            size_bytes=file.size_bytes,
            rows=totals.rows,
            timeframe=part.timeframe,
            control_totals=CallTotals.model_validate(totals),
            download_url=url,
            download_url_expires_at=self.clock.now() + DOWNLOAD_URL_LIFETIME if url else None,
            expires_at=completed_at + self.retention,
        )

    def _progress(self, look: Look) -> Progress | None:
        export = look.export
        if export.status.is_final:
            return None
        seen = look.facts.values()
        running = {
            "summary": any(not facts.summary.state.is_final for facts in seen),
            "rows": any(not facts.rows.state.is_final for facts in seen),
        }
        scanned = sum(query.bytes_scanned for facts in seen for query in facts.queries)
        return Progress(
            running=[role for role, runs in running.items() if runs],
            files_done=sum(part.file is not None for part in export.parts),
            files_planned=len(export.parts),
            elapsed_seconds=(self.clock.now() - export.created_at).total_seconds(),
            bytes_scanned=(export.bytes_scanned or 0) + scanned,
        )
