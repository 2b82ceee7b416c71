"""The example of a nightly batch job: what it writes is clean, and exports find it."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from local.call_log_check import Contract, FolderPlace, check_call_logs
from local.stack import LocalStack
from local.template import Template
from tests.functional.conftest import Caller

ROOT = Path(__file__).parents[2]
JOB = ROOT / "examples/nightly_call_logs.py"
DAY = date(2026, 3, 14)
WORKSPACES = ("ws-acme", "ws-batch")


def call(number: int, **changed: Any) -> dict[str, Any]:
    """A call as a platform's own log might have it: ten minutes after the one before."""
    at = datetime(2026, 3, 14, tzinfo=UTC) + timedelta(minutes=10 * number, microseconds=123_999)
    return {
        "workspace_id": WORKSPACES[number % 2],
        "call_id": f"batch-{number}",
        "called_at": at.isoformat().replace("+00:00", "Z"),
        "api_key_id": "key-1",
        "api_key_name": "nightly",
        "provider": "openai",
        "model": "gpt-5",
        "call_type": "completion",
        "input_tokens": 1_000 + number,
        "output_tokens": number,
        "completion_time_ms": None if number % 7 else 1_500,
        "input_token_price": 1.25,
        "output_token_price": 0.1,
    } | changed


EMBEDDING = {"call_type": "embedding", "output_tokens": None, "output_token_price": None}
CALLS = [call(number, **(EMBEDDING if number % 5 == 0 else {})) for number in range(144)]


def run_job(stack: LocalStack, calls: list[dict[str, Any]]) -> subprocess.CompletedProcess[str]:
    bucket = stack.template.physical_name("CallLogBucket")
    return subprocess.run(  # noqa: S603 - our own job
        [sys.executable, str(JOB), bucket, DAY.isoformat()],
        input="".join(json.dumps(each) + "\n" for each in calls),
        env={**os.environ, **stack.aws.environment},
        capture_output=True,
        text=True,
        check=False,
    )


def written(stack: LocalStack) -> dict[str, bytes]:
    """What lies in that day's folders, by key."""
    s3 = stack.aws.client("s3")
    bucket = stack.template.physical_name("CallLogBucket")
    return {
        each["Key"]: s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
        for workspace in WORKSPACES
        for each in s3.list_objects_v2(
            Bucket=bucket, Prefix=f"api_calls/workspace_id={workspace}/day={DAY}/"
        ).get("Contents", [])
    }


@pytest.fixture(scope="module", autouse=True)
def day_of_calls(stack: LocalStack) -> Iterator[None]:
    # as they may come: in no order, and one of them twice
    ran = run_job(stack, [*reversed(CALLS), CALLS[7]])
    assert (ran.returncode, ran.stderr) == (0, "")
    yield
    s3 = stack.aws.client("s3")
    for key in written(stack):
        s3.delete_object(Bucket=stack.template.physical_name("CallLogBucket"), Key=key)


def test_check_logs_has_nothing_to_say_of_what_it_writes(stack: LocalStack, tmp_path: Path) -> None:
    for key, content in written(stack).items():
        file = tmp_path / key
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
    contract = Contract.of(Template.load())
    found = check_call_logs(FolderPlace(tmp_path / "api_calls"), contract, today=DAY)
    assert [finding.line() for finding in found] == []


def test_a_call_is_written_as_it_came_but_for_what_a_millisecond_cannot_hold(
    stack: LocalStack,
) -> None:
    rows = {
        row["call_id"]: row
        for content in written(stack).values()
        for row in pq.read_table(io.BytesIO(content)).to_pylist()
    }
    assert len(rows) == len(CALLS)
    assert rows["batch-7"] == {
        **{name: value for name, value in CALLS[7].items() if name != "workspace_id"},
        "called_at": datetime(2026, 3, 14, 1, 10, 0, 123_000, tzinfo=UTC),
        "input_token_price": Decimal("1.250000"),
        "output_token_price": Decimal("0.100000"),
    }
    assert rows["batch-5"]["output_tokens"] is None


def test_run_again_it_replaces_what_it_wrote(stack: LocalStack) -> None:
    before = written(stack)
    assert len(before) == len(WORKSPACES)
    assert run_job(stack, CALLS).returncode == 0
    assert written(stack) == before


@pytest.mark.parametrize("workspace", WORKSPACES)
def test_an_export_of_the_day_has_the_calls_and_their_cost(
    stack: LocalStack, admin: Caller, workspace: str
) -> None:
    export = stack.invoke(
        "ExportFunction", {"workspace_id": workspace, "start": f"{DAY}", "end": f"{DAY}"}
    )
    calls = [each for each in CALLS if each["workspace_id"] == workspace]
    cost = sum(
        Decimal(each["input_tokens"]) * Decimal("1.25")
        + Decimal(each["output_tokens"] or 0) * Decimal("0.1")
        for each in calls
    ) / Decimal(1_000_000)
    assert export["status"] == "succeeded"
    totals = export["control_totals"]
    assert totals["rows"] == len(calls) == 72
    assert totals["input_tokens"] == sum(each["input_tokens"] for each in calls)
    assert Decimal(totals["cost_usd"]) == cost


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        (
            call(0, call_id="late", called_at="2026-03-14T00:30:00+01:00"),
            "late was made at 2026-03-13 23:30:00+00:00, not on 2026-03-14 in UTC.",
        ),
        (
            call(0, call_id="local", called_at="2026-03-14T12:30:00"),
            "local has a called_at without Z or another offset.",
        ),
        (
            {name: value for name, value in call(0).items() if name != "output_token_price"},
            "batch-0 lacks output_token_price: say null if it has none.",
        ),
        (["no call"], "TypeError: list indices must be integers"),
    ],
)
def test_what_is_no_call_of_the_day_is_refused_with_its_line_before_anything_is_replaced(
    stack: LocalStack, refused: Any, reason: str
) -> None:
    before = written(stack)
    ran = run_job(stack, [CALLS[0], refused])
    assert ran.returncode == 1
    assert ran.stderr.startswith("Line 2: "), ran.stderr
    assert reason in ran.stderr
    assert written(stack) == before
