"""What is sent to whoever waits for an unattended export: readable, and for programs.

Counts and ids only: never a download URL, and nothing of the rows but their sums.
"""

from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from shared.export import CallTotals, Export, Status, Trigger
from shared.problems import Problem
from shared.usd import decimal_text

_LONGEST_SUBJECT = 100  # as SNS has it


@dataclass(frozen=True)
class Notification:
    """A message in two forms.

    Attributes:
        subject: A line of ASCII, at most 100 characters.
        text: For a mail.
        message: The same for programs, JSON.
        attributes: What subscriptions can filter by.
    """

    subject: str
    text: str
    message: dict[str, Any]
    attributes: dict[str, str]


def outcome_notification(
    export: Export, *, page_url: str, delivered_to: str | None
) -> Notification:
    """How an export ended.

    Args:
        export: The export; it has an outcome.
        page_url: Where the page is; empty where there is none.
        delivered_to: The S3 folder of its files, if any.
    """
    link = f"{page_url.rstrip('/')}/#/exports/{export.id}" if page_url else None
    delivered_to = delivered_to if export.status is Status.SUCCEEDED else None
    files = [part.file for part in export.parts if part.file and export.status is Status.SUCCEEDED]
    totals = export.control_totals
    kind = "scheduled" if export.trigger is Trigger.SCHEDULE else "direct"
    lines = {
        "Workspace": export.workspace_id,
        "Requested by": export.requested_by,
        "Timeframe": _timeframe(export),
        **(_totals_lines(totals) if totals else {}),
        "Row limit": f"{export.row_limit:,}" if export.status is Status.REJECTED else "",
        "Files": f"{len(files):,}, {sum(file.size_bytes for file in files):,} bytes"
        if files
        else "",
        "Delivered to": delivered_to or "",
        "Export": export.id,
        "Page": link or "",
    }
    reason = f"\n{export.error.title}: {export.error.detail}\n" if export.error else ""
    return Notification(
        subject=_line(f"API usage export {export.status}: {export.workspace_id}"),
        text=f"A {kind} export of API usage has {_ENDINGS[export.status]}.\n{reason}\n"
        + _table(lines),
        message={
            "export_id": export.id,
            "workspace_id": export.workspace_id,
            "outcome": export.status,
            "trigger": export.trigger,
            "requested_by": export.requested_by,
            "request": export.request.model_dump(mode="json", exclude_defaults=True),
            "timeframe": export.timeframe.model_dump(mode="json"),
            "row_limit": export.row_limit,
            "control_totals": totals
            and totals.model_dump(mode="json", include=set(CallTotals.model_fields)),
            "files": [{"name": file.name, "size_bytes": file.size_bytes} for file in files],
            "delivered_to": delivered_to,
            "error": export.error and export.error.model_dump(mode="json"),
            "page": link,
        },
        attributes={
            "workspace_id": export.workspace_id,
            "outcome": export.status,
            "trigger": export.trigger,
        },
    )


def refusal_notification(schedule_arn: str, workspace_id: str, problem: Problem) -> Notification:
    """A schedule whose input makes no export; nothing in it need be what it should."""
    lines = {"Workspace": _line(workspace_id), "Requested by": _line(schedule_arn)}
    return Notification(
        subject=_line(f"API usage export refused: {workspace_id}"),
        text=f"A scheduled export of API usage was refused.\n\n{problem.title}: "
        f"{problem.detail}\n\n{_table(lines)}",
        message={
            "export_id": None,
            "workspace_id": workspace_id,
            "outcome": "refused",
            "trigger": Trigger.SCHEDULE,
            "requested_by": schedule_arn,
            "error": problem.model_dump(mode="json"),
        },
        attributes={
            "workspace_id": _line(workspace_id),
            "outcome": "refused",
            "trigger": Trigger.SCHEDULE,
        },
    )


_ENDINGS = {
    Status.SUCCEEDED: "succeeded",
    Status.REJECTED: "been rejected",
    Status.FAILED: "failed",
    Status.CANCELLED: "been cancelled",
}


def _timeframe(export: Export) -> str:
    zone = ZoneInfo(export.request.timezone)
    start, end = (
        f"{bound.astimezone(zone):%Y-%m-%d %H:%M}"
        for bound in (export.timeframe.start, export.timeframe.end)
    )
    return f"{start} up to {end} ({zone.key})"


def _totals_lines(totals: CallTotals) -> dict[str, str]:
    unpriced = f", without {totals.unpriced_calls:,} calls that have no price"
    return {
        "Calls": f"{totals.rows:,}",
        "Tokens": f"{totals.input_tokens:,} in, {totals.output_tokens:,} out",
        "Cost": f"{decimal_text(totals.cost_usd)} USD{unpriced if totals.unpriced_calls else ''}",
    }


def _table(lines: dict[str, str]) -> str:
    return "".join(f"{name + ':':14}{value}\n" for name, value in lines.items() if value)


def _line(text: str) -> str:
    """Text as SNS takes it for subjects and attributes: printable ASCII, not too long or empty."""
    printable = "".join(character if " " <= character <= "~" else "?" for character in text)
    return printable.strip()[:_LONGEST_SUBJECT] or "?"
