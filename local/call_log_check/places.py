"""Where call logs lie, and a folder as such a place."""

import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final, Protocol

_NOTHING: Final = frozenset[tuple[int, int]]()


class PlaceError(Exception):
    """Call logs cannot be read at all; the message is for the person who asked."""


@dataclass(frozen=True, slots=True, order=True)
class StoredFile:
    """A file by its path below `workspace_id=…`'s folder, and its size in bytes."""

    path: str
    size: int


class Place(Protocol):
    """A folder or a prefix with call logs."""

    def files(self) -> list[StoredFile]:
        """What Athena would take for call logs, in order of path.

        Raises:
            PlaceError: There are none, or they cannot be listed.
        """

    def open(self, file: StoredFile) -> Any:
        """The file, for `pyarrow.parquet.ParquetFile`.

        Raises:
            PlaceError: It cannot be read; so may what is returned, when it is read.
        """


class FolderPlace:
    """A folder on this machine: that of the table, or of a workspace, or of a day in it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        inner = inside_table(folder.absolute().parts)
        self._root = (
            folder.absolute() if not inner else Path(*folder.absolute().parts[: -len(inner)])
        )

    def files(self) -> list[StoredFile]:
        """See `Place`."""
        if not self._folder.is_dir():
            raise PlaceError(f"There is no folder of call logs at {self._folder}.")
        try:
            files = sorted(self._walk(self._folder.absolute()))
        except OSError as error:
            raise PlaceError(f"{error.filename} cannot be read: {error.strerror}.") from error
        if not files:
            raise PlaceError(f"There are no call logs in {self._folder}.")
        return files

    def open(self, file: StoredFile) -> Any:
        """See `Place`."""
        try:
            return (self._root / file.path).open("rb")
        except OSError as error:
            raise PlaceError(f"{error.filename} cannot be read: {error.strerror}.") from error

    def _walk(
        self, folder: Path, above: frozenset[tuple[int, int]] = _NOTHING
    ) -> Iterator[StoredFile]:
        status = folder.stat()
        identity = (status.st_dev, status.st_ino)
        if identity in above:  # by a link that leads back to a folder that it lies in
            return
        for path in folder.iterdir():
            inner = path.relative_to(self._root).as_posix()
            if path.is_dir():
                yield from self._walk(path, above | {identity})
            elif may_be_call_log(inner):
                found = path.stat()
                if not stat.S_ISREG(found.st_mode):
                    raise PlaceError(f"{path} is neither a file nor a folder.")
                yield StoredFile(inner, found.st_size)


def may_be_call_log(path: str) -> bool:
    """Whether a file may be meant as a call log.

    In a partition's folder that is any file that is not hidden, as Athena has it: nothing named
    `.…` or `_…`, folders too. Beside them, it is one that is named as Parquet.
    """
    parts = PurePosixPath(path).parts
    if any(part[0] in "._" for part in parts):
        return False
    return path.endswith(".parquet") or (parts[0].startswith("workspace_id=") and len(parts) > 1)


def inside_table(parts: tuple[str, ...]) -> tuple[str, ...]:
    """The end of a path that lies inside the table: `workspace_id=…`, and what follows."""
    for number, part in enumerate(parts):
        if part.startswith("workspace_id="):
            return parts[number:]
    return ()
