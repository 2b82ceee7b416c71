"""Call logs, partition by partition and file by file, held against the contract."""

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

from local.call_log_check.contract import Contract
from local.call_log_check.duplicates import Duplicates
from local.call_log_check.findings import Finding
from local.call_log_check.footer import footer_findings, is_int96, readable_columns
from local.call_log_check.layout import partition_of, place_findings, size_findings
from local.call_log_check.limits import Limits
from local.call_log_check.places import Place, PlaceError, StoredFile
from local.call_log_check.rows import BATCH_ROWS, RowCheck, prepared, row_rules

_MEMORY: Final = "512MB"
_READ_AHEAD: Final = 1 << 20


@dataclass
class Checked:
    """What was looked at so far."""

    files: int = 0
    calls: int = 0


def check_call_logs(
    place: Place,
    contract: Contract,
    *,
    today: date,
    sample: int | None = None,
    limits: Limits | None = None,
    checked: Checked | None = None,
    progress: Callable[[], None] = lambda: None,
) -> Iterator[Finding]:
    """Everything that is wrong with the call logs of a place, as it is found.

    Memory stays flat: a batch of calls at a time, and the `call_id`s of one partition, which go
    to disk when they are many.

    Args:
        place: Where they lie.
        contract: What they should be like.
        today: In UTC.
        sample: Look into this many files only, evenly spread; names and sizes of all are checked.
        limits: What counts as absurd, tiny and huge.
        checked: Filled in on the way.
        progress: Called after each file.

    Raises:
        PlaceError: The place cannot be read.
    """
    check = _Check(place, contract, today, limits or Limits(), checked or Checked(), progress)
    files = place.files()
    opened = set(files if sample is None else _spread(files, sample))
    with TemporaryDirectory(prefix="call-logs-") as spill, closing(_connected(spill)) as connection:
        for folder, inside in groupby(files, lambda file: str(PurePosixPath(file.path).parent)):
            yield from check.folder(folder, list(inside), opened, connection)


class _Check:
    def __init__(
        self,
        place: Place,
        contract: Contract,
        today: date,
        limits: Limits,
        checked: Checked,
        progress: Callable[[], None],
    ) -> None:
        self._place = place
        self._contract = contract
        self._today = today
        self._limits = limits
        self._progress = progress
        self._checked = checked

    def folder(
        self,
        folder: str,
        files: Sequence[StoredFile],
        opened: set[StoredFile],
        connection: duckdb.DuckDBPyConnection,
    ) -> Iterator[Finding]:
        """The files of one folder, a partition if it is where it should be."""
        duplicates = Duplicates(connection)
        for number, file in enumerate(files):
            yield from place_findings(file, self._contract, self._today)
            partition = partition_of(file.path)
            if partition is not None and file in opened:
                yield from self._file(file, number, partition.day, duplicates, connection)
                self._checked.files += 1
                self._progress()
        yield from duplicates.findings([file.path for file in files])
        yield from size_findings(folder, files, self._limits)

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
                for batch in _batches(parquet, names):
                    connection.register("calls", batch)
                    rows.add(connection)
                    if "called_at" in names:
                        rows.add_times(batch["called_at"].combine_chunks())
                    if "call_id" in names:
                        duplicates.add(number)
                    self._checked.calls += batch.num_rows
                yield from rows.findings()
        except PlaceError:
            raise
        except (duckdb.OutOfMemoryException, duckdb.IOException) as error:
            raise PlaceError(f"The calls of {file.path} cannot be counted: {error}") from error
        except (pa.ArrowException, duckdb.Error, OSError) as error:
            if isinstance(error, OSError) and error.errno:  # the disk, and not the file's content
                raise PlaceError(f"{file.path} cannot be read: {error.strerror}.") from error
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            yield Finding(
                "not-parquet",
                file.path,
                "",
                1,
                "files",
                reason,
                "Write it anew: every query that comes across it fails.",
            )


def _batches(parquet: Any, names: dict[str, str]) -> Iterator[Any]:
    if not names:
        return
    for batch in parquet.iter_batches(BATCH_ROWS, columns=list(names.values()), use_threads=False):
        yield prepared(batch, names)


def _connected(spill: str) -> duckdb.DuckDBPyConnection:
    return duckdb.connect(
        ":memory:",
        config={
            "memory_limit": _MEMORY,
            "temp_directory": spill,
            "preserve_insertion_order": False,
        },
    )


def _spread(files: Sequence[StoredFile], count: int) -> list[StoredFile]:
    """So many of the files, evenly spread: the first is among them."""
    if count >= len(files):
        return list(files)
    return [files[number * len(files) // count] for number in range(count)]
