"""Call logs in a folder: found, and held against the layout of the call-log table."""

import re
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
    """Every Parquet file of a folder, by its path in there.

    Hidden ones are left out, as Athena does: what is named `.…` or `_…`, folders too.

    Raises:
        CallLogsError: There are none, or one is not where the table would look for it.
    """
    if not folder.is_dir():
        raise CallLogsError(f"There is no folder of call logs at {folder}.")
    paths = [path.relative_to(folder) for path in sorted(folder.rglob("*.parquet"))]
    files = [path for path in paths if not any(part[0] in "._" for part in path.parts)]
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
