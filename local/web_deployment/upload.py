"""Makes a bucket hold the page's files, and CloudFront forget what was there before."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from local.deployment import aws_errors_for_people
from local.web_deployment.files import ASSETS, PageFile


@dataclass(frozen=True)
class Stored:
    """An object in the bucket."""

    etag: str
    modified: datetime


@dataclass(frozen=True)
class Uploaded:
    """What was done.

    Attributes:
        keys: What was uploaded, in this order.
        unchanged: How many files were there already, as they are now.
        older_assets: How many assets of other releases stay.
        invalidation: CloudFront's id of the invalidation.
        paths: What CloudFront forgets.
    """

    keys: list[str]
    unchanged: int
    older_assets: int
    invalidation: str
    paths: list[str]


def upload(
    files: Sequence[PageFile], bucket: str, distribution: str, *, s3: Any, cloudfront: Any
) -> Uploaded:
    """Uploads what is missing or differs, in the order given.

    Nothing is deleted. A page that is open loads parts of its own release when they are first
    needed, hours later too, and a release is a few hundred kilobytes.

    Args:
        files: All files of the page.
        bucket: That it is served from.
        distribution: CloudFront's id of what serves it.
        s3: A client.
        cloudfront: A client.

    Raises:
        DeploymentError: AWS refuses.
    """
    stored = _listed(s3, bucket)
    changed = [file for file in files if not _is_there(s3, bucket, file, stored)]
    for file in changed:
        with aws_errors_for_people("s3:PutObject", f"s3://{bucket}/{file.key}"):
            s3.put_object(
                Bucket=bucket,
                Key=file.key,
                Body=file.content,
                ContentType=file.content_type,
                CacheControl=file.cache_control,
            )
    named = [file.key for file in files if not file.is_asset]
    paths = ["/", *(f"/{key}" for key in named)]
    return Uploaded(
        keys=[file.key for file in changed],
        unchanged=len(files) - len(changed),
        older_assets=sum(
            key.startswith(ASSETS) for key in stored.keys() - {file.key for file in files}
        ),
        invalidation=_invalidated(
            cloudfront, distribution, paths, _version(_listed(s3, bucket), named)
        ),
        paths=paths,
    )


def _listed(s3: Any, bucket: str) -> dict[str, Stored]:
    with aws_errors_for_people("s3:ListBucket", f"s3://{bucket}"):
        return {
            entry["Key"]: Stored(entry["ETag"], entry["LastModified"])
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
            for entry in page.get("Contents", ())
        }


def _is_there(s3: Any, bucket: str, file: PageFile, stored: Mapping[str, Stored]) -> bool:
    if file.key not in stored or stored[file.key].etag != file.etag:
        return False
    with aws_errors_for_people("s3:GetObject", f"s3://{bucket}/{file.key}"):
        head = s3.head_object(Bucket=bucket, Key=file.key)
    told = head.get("ContentType"), head.get("CacheControl")
    return told == (file.content_type, file.cache_control)


def _version(stored: Mapping[str, Stored], keys: Sequence[str]) -> str:
    """What tells the objects of these keys, as they are now, from any that were there before."""
    told = [f"{key} {stored[key].etag} {stored[key].modified.isoformat()}" for key in keys]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def _invalidated(cloudfront: Any, distribution: str, paths: Sequence[str], version: str) -> str:
    """Asks for it at every run: CloudFront knows one that it has made for this version.

    So a run that was refused the invalidation is made good by the next, which uploads nothing.
    """
    subject = f"the distribution {distribution}"
    with aws_errors_for_people("cloudfront:CreateInvalidation", subject):
        answer = cloudfront.create_invalidation(
            DistributionId=distribution,
            InvalidationBatch={
                "CallerReference": version,
                "Paths": {"Quantity": len(paths), "Items": list(paths)},
            },
        )
    return str(answer["Invalidation"]["Id"])
