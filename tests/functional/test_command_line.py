"""`python -m local`, as a person runs it."""

import json
import os
import subprocess
import sys
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from tests.parquet_oracle import HEADER, csv_rows, logged_calls, total_cost

ROOT = Path(__file__).parents[2]
REAL_CALLS = ROOT.parent / "shared" / "data" / "real-calls"
needs_real_calls = pytest.mark.skipif(
    not REAL_CALLS.is_dir(), reason=f"the real call logs are not here: {REAL_CALLS}"
)


def local(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - this project's own command
        [sys.executable, "-m", "local", *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@needs_real_calls
def test_the_real_calls_are_exported_row_by_row_with_the_totals_they_must_give(
    tmp_path: Path,
) -> None:
    file = tmp_path / "azure.csv"
    asked = ("--start", "2023-11-16", "--end", "2023-11-16", "--output", file)
    done = local("export", "--call-logs", REAL_CALLS, "--workspace", "ws-azure", *asked)
    assert done.returncode == 0, done.stderr

    header, rows = csv_rows(file.read_bytes())
    assert header == HEADER
    assert rows == logged_calls(
        REAL_CALLS,
        "ws-azure",
        datetime(2023, 11, 16),  # noqa: DTZ001 - naive is UTC here
        datetime(2023, 11, 17),  # noqa: DTZ001
    )
    # what the data's own description says of it
    assert len(rows) == 28_185
    assert (rows[0][0], rows[-1][0]) == ("2023-11-16 18:15:46.681", "2023-11-16 19:14:19.928")
    assert sum(int(row[5] or 0) for row in rows) == 40_421_844
    assert sum(int(row[6] or 0) for row in rows) == 4_334_561
    assert total_cost(rows) == Decimal("534.255270")
    for figure in ("28,185", "40,421,844", "4,334,561", "534.25527 USD"):
        assert figure in done.stdout


def test_json_is_the_apis_response_alone(call_logs: Path, tmp_path: Path) -> None:
    file = tmp_path / "week.csv"
    done = local(
        "export", "--call-logs", call_logs, "--workspace", "ws-acme", "--period", "last_7_days",
        "--timezone", "Europe/Berlin", "--output", file, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    export = json.loads(done.stdout)
    assert export["status"] == "succeeded"
    assert export["request"]["timezone"] == "Europe/Berlin"
    assert export["file"]["size_bytes"] == file.stat().st_size
    assert len(csv_rows(file.read_bytes())[1]) == export["row_count"]


def test_over_the_row_limit_the_count_and_the_suggested_timeframes_are_printed(
    call_logs: Path, tmp_path: Path
) -> None:
    file = tmp_path / "none.csv"
    done = local(
        "export", "--call-logs", call_logs, "--workspace", "ws-acme", "--row-limit", "100",
        "--output", file,
    )  # fmt: skip
    assert done.returncode == 3
    assert "100" in done.stdout
    assert "Narrow your date range" in done.stdout
    assert done.stdout.count("T00:00:00.000Z") > 10  # the timeframes, to be pasted
    assert not file.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--start", "2026-02-30"], "start"),
        (["--start", "2026-01-02", "--end", "2026-01-01"], "start"),
        (["--timezone", "Mars/Olympus"], "timezone"),
        (["--period", "fortnight"], "--period"),
        (["--row-limit", "0"], "--row-limit"),
        (["--row-limit", "1000001"], "--row-limit"),
        (["--workspace", "ws/acme"], "--workspace"),
        (["--call-logs", "/no/such/folder", "--workspace", "ws-acme"], "/no/such/folder"),
        (["--output", "/no/such/folder/file.csv"], "/no/such/folder"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(call_logs: Path, arguments: list[str], said: str) -> None:
    asked = ["--call-logs", str(call_logs), "--workspace", "ws-acme", *arguments]
    done = local("export", *asked)
    assert done.returncode == 2
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_without_a_workspace_the_only_one_is_taken_or_all_are_named(call_logs: Path) -> None:
    done = local("export", "--call-logs", call_logs)
    assert done.returncode == 2
    for workspace in ("ws-acme", "ws-globex", "ws-hooli", "ws-initech"):
        assert workspace in done.stderr


def test_seed_makes_what_export_reads(tmp_path: Path) -> None:
    folder = tmp_path / "calls"
    made = local(
        "seed", "--rows", "500", "--days", "8", "--end", "2026-03-01", "--output", folder
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    done = local(
        "export", "--call-logs", folder, "--workspace", "ws-acme", "--start", "2026-02-20",
        "--end", "2026-03-01", "--output", tmp_path / "all.csv", "--json",
    )  # fmt: skip
    assert json.loads(done.stdout)["row_count"] == 300  # the busiest workspace's three fifths


def test_the_shells_own_aws_and_proxy_settings_do_not_matter(
    call_logs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "many")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    output = tmp_path / "calls.csv"
    done = local(
        "export", "--call-logs", call_logs, "--workspace", "ws-acme", "--output", output
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert output.is_file()


def test_what_is_no_file_is_not_replaced(call_logs: Path, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    done = local("export", "--call-logs", call_logs, "--workspace", "ws-acme", "--output", pipe)
    assert done.returncode == 2
    assert "neither a file nor a folder" in done.stderr
    assert pipe.is_fifo()


def test_with_split_several_files_hold_what_one_would(call_logs: Path, tmp_path: Path) -> None:
    asked = ("--call-logs", call_logs, "--workspace", "ws-acme", "--period", "last_7_days")
    whole, folder = tmp_path / "whole.csv", tmp_path / "parts"
    folder.mkdir()
    assert local("export", *asked, "--output", whole).returncode == 0
    done = local("export", *asked, "--output", folder, "--row-limit", "100", "--split")
    assert done.returncode == 0, done.stderr
    _, rows = csv_rows(whole.read_bytes())
    parts = [csv_rows(file.read_bytes())[1] for file in sorted(folder.iterdir())]
    assert len(parts) > 1
    assert max(map(len, parts)) <= 100
    assert [row for part in parts for row in part] == rows
    assert f"{len(rows):,}" in done.stdout


def test_a_split_export_goes_into_a_folder(call_logs: Path, tmp_path: Path) -> None:
    done = local("export", "--call-logs", call_logs, "--split", "--output", tmp_path / "one.csv")
    assert done.returncode == 2
    said = " ".join(done.stderr.replace("│", " ").split())  # out of its box
    assert "must be a folder" in said


def test_a_schedules_event_is_run_as_of_now_and_its_mail_is_shown(
    call_logs: Path, tmp_path: Path
) -> None:
    event = tmp_path / "event.json"
    arn = "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/weekly"
    event.write_text(
        json.dumps({"workspace_id": "ws-acme", "period": "last_7_days", "schedule_arn": arn})
    )
    done = local("invoke", event, "--call-logs", call_logs, "--output", tmp_path / "files")
    assert done.returncode == 0, done.stderr
    (file,) = (tmp_path / "files").iterdir()
    _, rows = csv_rows(file.read_bytes())
    answer, mail = done.stdout.split("\nFile: ")
    assert json.loads(answer)["row_count"] == len(rows) > 0
    assert json.loads(answer)["delivered_to"].split("/")[3:7] == [
        "scheduled", "ws-acme", "default", "weekly",
    ]  # fmt: skip
    assert "Mail: API usage export succeeded: ws-acme" in mail
    assert f"Calls:        {len(rows):,}\n" in mail
    assert "X-Amz" not in mail


def test_a_mistake_in_an_event_names_its_fields(call_logs: Path, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text('{"workspace_id": "ws-acme", "period": "fortnight", "colour": "red"}')
    done = local("invoke", event, "--call-logs", call_logs, "--output", tmp_path)
    assert done.returncode == 2
    assert {error["field"] for error in json.loads(done.stdout)["errors"]} == {"period", "colour"}
    assert list(tmp_path.iterdir()) == [event]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such-file.json"], "no-such-file.json"),
        (["README.md"], "not JSON"),
        (["events/direct.json", "--function", "NoFunction"], "ExportFunction"),
    ],
)
def test_what_cannot_be_invoked_is_told_in_a_sentence(
    call_logs: Path, arguments: list[str], said: str
) -> None:
    done = local("invoke", *arguments, "--call-logs", call_logs)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_month_of_a_schedule_is_run_at_once(call_logs: Path, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    arn = "<aws.scheduler.schedule-arn>"
    event.write_text(
        json.dumps({"workspace_id": "ws-acme", "period": "yesterday", "schedule_arn": arn})
    )
    done = local(
        "schedule", event, "--expression", "cron(0 6 * * ? *)", "--days", "3",
        "--call-logs", call_logs, "--output", tmp_path / "files",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    days = {file.name.split("_")[2] for file in (tmp_path / "files").iterdir()}
    assert len(days) == done.stdout.count("succeeded") == 3


def test_a_scheduled_time_may_have_an_offset(call_logs: Path, tmp_path: Path, today: date) -> None:
    event = tmp_path / "event.json"
    arn = "<aws.scheduler.schedule-arn>"
    event.write_text(
        json.dumps({"workspace_id": "ws-acme", "period": "yesterday", "schedule_arn": arn})
    )
    asked = ("--call-logs", call_logs, "--output", tmp_path / "files")
    day_before, scheduled = today - timedelta(days=2), f"{today}T01:00:00+05:00"
    done = local("invoke", event, "--scheduled-time", scheduled, *asked)
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout.split("\nFile: ")[0])
    assert answer["timeframe"]["start"] == f"{day_before}T00:00:00.000Z"


def test_an_event_of_no_schedule_is_not_run_as_one(call_logs: Path) -> None:
    done = local("schedule", "events/direct.json", "--call-logs", call_logs)
    assert done.returncode == 2
    assert "names no schedule_arn" in done.stderr
