"""Call logs, workspace by workspace and file by file, held against the contract."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from pathlib import PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from local.call_log_check.batches import prepared
from local.call_log_check.contract import Contract
from local.call_log_check.duplicates import Duplicates, Within
from local.call_log_check.findings import Finding
from local.call_log_check.footer import footer_findings, is_int96, readable_columns
from local.call_log_check.layout import partition_of, place_findings, size_findings
from local.call_log_check.limits import Limits
from local.call_log_check.places import Place, PlaceError, StoredFile
from local.call_log_check.rows import BATCH_ROWS, RowCheck, row_rules

_MEMORY: Final = "512MB"
_THREADS: Final = 4  # each takes its part of the memory, so that many need more than there is
_READ_AHEAD: Final = 1 << 20
_FULL: Final = (duckdb.OutOfMemoryException, duckdb.IOException)


@dataclass
class Checked:
    """What was looked at so far; `progress` is called after each file."""

    files: int = 0
    calls: int = 0
    progress: Callable[[], None] = lambda: None


def check_call_logs(
    place: Place,
    contract: Contract,
    *,
    today: date,
    sample: int | None = None,
    within: Within = Within.WORKSPACE,
    limits: Limits | None = None,
    checked: Checked | None = None,
) -> Iterator[Finding]:
    """Everything that is wrong with the call logs of a place, as it is found.

    Memory stays flat: a batch of calls at a time, and the `call_id`s of one workspace, which go
    to disk when they are many.

    Args:
        place: Where they lie.
        contract: What they should be like.
        today: In UTC.
        sample: Look into this many files only, evenly spread; names and sizes of all are checked.
        within: Where the same `call_id` twice is the same call twice.
        limits: What counts as absurd, tiny and huge.
        checked: Filled in on the way.

    Raises:
        PlaceError: The place cannot be read, or the disk is too small for the `call_id`s.
    """
    check = _Check(place, contract, today, limits or Limits(), checked or Checked())
    files = place.files()
    opened = set(files if sample is None else _spread(files, sample))
    together = _workspace if within is Within.WORKSPACE else _folder
    with TemporaryDirectory(prefix="call-logs-") as spill, closing(_connected(spill)) as connection:
        try:
            for _, inside in groupby(files, together):
                yield from check.together(list(inside), opened, connection)
        except _FULL as error:
            raise PlaceError(
                f"The disk at {spill} is too small to look for duplicates ({_reason(error)}): set "
                "TMPDIR to one with 100 bytes for each call of a workspace, or look within days."
            ) from error


class _Check:
    def __init__(
        self,
        place: Place,
        contract: Contract,
        today: date,
        limits: Limits,
        checked: Checked,
    ) -> None:
        self._place = place
        self._contract = contract
        self._today = today
        self._limits = limits
        self._checked = checked

    def together(
        self,
        files: Sequence[StoredFile],
        opened: set[StoredFile],
        connection: duckdb.DuckDBPyConnection,
    ) -> Iterator[Finding]:
        """Files whose calls are held against each other."""
        duplicates = Duplicates(connection)
        for number, file in enumerate(files):
            yield from place_findings(file, self._contract, self._today)
            partition = partition_of(file.path)
            if partition is not None and file in opened:
                yield from self._file(file, number, partition.day, duplicates, connection)
                self._checked.files += 1
                self._checked.progress()
        yield from duplicates.findings([file.path for file in files])
        for folder, inside in groupby(files, _folder):
            yield from size_findings(folder, list(inside), self._limits)

    def _file(
        self,
        file: StoredFile,
        number: int,
        day: str,
        duplicates: Duplicates,
        connection: duckdb.DuckDBPyConnection,
    ) -> Iterator[Finding]:
        try:
            with closing(self._place.open(file)) as content:
                # column by column in small pieces: a row group may be larger than the memory
                parquet = pq.ParquetFile(content, buffer_size=_READ_AHEAD, pre_buffer=False)
                yield from footer_findings(
                    file.path, parquet.metadata, self._contract, self._limits
                )
                names = readable_columns(parquet.metadata, self._contract)
                rules = row_rules(
                    self._contract,
                    self._limits,
                    day,
                    is_int96=is_int96(parquet.metadata, "called_at"),
                )
                rows = RowCheck(file.path, names, rules)
                for read in _batches(parquet, names):
                    batch = prepared(read, names, rows.add_garbled)
                    connection.register("calls", batch)
                    rows.add(connection)
                    if "called_at" in names:
                        rows.add_times(batch["called_at"].combine_chunks())
                    if "call_id" in names:
                        duplicates.add(number)
                    self._checked.calls += batch.num_rows
                yield from rows.findings()
        except (PlaceError, *_FULL):
            raise
        except (pa.ArrowException, duckdb.Error, OSError) as error:
            if isinstance(error, OSError) and error.errno:  # the disk, and not the file's content
                raise PlaceError(f"{file.path} cannot be read: {error.strerror}.") from error
            yield Finding(
                "not-parquet",
                file.path,
                "",
                1,
                "files",
                _reason(error),
                "Write it anew: every query that comes across it fails.",
            )


def _workspace(file: StoredFile) -> str:
    return PurePosixPath(file.path).parts[0]


def _folder(file: StoredFile) -> str:
    return str(PurePosixPath(file.path).parent)


def _reason(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _batches(parquet: Any, names: dict[str, str]) -> Iterator[Any]:
    if names:
        yield from parquet.iter_batches(BATCH_ROWS, columns=list(names.values()), use_threads=False)


def _connected(spill: str) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        ":memory:",
        config={
            "memory_limit": _MEMORY,
            "threads": min(_THREADS, os.cpu_count() or 1),
            "temp_directory": spill,
            "preserve_insertion_order": False,
        },
    )


def _spread(files: Sequence[StoredFile], count: int) -> list[StoredFile]:
    """So many of the files, evenly spread: the first is among them."""
    if count >= len(files):
        return list(files)
    return [files[number * len(files) // count] for number in range(count)]
