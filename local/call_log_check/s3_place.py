"""A prefix in S3 as a place with call logs, read with the shell's own credentials."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import boto3
from botocore.config import Config

from local.aws_sentences import AWS_ERRORS, aws_sentence, error_code
from local.call_log_check.places import (
    FolderPlace,
    Place,
    PlaceError,
    StoredFile,
    inside_table,
    may_be_call_log,
)

_SCHEME: Final = "s3://"
_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_AT_ONCE: Final = 8 << 20


def place_at(address: str) -> Place:
    """The place at `s3://bucket/prefix`, or in a folder.

    Raises:
        PlaceError: It is empty, or no address of S3, or there are no credentials.
    """
    if not address.strip():  # which would be the folder that the shell is in
        raise PlaceError("The place of the call logs is empty: maybe a variable that is not set.")
    if not address.startswith(_SCHEME):
        return FolderPlace(Path(address))
    bucket, _, prefix = address.removeprefix(_SCHEME).partition("/")
    if not _BUCKET.fullmatch(bucket):
        raise PlaceError(f"{address} names no bucket: write s3://bucket/prefix.")
    with _errors_for_people(bucket, "", "s3:ListBucket"):
        config = Config(retries={"mode": "standard", "max_attempts": 5})
        return S3Place(boto3.client("s3", config=config), bucket, prefix.strip("/"))


class S3Place:
    """A prefix: that of the table, or of a workspace, or of a day in it."""

    def __init__(self, s3: Any, bucket: str, prefix: str) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._prefix = f"{prefix}/" if prefix else ""
        parts = tuple(prefix.split("/"))
        outside = parts[: len(parts) - len(inside_table(parts))]
        self._root = "".join(f"{part}/" for part in outside if part)

    def files(self) -> list[StoredFile]:
        """See `Place`."""
        with _errors_for_people(self._bucket, "", "s3:ListBucket"):
            files = sorted(self._list())
        if not files:
            raise PlaceError(f"There are no call logs at s3://{self._bucket}/{self._prefix}.")
        return files

    def open(self, file: StoredFile) -> Any:
        """See `Place`."""
        stored = _S3Object(self._s3, self._bucket, self._root + file.path, file.size)
        return io.BytesIO(stored.read()) if file.size <= _AT_ONCE else stored

    def _list(self) -> Iterator[StoredFile]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix
        )
        for page in pages:
            for entry in page.get("Contents", ()):
                path = entry["Key"].removeprefix(self._root)
                if path and not path.endswith("/") and may_be_call_log(path):
                    yield StoredFile(path, entry["Size"])


class _S3Object(io.RawIOBase):
    """An object, of which only what is asked for is fetched."""

    def __init__(self, s3: Any, bucket: str, key: str, size: int) -> None:
        super().__init__()
        self._s3 = s3
        self._bucket = bucket
        self._key = key
        self._size = size
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence] + offset
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        left = max(self._size - self._at, 0)
        size = left if size is None or size < 0 else min(size, left)
        if not size:
            return b""
        span = f"bytes={self._at}-{self._at + size - 1}"
        with _errors_for_people(self._bucket, self._key, "s3:GetObject"):
            answer = self._s3.get_object(Bucket=self._bucket, Key=self._key, Range=span)
            content: bytes = answer["Body"].read()
        self._at += len(content)
        return content


@contextmanager
def _errors_for_people(bucket: str, key: str, action: str) -> Iterator[None]:
    """Says in a sentence why S3 does not answer as asked."""
    try:
        yield
    except AWS_ERRORS as error:
        subject = f"{_SCHEME}{bucket}/{key}" if key else f"{_SCHEME}{bucket}"
        text = aws_sentence(error, action=action, subject=subject)
        if error_code(error) == "NoSuchBucket":
            text = f"There is no bucket {bucket}."
        raise PlaceError(text) from error
