"""Events in files, sent to a function of the local stack, and what comes of them."""

import json
from collections.abc import Iterator
from enum import IntEnum
from pathlib import Path
from typing import Any

from local.api_client import ApiClient
from local.stack import LocalStack


class EventError(ValueError):
    """The file is not an event."""


class Exit(IntEnum):
    """Exit status of a command that exports."""

    DONE = 0
    FAILED = 1
    REFUSED = 2
    OVER_ROW_LIMIT = 3


def read_event(path: Path) -> Any:
    """The event in a file.

    Raises:
        EventError: There is no such file, or it is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise EventError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise EventError(f"{path} is not JSON: {error}.") from error


def exports_in(result: Any) -> Iterator[dict[str, Any]]:
    """The exports, and the problems in the place of some, that a direct invocation answered."""
    if isinstance(result, dict):
        for each in result.get("results", [{"export": result}]):
            yield each["export"] or each["problem"]


def download_files(stack: LocalStack, result: Any, folder: Path) -> list[Path]:
    """Download every file of every export of an answer.

    Raises:
        DownloadError: One did not arrive whole.
        OSError: The folder cannot be written to.
    """
    client = ApiClient(stack.url, None)
    paths = []
    for file in (file for export in exports_in(result) for file in export.get("files", [])):
        folder.mkdir(parents=True, exist_ok=True)
        paths.append(folder / file["name"])
        client.download(file, paths[-1])
    return paths


def exit_status(answers: list[dict[str, Any]]) -> Exit:
    """What exports and problems amount to; the worst counts."""
    return max(map(_exit_status, answers), default=Exit.DONE, key=_GRAVITY.index)


_GRAVITY = [Exit.DONE, Exit.OVER_ROW_LIMIT, Exit.REFUSED, Exit.FAILED]


def _exit_status(answer: dict[str, Any]) -> Exit:
    error = answer.get("error") or answer
    if str(error.get("type", "")).endswith(":row-limit-exceeded"):
        return Exit.OVER_ROW_LIMIT
    if isinstance(answer.get("status"), int):
        return Exit.REFUSED
    return Exit.FAILED if answer.get("status") in ("failed", "cancelled") else Exit.DONE
