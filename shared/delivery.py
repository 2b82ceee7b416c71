"""Where the files of a scheduled export are left for whoever collects them by S3."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from shared.aws_errors import translated_errors
from shared.export import Export, Trigger
from shared.timeframe import start_of_day

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_MANIFEST = "manifest.json"


def delivery_folder(export: Export) -> str | None:
    """The folder of a scheduled export's files, ending in `/`; None for any other export.

    The same for every export of one schedule and period, so that it is known beforehand: a later
    one of the same period takes the place of the earlier.
    """
    if export.trigger is not Trigger.SCHEDULE:
        return None
    _, _, schedule = export.requested_by.partition(":schedule/")  # group and name
    return f"scheduled/{export.workspace_id}/{schedule}/{_period_name(export)}/"


def _period_name(export: Export) -> str:
    """`2026-01-01_2026-01-31` for whole days, both included; UTC instants for anything else."""
    start, end = export.timeframe.start, export.timeframe.end
    zone = ZoneInfo(export.request.timezone)
    first, after = start.astimezone(zone).date(), end.astimezone(zone).date()
    if start == start_of_day(first, zone) and end == start_of_day(after, zone):
        return f"{first}_{after - timedelta(days=1)}"
    return f"{start:%Y%m%dT%H%M%SZ}_{end:%Y%m%dT%H%M%SZ}"


class Deliveries:
    """Leaves copies in the export bucket. May raise the errors of `shared.aws_errors`."""

    def __init__(self, s3: "S3Client", bucket: str, executor: ThreadPoolExecutor) -> None:
        self._s3 = s3
        self._bucket = bucket
        self._executor = executor

    def deliver(self, export: Export, manifest: str) -> None:
        """Copy the files of a scheduled export that has succeeded; of any other, do nothing.

        Args:
            export: The export.
            manifest: JSON that says what the files are; written last, as the sign that all
                are there.
        """
        folder = delivery_folder(export)
        files = [part.file for part in export.parts if part.file is not None]
        if folder is None or len(files) < len(export.parts):
            return
        copies = [self._executor.submit(self._copy, file.key, folder + file.name) for file in files]
        for copy in copies:
            copy.result()
        with translated_errors():
            self._s3.put_object(
                Bucket=self._bucket,
                Key=folder + _MANIFEST,
                Body=manifest.encode(),
                ContentType="application/json",
            )

    def _copy(self, key: str, target: str) -> None:
        with translated_errors():
            self._s3.copy_object(
                Bucket=self._bucket,
                Key=target,
                CopySource={"Bucket": self._bucket, "Key": key},
                MetadataDirective="REPLACE",
                ContentType="text/csv; charset=utf-8",
            )
