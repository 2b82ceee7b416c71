"""Where a call log has to lie."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import PurePosixPath
from typing import Final

from local.call_log_check.contract import Contract
from local.call_log_check.findings import Finding
from local.call_log_check.limits import Limits
from local.call_log_check.places import StoredFile
from shared.workspace import WORKSPACE_ID_PATTERN

_LAYOUT: Final = re.compile(r"workspace_id=(?P<workspace>[^/]*)/day=(?P<day>[^/]*)/[^/]+")
_DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


@dataclass(frozen=True, slots=True)
class Partition:
    """What the folders over a call log say of it."""

    workspace_id: str
    day: str


def partition_of(path: str) -> Partition | None:
    """The partition of a call log; None where it lies in none."""
    match = _LAYOUT.fullmatch(path)
    return Partition(match["workspace"], match["day"]) if match else None


def place_findings(file: StoredFile, contract: Contract, today: date) -> list[Finding]:
    """What is wrong with where a file lies."""

    def finding(rule: str, column: str, example: str, advice: str) -> Finding:
        return Finding(rule, file.path, column, 1, "files", example, advice)

    partition = partition_of(file.path)
    if partition is None:
        return [
            finding(
                "layout",
                "",
                PurePosixPath(file.path).name,
                "Put it where the table looks: workspace_id=<id>/day=<yyyy-MM-dd>/<name>.parquet.",
            )
        ]
    found = []
    if not re.fullmatch(WORKSPACE_ID_PATTERN, partition.workspace_id):
        found.append(
            finding(
                "workspace",
                "workspace_id",
                partition.workspace_id,
                "No token can name this workspace: use up to 64 letters, digits, _ and -.",
            )
        )
    day = _day(partition.day)
    if day is None:
        found.append(finding("day", "day", partition.day, "Name the folder as day=yyyy-MM-dd."))
    elif not contract.first_day <= day <= today + timedelta(days=1):
        found.append(
            finding(
                "unread-day",
                "day",
                partition.day,
                f"Queries read from {contract.first_day}, the stack's FirstDay, to tomorrow "
                "(UTC): mend the day, or deploy with an earlier FirstDay.",
            )
        )
    return found


def size_findings(folder: str, files: Sequence[StoredFile], limits: Limits) -> list[Finding]:
    """What is wrong with the sizes of the files of one folder."""
    found = [
        Finding(
            "huge-file",
            file.path,
            "",
            file.size,
            "bytes",
            f"{file.size >> 20:,} MiB",
            f"Write files of at most {limits.huge_file >> 20:,} MiB.",
        )
        for file in files
        if file.size > limits.huge_file
    ]
    small = [file for file in files if file.size < limits.small_file]
    if len(small) > limits.small_files:
        smallest = min(small, key=lambda file: file.size)
        name = PurePosixPath(smallest.path).name
        found.append(
            Finding(
                "small-files",
                folder,
                "",
                len(small),
                f"files under {limits.small_file >> 20} MiB",
                f"{name} of {smallest.size:,} bytes",
                "Compact them into one file, or buffer longer before writing.",
            )
        )
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None
