"""Local copies of the Parquet objects that queries read.

DuckDB reads S3 only with an extension that it would have to download, so each object is copied
once, and again when its ETag changes.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, Final
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq

from local.athena.conditions import ColumnConditions
from local.athena.engine import ErrorKind, QueryFailedError, Scanned
from local.athena.moto_storage import MotoObjects, StoredObject
from local.athena.projection import Partition

_NO_CONDITIONS: Final = ColumnConditions()


@dataclass(frozen=True)
class ParquetFile:
    """One object and its copy.

    Attributes:
        address: `s3://…` of the object.
        path: The copy. Its folders say the partition values, as Hive writes them: `day=…/`.
        metadata: The Parquet footer.
    """

    address: str
    path: Path
    metadata: Any

    @cached_property
    def schema(self) -> pa.Schema:
        """Its columns, by lower-case name."""
        schema = self.metadata.schema.to_arrow_schema()
        return pa.schema([field.with_name(field.name.lower()) for field in schema])

    def scan(self, columns: set[str], conditions: Mapping[str, ColumnConditions]) -> Scanned:
        """What an engine has to read: the named columns of the row groups not ruled out."""
        size = rows = 0
        for group in map(self.metadata.row_group, range(self.metadata.num_row_groups)):
            chunks = {
                chunk.path_in_schema.lower(): chunk
                for chunk in map(group.column, range(group.num_columns))
            }
            if all(
                _may_hold(chunk, conditions.get(name, _NO_CONDITIONS))
                for name, chunk in chunks.items()
            ):
                rows += group.num_rows
                size += sum(chunks[name].total_compressed_size for name in columns & chunks.keys())
        return Scanned(size, rows)


class ParquetFiles:
    """The copies, in a folder of their own."""

    def __init__(self, objects: MotoObjects, folder: Path) -> None:
        self._objects = objects
        self._folder = folder
        self._files: dict[tuple[str, str], ParquetFile] = {}
        self._lock = Lock()

    def of_partitions(self, partitions: Iterable[Partition]) -> list[ParquetFile]:
        """The files in these partitions, copied where they are new.

        Raises:
            QueryFailedError: An object is no Parquet file.
        """
        with self._lock:  # two queries that start together copy each file once
            return list(self._copies(partitions))

    def _copies(self, partitions: Iterable[Partition]) -> Iterator[ParquetFile]:
        buckets = {}
        for partition in partitions:
            if partition.bucket not in buckets:
                buckets[partition.bucket] = self._objects.by_folder(partition.bucket)
            for stored in buckets[partition.bucket].get(partition.prefix, ()):
                version = (stored.address, stored.etag)
                if version not in self._files:
                    self._files[version] = self._copy(stored, partition)
                yield self._files[version]

    def _copy(self, stored: StoredObject, partition: Partition) -> ParquetFile:
        digest = hashlib.sha256(f"{stored.address} {stored.etag}".encode()).hexdigest()
        path = self._folder / digest
        for key, value in partition.values.items():
            path /= f"{key}={quote(value, safe='')}"
        path.mkdir(parents=True, exist_ok=True)
        path /= "data.parquet"
        path.write_bytes(stored.read())
        try:
            metadata = pq.read_metadata(path)
        except (pa.ArrowException, OSError) as error:
            raise QueryFailedError(
                "HIVE_BAD_DATA", f"Not valid Parquet file: {stored.address}", ErrorKind.DATA
            ) from error
        return ParquetFile(stored.address, path, metadata)


def _may_hold(chunk: Any, conditions: ColumnConditions) -> bool:
    """Whether a row group can have rows for these conditions, by its column's statistics."""
    if not conditions.comparisons or not chunk.is_stats_set or not chunk.statistics.has_min_max:
        return True
    low, high = chunk.statistics.min, chunk.statistics.max
    if getattr(low, "tzinfo", None) is not None:
        low, high = low.replace(tzinfo=None), high.replace(tzinfo=None)  # both are UTC
    return conditions.may_hold(low, high)
