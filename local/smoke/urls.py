"""Checks of download URLs: what they allow, and that they end."""

import time
from typing import Final
from urllib.parse import parse_qs, urlsplit

from local.deployment import DeniedError, aws_errors_for_people
from local.smoke.seen import NotCheckedError, Seen
from local.smoke.smoke import Smoke, reached

_LONGEST: Final = 600
"""Seconds."""
_HERE: Final = ("127.0.0.1", "localhost")


def terms(smoke: Smoke) -> Seen:
    """What a download URL says of itself: for ten minutes, one region, as an attachment."""
    parts = urlsplit(smoke.made()["file"]["download_url"])
    said = {name: values[0] for name, values in parse_qs(parts.query).items()}
    faults = []
    if said.get("X-Amz-Algorithm") != "AWS4-HMAC-SHA256":
        faults.append("it is not signed with SigV4")
    seconds = said.get("X-Amz-Expires", "")
    if not seconds.isdecimal() or not 0 < int(seconds) <= _LONGEST:
        faults.append(f"it lives for {seconds or 'unknown'} seconds")
    if not said.get("response-content-disposition", "").startswith("attachment"):
        faults.append("it is no attachment")
    if said.get("response-cache-control") != "no-store":
        faults.append("it may be stored by caches")
    region = said.get("X-Amz-Credential", "////").split("/")[2]
    if parts.hostname not in _HERE and not (
        parts.scheme == "https" and region and f".s3.{region}." in f"{parts.hostname}"
    ):
        faults.append(f"{parts.scheme}://{parts.hostname} is no https host of its region")
    return Seen.of(faults, f"for {seconds} seconds, SigV4, as an attachment, not to be stored")


def end(smoke: Smoke) -> Seen:
    """S3 refuses a URL of the same file after its time.

    A download URL lives too long to be waited for, so the operator's own credentials sign one.
    """
    bucket, key = smoke.stored_at()
    with aws_errors_for_people("s3:GetObject", f"s3://{bucket}/{key}"):
        url = smoke.client("s3").generate_presigned_url(
            "get_object", Params={"Bucket": bucket, "Key": key}, ExpiresIn=smoke.url_seconds
        )
    in_time, said = _status(smoke, url)
    if in_time not in (200, 206):
        if "expired" in said:
            raise NotCheckedError("this machine's clock is behind S3's")
        raise DeniedError(f"Your credentials lack s3:GetObject on s3://{bucket}/{key}.")
    time.sleep(smoke.url_seconds + 1)
    after, said = _status(smoke, url)
    text = f"one of {smoke.url_seconds} s, signed for this check: {in_time}, after its time {after}"
    return Seen(text, ok=after == 403 and "expired" in said)


def _status(smoke: Smoke, url: str) -> tuple[int, str]:
    with reached(url):
        answer = smoke.web().call("GET", url, headers={"Range": "bytes=0-0"})
    return answer.status, answer.text
