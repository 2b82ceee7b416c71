"""Call logs in a folder: found, and held against the layout of the call-log table."""

import os
import re
from collections.abc import Iterator
from datetime import date
from os import SEEK_END
from pathlib import Path
from typing import Final

from shared.workspace import WORKSPACE_ID_PATTERN

_LAYOUT: Final = "workspace_id=<id>/day=<yyyy-MM-dd>/<name>.parquet"
_PARTITION: Final = re.compile(
    rf"workspace_id={WORKSPACE_ID_PATTERN}/day=(\d{{4}}-\d\d-\d\d)/[^/]+"
)
_MAGIC: Final = b"PAR1"


class CallLogsError(ValueError):
    """A folder of call logs is not in the layout of the call-log table."""


def call_log_files(folder: Path) -> list[Path]:
    """Every call log of a folder, by its path in there.

    As Athena does, it takes any file of a partition, whatever its ending, but for hidden ones:
    what is named `.…` or `_…`, folders too. Links are followed.

    Raises:
        CallLogsError: There are none, one is not where the table would look for it, or it is
            not Parquet.
    """
    if not folder.is_dir():
        raise CallLogsError(f"There is no folder of call logs at {folder}.")
    files = sorted(_files(folder))
    if not files:
        raise CallLogsError(f"There are no call logs in {folder}: they lie in {_LAYOUT}.")
    for file in files:
        if not _is_in_layout(file.as_posix()):
            raise CallLogsError(
                f"{file} in {folder} is not where a call log lies: it should be {_LAYOUT}."
            )
        if not _is_parquet(folder / file):
            raise CallLogsError(f"{file} in {folder} is not a Parquet file.")
    return files


def _files(folder: Path) -> Iterator[Path]:
    """What may be meant as a call log; other files may lie beside the workspaces' folders."""
    for place, folders, names in os.walk(folder, followlinks=True):
        inner = Path(place).relative_to(folder)
        is_deep = len(inner.parts) > 2  # deeper than any partition: far enough to say so
        folders[:] = [] if is_deep else [name for name in folders if name[0] not in "._"]
        for file in (inner / name for name in names if name[0] not in "._"):
            if file.suffix == ".parquet" or file.parts[0].startswith("workspace_id="):
                yield file


def _is_in_layout(path: str) -> bool:
    match = _PARTITION.fullmatch(path)
    if match is None:
        return False
    try:
        date.fromisoformat(match[1])
    except ValueError:
        return False
    return True


def _is_parquet(path: Path) -> bool:
    with path.open("rb") as file:
        if file.seek(0, SEEK_END) < 2 * len(_MAGIC):
            return False
        file.seek(-len(_MAGIC), SEEK_END)
        tail = file.read()
        file.seek(0)
        return file.read(len(_MAGIC)) == tail == _MAGIC
