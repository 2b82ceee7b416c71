"""Exports in S3: a manifest each, the claims of idempotency keys, and the finished files."""

import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypedDict, Unpack

from botocore.exceptions import ClientError
from pydantic import BaseModel

from shared.aws_errors import translated_errors
from shared.delivery import delivery_folder
from shared.export import EXPORT_ID_PATTERN, Export, Instant, Status

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DOWNLOAD_URL_LIFETIME = timedelta(minutes=10)


class _Condition(TypedDict, total=False):
    IfMatch: str
    IfNoneMatch: str


class ConflictError(Exception):
    """Somebody else wrote the same object first."""


class Claim(BaseModel, frozen=True):
    """What an idempotency key stands for."""

    export_id: str
    created_at: Instant
    request_hash: str


@dataclass(frozen=True)
class Mark:
    """A note that an export is not over, or that its outcome has not been told.

    Attributes:
        workspace_id: Whose export.
        export_id: Which.
        since: Since when, as S3 has it.
    """

    workspace_id: str
    export_id: str
    since: datetime


@dataclass(frozen=True)
class Stored:
    """An export and the version of its manifest."""

    export: Export
    version: str


class ExportStore:
    """The export bucket. Every method may raise the errors of `shared.aws_errors`."""

    def __init__(self, s3: "S3Client", bucket: str, executor: ThreadPoolExecutor) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._executor = executor

    def create(self, export: Export) -> Stored:
        """Write a new export's manifest.

        Raises:
            ConflictError: There is an export with its id.
        """
        return self._write(export, IfNoneMatch="*")

    def save(self, stored: Stored, export: Export) -> Stored:
        """Replace a manifest.

        Raises:
            ConflictError: It is no longer the one in `stored`.
        """
        return self._write(export, IfMatch=stored.version)

    def load(self, workspace_id: str, export_id: str) -> Stored | None:
        """An export of a workspace; None where there is none, or the id is not one."""
        if not re.fullmatch(EXPORT_ID_PATTERN, export_id):
            return None
        return self._read(_manifest_key(workspace_id, export_id))

    def list(self, workspace_id: str, *, limit: int, after: str | None = None) -> list[Stored]:
        """A workspace's exports, newest first, from the one after the id `after` on."""
        prefix = _manifest_folder(workspace_id)
        with translated_errors():
            page = self._s3.list_objects_v2(
                Bucket=self._bucket,
                Prefix=prefix,
                MaxKeys=limit,
                StartAfter=_manifest_key(workspace_id, after) if after else prefix,
            )
        keys = [item["Key"] for item in page.get("Contents", [])]
        return [stored for stored in self._executor.map(self._read, keys) if stored]

    def mark(self, export: Export) -> None:
        """Note that an export is not over."""
        self._put(_mark_key(export.workspace_id, export.id), "")

    def unmark(self, workspace_id: str, export_id: str) -> None:
        """Take the note away; there may be none."""
        with translated_errors():
            self._s3.delete_object(Bucket=self._bucket, Key=_mark_key(workspace_id, export_id))

    def marks(self) -> Iterator[Mark]:
        """The notes of all workspaces."""
        pages = self._s3.get_paginator("list_objects_v2")
        with translated_errors():
            for page in pages.paginate(Bucket=self._bucket, Prefix=_MARKS):
                for item in page.get("Contents", []):
                    _, workspace_id, export_id = item["Key"].split("/")
                    yield Mark(workspace_id, export_id, item["LastModified"])

    def claim(self, workspace_id: str, idempotency_key: str, claim: Claim) -> Claim:
        """Claim an idempotency key; the claim that holds, be it this one or an earlier one."""
        key = _claim_key(workspace_id, idempotency_key)
        try:
            self._put(key, claim.model_dump_json(), IfNoneMatch="*")
        except ConflictError:
            if (earlier := self.claimed(workspace_id, idempotency_key)) is not None:
                return earlier
            raise
        return claim

    def claimed(self, workspace_id: str, idempotency_key: str) -> Claim | None:
        """What an idempotency key stands for; None where it is new."""
        found = self._get(_claim_key(workspace_id, idempotency_key))
        return Claim.model_validate_json(found[0]) if found else None

    def file_size(self, key: str) -> int | None:
        """Size in bytes of an object; None where there is none."""
        with translated_errors():
            try:
                return self._s3.head_object(Bucket=self._bucket, Key=key)["ContentLength"]
            except ClientError as error:
                if _status(error) == 404:
                    return None
                raise

    def download_url(self, key: str, file_name: str) -> str:
        """A URL that downloads an object under a name, for `DOWNLOAD_URL_LIFETIME`."""
        return self._s3.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": self._bucket,
                "Key": key,
                "ResponseContentDisposition": f'attachment; filename="{file_name}"',
                "ResponseContentType": "text/csv; charset=utf-8",
                "ResponseCacheControl": "no-store",
            },
            ExpiresIn=int(DOWNLOAD_URL_LIFETIME.total_seconds()),
        )

    def delivered_to(self, export: Export) -> str | None:
        """The S3 address of the folder that an export's files are, or will be, copied to."""
        is_lost = export.status.is_final and export.status is not Status.SUCCEEDED
        folder = None if is_lost else delivery_folder(export)
        return folder and f"s3://{self._bucket}/{folder}"

    def _read(self, key: str) -> Stored | None:
        found = self._get(key)
        return Stored(Export.model_validate_json(found[0]), found[1]) if found else None

    def _write(self, export: Export, **condition: Unpack[_Condition]) -> Stored:
        key = _manifest_key(export.workspace_id, export.id)
        return Stored(export, self._put(key, export.model_dump_json(), **condition))

    def _get(self, key: str) -> tuple[bytes, str] | None:
        with translated_errors():
            try:
                answer = self._s3.get_object(Bucket=self._bucket, Key=key)
            except ClientError as error:
                if error.response["Error"]["Code"] in _NO_SUCH_KEY:
                    return None
                raise
            return answer["Body"].read(), answer["ETag"]

    def _put(self, key: str, body: str, **condition: Unpack[_Condition]) -> str:
        with translated_errors():
            try:
                return self._s3.put_object(
                    Bucket=self._bucket,
                    Key=key,
                    Body=body.encode(),
                    ContentType="application/json",
                    **condition,
                )["ETag"]
            except ClientError as error:
                if _status(error) in (409, 412):  # 409: another write was under way
                    raise ConflictError(key) from error
                raise


_NO_SUCH_KEY = ("NoSuchKey", "404")  # the number, where its body is lost on the way


def _status(error: ClientError) -> int:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)


def _manifest_folder(workspace_id: str) -> str:
    return f"exports/{workspace_id}/"


def _manifest_key(workspace_id: str, export_id: str) -> str:
    return f"{_manifest_folder(workspace_id)}{export_id}.json"


_MARKS = "running/"


def _mark_key(workspace_id: str, export_id: str) -> str:
    return f"{_MARKS}{workspace_id}/{export_id}"


def _claim_key(workspace_id: str, idempotency_key: str) -> str:
    digest = hashlib.sha256(idempotency_key.encode()).hexdigest()
    return f"idempotency/{workspace_id}/{digest}.json"
