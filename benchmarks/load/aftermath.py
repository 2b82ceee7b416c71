"""What there is once the admins have gone: exports at their ends, lists, and what S3 has."""

import json
import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import urllib3

from local.stack import LocalStack

_PATIENCE = 90
"""Seconds for what is unfinished to end, and for a list that is throttled."""

_FAILURE = re.compile(r"\[ERROR\] |RequestId: \S+ Error: ")


@dataclass(frozen=True)
class Aftermath:
    """By workspace.

    Attributes:
        listed: The exports, as the API lists them to an admin, newest first.
        stored: The manifests in S3, by export id.
        claimed: Digest of an idempotency key → the id of its export.
        unfinished: Marks of exports that are still to be carried on or told.
        failures: What functions failed with, by their logs.
    """

    listed: dict[str, list[dict[str, Any]]]
    stored: dict[str, dict[str, dict[str, Any]]]
    claimed: dict[str, dict[str, str]]
    unfinished: list[str]
    failures: list[str]


def sweep(stack: LocalStack) -> None:
    """What a schedule does every five minutes."""
    stack.invoke("ExportFunction", {"task": "sweep"})


def aftermath(stack: LocalStack, workspaces: Iterable[str]) -> Aftermath:
    """Sweeps until everything has ended, and reads what there is."""
    bucket = stack.template.physical_name("ExportBucket")
    s3 = stack.aws.client("s3")

    def objects(prefix: str) -> Iterator[str]:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
            yield from (item["Key"] for item in page.get("Contents", []))

    def read(key: str) -> dict[str, Any]:
        content: dict[str, Any] = json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])
        return content

    until = time.monotonic() + _PATIENCE
    while (unfinished := list(objects("running/"))) and time.monotonic() < until:
        sweep(stack)
        time.sleep(0.2)
    listed, stored, claimed = {}, {}, {}
    for workspace in workspaces:
        listed[workspace] = list(_listed(stack, workspace))
        stored[workspace] = {
            export["id"]: export for export in map(read, objects(f"exports/{workspace}/"))
        }
        claimed[workspace] = {
            key.rpartition("/")[2].removesuffix(".json"): read(key)["export_id"]
            for key in objects(f"idempotency/{workspace}/")
        }
    return Aftermath(listed, stored, claimed, unfinished, failures(stack.log_directory))


def failures(logs: Path) -> list[str]:
    """What functions raised, exited with or ran out of time for, as Lambda logs it."""
    return [
        f"{log.stem}: {line}"
        for log in sorted(logs.glob("*.log"))
        for line in log.read_text(encoding="utf-8").splitlines()
        if _FAILURE.match(line)
    ]


def _listed(stack: LocalStack, workspace: str) -> Iterator[dict[str, Any]]:
    http = urllib3.PoolManager(timeout=40, retries=False)
    token = stack.identity_provider.token(workspace_id=workspace)
    cursor, until = "", time.monotonic() + _PATIENCE
    while True:
        answer = http.request(
            "GET",
            f"{stack.url}/exports?limit=100{cursor}",
            headers={"Authorization": f"Bearer {token}"},
        )
        if answer.status in {429, 500, 503} and time.monotonic() < until:
            time.sleep(0.5)
            continue
        page = answer.json()
        yield from page["exports"]
        if page["next_cursor"] is None:
            return
        cursor = f"&cursor={page['next_cursor']}"
