"""The local AWS: what the template deploys, call logs put in place, and a clean end."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest
import urllib3
from botocore.exceptions import ClientError

from local.aws import CallLogsError, LocalAws
from local.aws.call_logs import call_log_files
from local.aws.server import with_atomic_conditional_writes
from local.stack import LocalStack
from local.template import Template
from tests.functional.athena_caller import WORKGROUP, calls, write_call_log

ROOT = Path(__file__).parents[2]


class TestResources:
    def test_the_glue_table_is_the_templates(self, stack: LocalStack) -> None:
        (declared,) = stack.template.of_type("AWS::Glue::Table").values()
        created = stack.aws.client("glue").get_table(
            DatabaseName=declared["DatabaseName"], Name=declared["TableInput"]["Name"]
        )["Table"]
        assert {key: created[key] for key in declared["TableInput"]} == declared["TableInput"]

    def test_the_workgroup_is_the_templates(self, stack: LocalStack) -> None:
        (declared,) = stack.template.of_type("AWS::Athena::WorkGroup").values()
        created = stack.aws.client("athena").get_work_group(WorkGroup=WORKGROUP)["WorkGroup"]
        settings = declared["WorkGroupConfiguration"]
        assert {key: created["Configuration"][key] for key in settings} == settings

    def test_every_bucket_of_the_template_is_there_encrypted_in_the_stacks_region(
        self, stack: LocalStack
    ) -> None:
        s3 = stack.aws.client("s3")
        buckets = list(stack.template.of_type("AWS::S3::Bucket"))
        assert {"CallLogBucket", "ExportBucket"} <= set(buckets)
        for bucket in map(stack.template.physical_name, buckets):
            location = s3.get_bucket_location(Bucket=bucket)["LocationConstraint"]
            assert location == "eu-central-1"
            stored = s3.put_object(Bucket=bucket, Key="probe/x", Body=b"")
            assert stored["ServerSideEncryption"] == "aws:kms"


class TestCallLogs:
    def test_files_are_found_by_their_path_and_hidden_ones_are_not(self, tmp_path: Path) -> None:
        table = calls([{"call_id": "a"}])
        for name in ("b", "a", ".hidden", "_part"):
            write_call_log(tmp_path, "ws-1", "2026-01-31", table, name)
        write_call_log(tmp_path / "_temporary", "ws-1", "2026-01-31", table)
        (tmp_path / "README.md").write_text("about these logs")

        assert [path.as_posix() for path in call_log_files(tmp_path)] == [
            "workspace_id=ws-1/day=2026-01-31/a.parquet",
            "workspace_id=ws-1/day=2026-01-31/b.parquet",
        ]

    @pytest.mark.parametrize(
        "path",
        [
            "calls.parquet",
            "day=2026-01-31/calls.parquet",
            "workspace_id=ws-1/calls.parquet",
            "workspace_id=ws-1/day=2026-01-31/hour=1/calls.parquet",
            "workspace_id=ws-1/day=2026-02-30/calls.parquet",
            "workspace_id=ws-1/day=20260131/calls.parquet",
            "workspace_id=w s/day=2026-01-31/calls.parquet",
            "workspace_id=/day=2026-01-31/calls.parquet",
            "Workspace_Id=ws-1/day=2026-01-31/calls.parquet",
        ],
    )
    def test_a_file_outside_the_layout_is_named_with_what_it_should_be(
        self, tmp_path: Path, path: str
    ) -> None:
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"PAR1....PAR1")
        with pytest.raises(CallLogsError) as raised:
            call_log_files(tmp_path)
        assert str(raised.value) == (
            f"{path} in {tmp_path} is not where a call log lies: it should be "
            "workspace_id=<id>/day=<yyyy-MM-dd>/<name>.parquet."
        )

    @pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1 cut off", b"call_id,called_at"])
    def test_a_file_that_is_no_parquet_is_named(self, tmp_path: Path, content: bytes) -> None:
        file = tmp_path / "workspace_id=ws-1/day=2026-01-31/calls.parquet"
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
        with pytest.raises(CallLogsError, match="is not a Parquet file"):
            call_log_files(tmp_path)

    def test_a_folder_that_is_missing_or_empty_is_said_to_be(self, tmp_path: Path) -> None:
        with pytest.raises(CallLogsError, match="There is no folder of call logs at"):
            call_log_files(tmp_path / "nowhere")
        with pytest.raises(CallLogsError, match="There are no call logs in"):
            call_log_files(tmp_path)

    def test_a_folder_that_is_refused_adds_nothing(self, stack: LocalStack, tmp_path: Path) -> None:
        write_call_log(tmp_path, "ws-halfway", "2026-01-31", calls([{"call_id": "a"}]))
        (tmp_path / "stray.parquet").write_bytes(b"PAR1....PAR1")
        with pytest.raises(CallLogsError):
            stack.aws.add_call_logs(tmp_path)
        listed = stack.aws.client("s3").list_objects_v2(
            Bucket=stack.template.physical_name("CallLogBucket"),
            Prefix="api_calls/workspace_id=ws-halfway/",
        )
        assert listed["KeyCount"] == 0


def test_of_many_who_create_one_object_at_once_one_succeeds(stack: LocalStack) -> None:
    s3 = stack.aws.client("s3")
    bucket = stack.template.physical_name("ExportBucket")

    def create(attempt: int) -> str:
        try:
            s3.put_object(Bucket=bucket, Key="once", Body=str(attempt).encode(), IfNoneMatch="*")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "created"

    with ThreadPoolExecutor(8) as clients:
        outcomes = sorted(clients.map(create, range(24)))
    assert outcomes == ["PreconditionFailed"] * 23 + ["created"]


@pytest.mark.parametrize(
    ("headers", "at_once"),
    [({}, True), ({"HTTP_IF_NONE_MATCH": "*"}, False), ({"HTTP_IF_MATCH": '"etag"'}, False)],
)
def test_conditional_writes_are_answered_one_at_a_time(
    headers: dict[str, str], at_once: bool
) -> None:
    both_inside = Barrier(2)

    def check_and_write(_environ: dict[str, Any], _start: Callable[..., Any]) -> list[bytes]:
        try:
            both_inside.wait(0.5 if at_once else 0.05)
        except BrokenBarrierError:
            return [b"alone"]
        return [b"with another"]

    app = with_atomic_conditional_writes(check_and_write)
    request = {"REQUEST_METHOD": "PUT", **headers}
    with ThreadPoolExecutor(2) as clients:
        answers = list(clients.map(lambda _: list(app(dict(request), print)), range(2)))
    assert answers == [[b"with another" if at_once else b"alone"]] * 2


def test_a_presigned_url_ends_after_its_time(stack: LocalStack) -> None:
    s3, bucket = stack.aws.client("s3"), stack.template.physical_name("ExportBucket")
    s3.put_object(Bucket=bucket, Key="athena/short-lived.csv", Body=b"x")

    def status(seconds: int, wait: float = 0) -> int:
        url = s3.generate_presigned_url(
            "get_object", {"Bucket": bucket, "Key": "athena/short-lived.csv"}, ExpiresIn=seconds
        )
        time.sleep(wait)
        answer = urllib3.request("GET", url)
        assert (b"Request has expired" in answer.data) is (answer.status == 403)
        return answer.status

    assert (status(600), status(1, wait=2.1)) == (200, 403)


def test_a_second_one_in_the_same_process_is_refused(stack: LocalStack) -> None:
    with (
        pytest.raises(RuntimeError, match="running in this process already"),
        LocalAws(Template.load()),
    ):
        pass
    assert stack.aws.client("s3").list_buckets()["Buckets"]  # the first has lost nothing


# In a process of its own: moto's state is one per process, and the tests' stack has it here.
ONE_AFTER_ANOTHER = """
import json, sys, threading, time
from pathlib import Path
from local.aws import LocalAws
from local.template import Template

