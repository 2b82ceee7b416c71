"""What the functions of a stack have written down."""

import json
from pathlib import Path
from typing import Any


def log_lines(logs: Path, function: str = "ExportFunction") -> list[dict[str, Any]]:
    """The structured lines of a function's log."""
    lines = (logs / f"{function}.log").read_text().splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def audits(logs: Path, export_id: str | None) -> list[dict[str, Any]]:
    """The audit events of an export; those of refusals for None."""
    events = [line["audit"] for line in log_lines(logs) if "audit" in line]
    return [event for event in events if event["export_id"] == export_id]
