"""`python -m local check-logs`, as a person runs it, on a folder and on S3."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from local.aws import LocalAws
from local.sample_call_logs import write_sample_call_logs
from local.stack import LocalStack
from tests.functional.athena_caller import calls, write_call_log
from tests.functional.operators_shell import KEYS, NO_AWS

ROOT = Path(__file__).parents[2]
DAY = "2026-01-31"
FILE = f"workspace_id=ws-acme/day={DAY}/calls.parquet"


def check_logs(
    *arguments: str | Path, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(  # noqa: S603 - this project's own command
        [sys.executable, "-m", "local", "check-logs", *map(str, arguments)],
        cwd=ROOT,
        env={**kept, **NO_AWS, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """What a command that could not read says, and nothing else."""
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    said = " ".join(done.stderr.split())
    assert said.endswith(".")
    return said


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs") / "calls"
    write_sample_call_logs(folder, rows=600, days=3, end=datetime.now(UTC).date(), seed=7)
    return folder


@pytest.fixture
def wrong(tmp_path: Path) -> Path:
    """Three calls, two of them with input tokens below 0."""
    rows = [
        {
            "call_id": f"call-{number}",
            "called_at": datetime(2026, 1, 31, number),  # noqa: DTZ001 - naive is UTC here
            "api_key_id": "key-1",
            "api_key_name": "production",
            "provider": "openai",
            "model": "gpt-5",
            "call_type": "completion",
            "input_tokens": -number,
            "output_tokens": 1,
            "input_token_price": 1,
            "output_token_price": 1,
        }
        for number in range(3)
    ]
    write_call_log(tmp_path, "ws-acme", DAY, calls(rows), "calls")
    return tmp_path


@pytest.fixture
def aws(stack: LocalStack) -> LocalAws:
    return stack.aws


def bucket_with(aws: LocalAws, name: str, folder: Path, prefix: str = "") -> str:
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    for file in folder.rglob("*"):
        if file.is_file():
            key = prefix + file.relative_to(folder).as_posix()
            s3.put_object(Bucket=name, Key=key, Body=file.read_bytes())
    return f"s3://{name}/{prefix}"


def test_clean_logs_say_nothing_on_standard_output(samples: Path) -> None:
    done = check_logs(samples)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert "Clean: 600 calls" in done.stderr


def test_days_are_utc_wherever_the_command_runs(samples: Path) -> None:
    for zone in ("Asia/Tokyo", "America/Los_Angeles"):
        done = check_logs(samples, environment={"TZ": zone})
        assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_a_finding_is_one_line_on_standard_output(wrong: Path) -> None:
    done = check_logs(wrong)
    assert done.returncode == 1, done.stderr
    (line,) = done.stdout.splitlines()
    assert line.startswith(f"{FILE}: input_tokens: negative: 2 calls, such as -")
    assert "1 finding: 3 calls in 1 file." in done.stderr


@pytest.mark.parametrize(
    "arguments", [["/no/such/folder"], [__file__], ["s3://"], ["s3://NOT_a_bucket/x"]]
)
def test_what_is_no_place_is_said_in_a_sentence(arguments: list[str]) -> None:
    one_sentence(check_logs(*arguments))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_read_is_said_in_a_sentence(wrong: Path) -> None:
    (wrong / FILE).chmod(0)
    assert FILE in one_sentence(check_logs(wrong))


def test_a_sample_is_at_least_one_file(samples: Path) -> None:
    assert check_logs(samples, "--sample", "0").returncode == 2
    assert "in 1 file." in check_logs(samples, "--sample", "1").stderr


def test_a_call_again_on_another_day_is_found_unless_days_are_looked_at_alone(
    wrong: Path,
) -> None:
    again = wrong / "workspace_id=ws-acme" / "day=2026-02-01"
    again.mkdir()
    (again / "calls.parquet").write_bytes((wrong / FILE).read_bytes())
    assert ": call_id: duplicate: 3 calls, such as " in check_logs(wrong).stdout
    alone = check_logs(wrong, "--duplicates-within", "day")
    assert alone.returncode == 1
    assert "duplicate" not in alone.stdout


def test_the_first_day_is_the_one_of_the_deployment(wrong: Path) -> None:
    found = check_logs(wrong, "--first-day", "2026-02-01")
    assert f"{FILE}: day: unread-day: 1 file, such as {DAY}: " in found.stdout
    assert "read from 2026-02-01" in found.stdout
    assert "unread-day" not in check_logs(wrong, "--first-day", DAY).stdout
    assert "FirstDay" in one_sentence(check_logs(wrong, "--first-day", "yesterday"))
    never = one_sentence(check_logs(wrong, "--first-day", "2026-02-30"))
    assert never == "There is no day '2026-02-30' for FirstDay."


def test_a_variable_that_is_not_set_is_not_the_folder_that_the_shell_is_in() -> None:
    assert one_sentence(check_logs("")).startswith("The place of the call logs is empty")


def test_whoever_stops_reading_ends_it_without_a_word(wrong: Path) -> None:
    with subprocess.Popen(  # noqa: S603 - this project's own command
        [sys.executable, "-m", "local", "check-logs", wrong],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == ""
    assert running.returncode == 1


class TestS3:
    def test_logs_in_s3_are_read_with_the_shells_credentials(
        self, aws: LocalAws, samples: Path
    ) -> None:
        address = bucket_with(aws, "clean-logs", samples, "some/api_calls/")
        for place in (address, address.rstrip("/"), f"{address}workspace_id=ws-acme"):
            done = check_logs(place, environment=aws.environment)
            assert (done.returncode, done.stdout) == (0, ""), done.stderr
            assert "Clean: " in done.stderr

    def test_findings_in_s3_are_those_of_the_same_folder(self, aws: LocalAws, wrong: Path) -> None:
        write_call_log(wrong, "ws", DAY, calls([{"call_id": "x"}]), "calls")
        place = bucket_with(aws, "wrong-logs", wrong)
        found = check_logs(place, environment=aws.environment)
        assert found.returncode == 1
        assert len(found.stdout.splitlines()) > 5
        assert found.stdout == check_logs(wrong).stdout

    def test_a_large_object_is_fetched_in_pieces(self, aws: LocalAws, tmp_path: Path) -> None:
        row = {"input_tokens": -1, "model": "m" * 500}
        rows = [row | {"call_id": os.urandom(128).hex()} for _ in range(60_000)]
        write_call_log(tmp_path, "ws", DAY, calls(rows), "calls")
        assert (tmp_path / f"workspace_id=ws/day={DAY}/calls.parquet").stat().st_size > 8 << 20
        place = bucket_with(aws, "large-logs", tmp_path)
        found = check_logs(place, environment=aws.environment)
        assert "input_tokens: negative: 60,000 calls" in found.stdout, found.stderr
        assert found.stdout == check_logs(tmp_path).stdout

    def test_a_bucket_or_a_prefix_that_is_not_there(self, aws: LocalAws) -> None:
        said = one_sentence(check_logs("s3://no-such-bucket/x", environment=aws.environment))
        assert said == "There is no bucket no-such-bucket."
        bucket_with(aws, "empty-logs", ROOT / "no-such-folder")
        said = one_sentence(check_logs("s3://empty-logs/x", environment=aws.environment))
        assert said == "There are no call logs at s3://empty-logs/x/."

    def test_without_credentials(self, aws: LocalAws) -> None:
        endpoint = {"AWS_ENDPOINT_URL": aws.endpoint_url}
        said = one_sentence(check_logs("s3://some-logs/x", environment=endpoint))
        assert "There are no AWS credentials" in said

    def test_a_profile_that_is_not_there(self) -> None:
        profile = {"AWS_PROFILE": "no-such-profile"}
        said = one_sentence(check_logs("s3://some-logs/x", environment=profile))
        assert "no-such-profile" in said

    def test_s3_that_does_not_answer(self) -> None:
        nowhere = KEYS | {"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}
        said = one_sentence(check_logs("s3://some-logs/x", environment=nowhere))
        assert "cannot be reached" in said

    def test_a_bucket_in_another_region_is_found_there(self) -> None:
        with s3_of_another_region("ap-south-1") as endpoint:
            elsewhere = KEYS | {"AWS_REGION": "eu-central-1", "AWS_ENDPOINT_URL": endpoint}
            said = one_sentence(check_logs("s3://some-logs/x", environment=elsewhere))
        assert said == "There are no call logs at s3://some-logs/x/."

    @pytest.mark.parametrize(
        ("lists", "message", "named"),
        [
            (False, "Access Denied", "s3:ListBucket on s3://some-logs."),
            (True, "Access Denied", f"s3:GetObject on s3://some-logs/{FILE}."),
            (
                True,
                "User: x is not authorized to perform: kms:Decrypt on resource: y because z",
                f"kms:Decrypt on s3://some-logs/{FILE}.",
            ),
        ],
    )
    def test_the_permission_that_is_missing_is_named(
        self, lists: bool, message: str, named: str
    ) -> None:
        with denying_s3(lists, message) as endpoint:
            done = check_logs("s3://some-logs", environment=KEYS | {"AWS_ENDPOINT_URL": endpoint})
        assert one_sentence(done) == f"Your credentials lack {named}"


@contextmanager
def denying_s3(lists: bool, message: str) -> Iterator[str]:
    """An S3 that denies all, but for listing a bucket with one call log."""
    listing = (
        f"<ListBucketResult><Contents><Key>{FILE}</Key><Size>999</Size></Contents>"
        "<IsTruncated>false</IsTruncated></ListBucketResult>"
    )
    denial = f"<Error><Code>AccessDenied</Code><Message>{message}</Message></Error>"

    def answer(request: BaseHTTPRequestHandler) -> tuple[int, str, dict[str, str]]:
        is_listed = lists and "list-type=2" in request.path
        return (200, listing, {}) if is_listed else (403, denial, {})

    with s3_that(answer) as endpoint:
        yield endpoint


@contextmanager
def s3_of_another_region(region: str) -> Iterator[str]:
    """An S3 whose buckets are empty and in this region; it says so to who asks in others."""
    moved = "<Error><Code>PermanentRedirect</Code><Message>It is elsewhere.</Message></Error>"

    def answer(request: BaseHTTPRequestHandler) -> tuple[int, str, dict[str, str]]:
        if f"/{region}/s3/" in request.headers["Authorization"]:
            return 200, "<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>", {}
        return 301, moved, {"x-amz-bucket-region": region}

    with s3_that(answer) as endpoint:
        yield endpoint


@contextmanager
def s3_that(
    answer: Callable[[BaseHTTPRequestHandler], tuple[int, str, dict[str, str]]],
) -> Iterator[str]:
    """An S3 that answers a GET with this status, body and headers."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, headers = answer(self)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body.encode()))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body.encode())

        log_message: Callable[..., None] = lambda *_: None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
