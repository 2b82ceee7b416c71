"""What the command line tells, where another program reads it."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from local import report

COST = "260028.972921443200000001"
FOLDER = "s3://exports/scheduled/ws-acme/a-group/a-schedule-with-a-long-name/2026-01-01_2026-01-31/"


def test_suggested_timeframes_can_be_pasted_whole(capsys: pytest.CaptureFixture[str]) -> None:
    part = {
        "start": "2026-01-01T00:00:00.000Z",
        "end": "2026-01-16T23:00:00.000Z",
        "rows": 999_999_999,
        "fits": False,
        "cost_usd": COST,
    }
    report.no_file({"title": "T", "detail": "D", "suggested_timeframes": [part]}, Path("logs"))
    line = capsys.readouterr().out.splitlines()[-1]
    assert line.split() == [
        part["start"], part["end"], "999,999,999", "over", "the", "limit", "alone", COST,
    ]  # fmt: skip


def test_the_runs_of_a_schedule_are_a_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    when = datetime(2026, 2, 1, 5, tzinfo=UTC)
    made = {
        "id": "7ybq",
        "workspace_id": "ws-acme",
        "status": "succeeded",
        "control_totals": {"rows": 25_488, "cost_usd": COST},
        "files": [{}, {}],
        "delivered_to": FOLDER,
    }
    detail = "Correct these fields and send it again: " + "workspace_id, " * 9
    refused = {"status": 422, "detail": detail}
    report.scheduled([(when, [made, refused])], ZoneInfo("Europe/Berlin"), Path("exports"))
    _, first, second, delivered, _ = capsys.readouterr().out.splitlines()
    assert first.split() == [
        "2026-02-01", "06:00", "ws-acme", "succeeded", "25,488", COST, "2",
    ]  # fmt: skip
    assert detail.strip() in second
    assert delivered == f"Delivered to {FOLDER}"
