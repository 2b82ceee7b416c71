"""moto's S3 objects and Glue tables, read and written in its own process.

Through HTTP, a year of small Parquet files would take seconds to list and fetch, and a result file
would be copied into memory several times over.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from os import SEEK_END
from typing import IO, Any
from uuid import uuid4

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.glue.exceptions import EntityNotFoundException
from moto.glue.models import glue_backends
from moto.s3.models import FakeKey, S3Backend, s3_backends

from local.athena.glue_table import GlueTable


@dataclass(frozen=True)
class Encryption:
    """How an object is encrypted: `AES256` or `aws:kms`, with a key or the account's own."""

    algorithm: str
    kms_key_id: str | None = None


@dataclass(frozen=True)
class StoredObject:
    """One S3 object as it was when it was listed."""

    bucket: str
    key: str
    etag: str
    content: FakeKey

    @property
    def address(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    def read(self) -> bytes:
        """All of it."""
        value: bytes = self.content.value
        return value


class MotoObjects:
    """The objects in moto's S3."""

    @property
    def _s3(self) -> S3Backend:
        return s3_backends[DEFAULT_ACCOUNT_ID]["aws"]

    def has_bucket(self, bucket: str) -> bool:
        return bucket in self._s3.buckets

    def by_folder(self, bucket: str) -> Mapping[str, list[StoredObject]]:
        """Every object of a bucket, under its key up to the last `/`, included.

        Hidden ones are left out, as Athena does: names that start with `_` or `.`.
        """
        folders: defaultdict[str, list[StoredObject]] = defaultdict(list)
        if self.has_bucket(bucket):
            for key, content in self._s3.get_bucket(bucket).keys.items():
                folder, slash, name = key.rpartition("/")
                if isinstance(content, FakeKey) and name and name[0] not in "_.":
                    stored = StoredObject(bucket, key, content.etag.strip('"'), content)
                    folders[folder + slash].append(stored)
        return folders

    def put(
        self, bucket: str, key: str, content: bytes, encryption: Encryption | None = None
    ) -> None:
        """Store an object. Without an encryption, the bucket's default holds."""
        stored = self._put(bucket, key, content, None, encryption)
        _ = stored.etag  # computed now, while nobody reads: moto does it without its lock

    def put_file(
        self, bucket: str, key: str, file: IO[bytes], encryption: Encryption | None = None
    ) -> None:
        """Store an open file as an object, as it is: from now on the file is moto's.

        The ETag is one of a multipart upload, no digest of the content: as Athena's own are, and
        it saves reading the file once more.
        """
        stored = self._put(bucket, key, b"", f"{uuid4().hex}-1", encryption)
        with stored.lock:
            stored._value_buffer.close()  # noqa: SLF001 - moto has no other way to take a file
            stored._value_buffer = file  # noqa: SLF001
            stored.contentsize = file.seek(0, SEEK_END)

    def _put(
        self, bucket: str, key: str, content: bytes, etag: str | None, encryption: Encryption | None
    ) -> Any:
        return self._s3.put_object(
            bucket,
            key,
            content,
            etag=etag,
            encryption=encryption.algorithm if encryption else None,
            kms_key_id=encryption.kms_key_id if encryption else None,
        )

    def read_range(self, bucket: str, key: str, start: int, size: int) -> bytes | None:
        """A part of an object, shorter at its end; None where there is no such object."""
        content: Any = self._s3.get_object(bucket, key) if self.has_bucket(bucket) else None
        if content is None:
            return None
        with content.lock:
            content._value_buffer.seek(start)  # noqa: SLF001 - `value` would copy all of it
            part: bytes = content._value_buffer.read(size)  # noqa: SLF001
            return part


class MotoTables:
    """The tables in moto's Glue catalog, of one region."""

    def __init__(self, region: str) -> None:
        self._region = region

    def has_database(self, database: str) -> bool:
        return database in glue_backends[DEFAULT_ACCOUNT_ID][self._region].databases

    def table(self, database: str, name: str) -> GlueTable | None:
        """A table by its lower-case names, or None."""
        try:
            table = glue_backends[DEFAULT_ACCOUNT_ID][self._region].get_table(database, name)
        except EntityNotFoundException:
            return None
        return GlueTable.from_glue(table.as_dict())