seen = []
for parameters in ({}, {"CallLogBucketName": "logs-of-another-team"}):
    with LocalAws(Template.load(parameters=parameters)) as aws:
        s3 = aws.client("s3")
        before = aws.client("athena").list_query_executions(WorkGroup="api-usage-export")
        aws.add_call_logs(Path(sys.argv[1]))
        aws.client("athena").start_query_execution(
            QueryString="SELECT count(*) FROM UNNEST(sequence(1, 1000000)) a(x) "
            "CROSS JOIN UNNEST(sequence(1, 1000000)) b(y) WHERE (x * y) % 7 = 3",
            WorkGroup="api-usage-export",
        )
        time.sleep(0.3)
        seen.append({
            "queries": before["QueryExecutionIds"],
            "buckets": sorted(b["Name"] for b in s3.list_buckets()["Buckets"]),
        })
        started = time.monotonic()
    seen[-1]["threads"] = [thread.name for thread in threading.enumerate()][1:]
    seen[-1]["seconds"] = time.monotonic() - started
json.dump(seen, sys.stdout)
"""


def test_one_after_another_each_starts_empty_and_ends_with_its_queries(tmp_path: Path) -> None:
    logs, scratch = tmp_path / "logs", tmp_path / "scratch"
    write_call_log(logs, "ws-1", "2026-01-31", calls([{"call_id": "a"}]))
    scratch.mkdir()
    done = subprocess.run(  # noqa: S603 - this interpreter, and a constant
        [sys.executable, "-W", "error", "-c", ONE_AFTER_ANOTHER, str(logs)],
        cwd=ROOT,
        env={"TMPDIR": str(scratch), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, second = json.loads(done.stdout)
    assert first["queries"] == second["queries"] == []
    assert "logs-of-another-team" in second["buckets"]
    assert "logs-of-another-team" not in first["buckets"]
    assert first["threads"] == second["threads"] == []
    assert max(first["seconds"], second["seconds"]) < 5
    assert list(scratch.iterdir()) == []
