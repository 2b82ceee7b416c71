"""Scheduled exports: left for collection in S3, told of by SNS, and made once however delivered."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.stack import LocalStack
from tests.functional.conftest import Caller
from tests.functional.limited import Limited
from tests.functional.unattended import (
    HOUR,
    Inbox,
    Traces,
    assert_holds,
    log_calls,
    scheduled_event,
)
from tests.parquet_oracle import logged_calls

MONTHLY = "ws-monthly"
MAY_1 = datetime(2025, 5, 1, 4, tzinfo=UTC)  # six o'clock in Berlin
APRIL = (  # in Berlin
    datetime.fromisoformat("2025-03-31T22:00"),
    datetime.fromisoformat("2025-04-30T22:00"),
)
SUMS = ("rows", "input_tokens", "output_tokens", "cost_usd", "unpriced_calls")


@dataclass(frozen=True)
class Delivered:
    """A scheduled export, and the messages of SNS about it."""

    event: dict[str, Any]
    export: dict[str, Any]
    envelopes: list[dict[str, Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The calls of this module's workspaces."""
    return tmp_path_factory.mktemp("schedules") / "call-logs"


def some_calls(stack: LocalStack, folder: Path, workspace: str) -> None:
    """Calls at both ends of April in Berlin, a few within, and some before and after."""
    start, end = APRIL
    moment = timedelta(milliseconds=1)
    within = [start + number * 31 * HOUR for number in range(24)]
    log_calls(stack, folder, workspace, [start - moment, *within, end - moment, end, end + HOUR])


@pytest.fixture(scope="module")
def april(stack: LocalStack, folder: Path) -> Delivered:
    some_calls(stack, folder, MONTHLY)
    inbox = Inbox(stack, workspace_id=[MONTHLY])
    event = scheduled_event(MONTHLY, "april", MAY_1)
    return Delivered(event, stack.invoke("ExportFunction", event), inbox.envelopes())


def without_what_is_the_originals(file: dict[str, Any]) -> dict[str, Any]:
    left_out = ("download_url", "download_url_expires_at", "expires_at")
    return {name: value for name, value in file.items() if name not in left_out}


def test_the_month_before_the_scheduled_time_is_exported(
    april: Delivered, admin: Caller, folder: Path
) -> None:
    rows = assert_holds(admin, april.export, folder, *APRIL)
    assert len(rows) == 25
    assert april.export["trigger"] == "schedule"
    assert april.export["requested_by"] == april.event["schedule_arn"]


def test_the_file_is_copied_to_the_folder_of_schedule_and_period(
    april: Delivered, admin: Caller, stack: LocalStack
) -> None:
    traces = Traces(stack, MONTHLY)
    bucket = stack.template.physical_name("ExportBucket")
    address = f"s3://{bucket}/scheduled/{MONTHLY}/default/april/2025-04-01_2025-04-30/"
    assert april.export["delivered_to"] == address
    delivered = traces.delivered(april.export)
    file = april.export["file"]
    assert set(delivered) == {file["name"], "manifest.json"}
    assert delivered[file["name"]] == admin.download(file["download_url"])[1]
    of_the_copy = without_what_is_the_originals(file)
    told = april.export | {"file": of_the_copy, "files": [of_the_copy]}
    assert json.loads(delivered["manifest.json"]) == told
    assert "X-Amz" not in delivered["manifest.json"].decode()


def test_each_of_several_files_is_copied(
    stack: LocalStack, folder: Path, admin: Caller, tmp_path: Path
) -> None:
    workspace = "ws-monthly-split"
    some_calls(stack, folder, workspace)
    with Limited(stack, tmp_path) as limited:
        export = limited.to(10).invoke(scheduled_event(workspace, "split", MAY_1, on_limit="split"))
    assert_holds(admin, export, folder, *APRIL)
    delivered = Traces(stack, workspace).delivered(export)
    manifest = json.loads(delivered.pop("manifest.json"))
    assert len(delivered) == len(export["files"]) > 1
    for file, told in zip(export["files"], manifest["files"], strict=True):
        assert delivered[file["name"]] == admin.download(file["download_url"])[1]
        assert told == without_what_is_the_originals(file)


def test_one_message_tells_of_it_with_figures_and_without_a_url(april: Delivered) -> None:
    (envelope,) = april.envelopes
    export, file = april.export, april.export["file"]
    assert json.loads(envelope["Message"]) == {
        "export_id": export["id"],
        "workspace_id": MONTHLY,
        "outcome": "succeeded",
        "trigger": "schedule",
        "requested_by": april.event["schedule_arn"],
        "request": {"period": "previous_month", "timezone": "Europe/Berlin"},
        "timeframe": export["timeframe"],
        "row_limit": export["row_limit"],
        "control_totals": {name: export["control_totals"][name] for name in SUMS},
        "files": [{"name": file["name"], "size_bytes": file["size_bytes"]}],
        "delivered_to": export["delivered_to"],
        "error": None,
        "page": None,
    }
    assert envelope["Subject"] == f"API usage export succeeded: {MONTHLY}"
    assert {name: sent["Value"] for name, sent in envelope["MessageAttributes"].items()} == {
        "workspace_id": MONTHLY,
        "outcome": "succeeded",
        "trigger": "schedule",
    }
    assert "X-Amz" not in envelope["Message"]
    assert "http" not in envelope["Message"]


def test_subscriptions_can_be_of_some_outcomes_alone(
    stack: LocalStack, folder: Path, tmp_path: Path
) -> None:
    workspace = "ws-monthly-outcomes"
    some_calls(stack, folder, workspace)
    bad, good = Inbox(stack, outcome=["rejected", "failed"]), Inbox(stack, outcome=["succeeded"])
    with Limited(stack, tmp_path) as limited:
        rejected = limited.to(10).invoke(scheduled_event(workspace, "rejected", MAY_1))
    assert rejected["status"] == "rejected"
    assert Traces(stack, workspace).folders() == []
    (told,) = bad.messages()
    assert good.messages() == []
    assert (told["export_id"], told["outcome"]) == (rejected["id"], "rejected")
    assert told["error"]["type"] == "urn:api-usage-export:problem:row-limit-exceeded"
    assert told["control_totals"]["rows"] == 25
    assert (told["files"], told["delivered_to"]) == ([], None)


def deliver(stack: LocalStack, events: list[dict[str, Any]], at_once: int) -> list[Any]:
    with ThreadPoolExecutor(at_once) as threads:
        return list(threads.map(lambda event: stack.invoke("ExportFunction", event), events))


@pytest.mark.parametrize(("times", "at_once"), [(1, 1), (2, 1), (3, 1), (5, 1), (2, 2), (5, 5)])
def test_however_often_one_run_is_delivered_there_is_one_export(
    stack: LocalStack, folder: Path, admin: Caller, times: int, at_once: int
) -> None:
    workspace = f"ws-times-{times}-{at_once}"
    some_calls(stack, folder, workspace)
    inbox, traces = Inbox(stack, workspace_id=[workspace]), Traces(stack, workspace)
    answers = deliver(stack, [scheduled_event(workspace, "often", MAY_1)] * times, at_once)
    for export in answers:
        assert_holds(admin, export, folder, *APRIL)
    assert {export["id"] for export in answers} == {traces.export()["id"]}
    assert len(traces.queries()) == 2
    assert len(traces.folders()) == 1
    assert [message["export_id"] for message in inbox.messages()] == [answers[0]["id"]]
    assert traces.marks() == []


def test_runs_that_come_in_another_order_and_days_late_are_each_their_own_month(
    stack: LocalStack, folder: Path, admin: Caller
) -> None:
    workspace = "ws-reordered"
    some_calls(stack, folder, workspace)
    april, march = (
        scheduled_event(workspace, "late", month)
        for month in (MAY_1, datetime(2025, 4, 1, 4, tzinfo=UTC))
    )
    other_text = april | {"scheduled_time": "2025-05-01T06:00:00+02:00"}  # the same instant
    answers = deliver(stack, [april, march, other_text, march, april], at_once=1)
    for export in (answers[0], answers[2], answers[4]):
        assert_holds(admin, export, folder, *APRIL)
    assert [file["rows"] for file in answers[1]["files"]] == [1]
    traces = Traces(stack, workspace)
    assert answers[0]["id"] == answers[2]["id"] == answers[4]["id"] != answers[1]["id"]
    assert len(traces.exports()) == len(traces.folders()) == 2
    assert len(traces.queries()) == 4


def test_a_changed_schedule_is_refused_for_a_run_that_was_made(
    april: Delivered, stack: LocalStack
) -> None:
    inbox, traces = Inbox(stack, workspace_id=[MONTHLY]), Traces(stack, MONTHLY)
    before = len(traces.queries())
    changed = stack.invoke("ExportFunction", april.event | {"timezone": "UTC"})
    assert changed["type"] == "urn:api-usage-export:problem:schedule-changed"
    assert [message["outcome"] for message in inbox.messages()] == ["refused"]
    assert len(traces.queries()) == before
    assert traces.export()["id"] == april.export["id"]


@dataclass(frozen=True)
class Month:
    """A month of 2025, from local midnight to local midnight, in UTC; written down by hand."""

    zone: str
    number: int
    start: str
    end: str
    hours: int


# The clocks of Berlin changed on March 30 and October 26, those of New York on March 9 and
# November 2.
@pytest.mark.parametrize(
    "month",
    [
        Month("Europe/Berlin", 3, "2025-02-28T23:00", "2025-03-31T22:00", 743),
        Month("Europe/Berlin", 10, "2025-09-30T22:00", "2025-10-31T23:00", 745),
        Month("America/New_York", 3, "2025-03-01T05:00", "2025-04-01T04:00", 743),
        Month("America/New_York", 11, "2025-11-01T04:00", "2025-12-01T05:00", 721),
    ],
    ids=lambda month: f"{month.zone} {month.number}",
)
def test_a_month_in_which_the_clocks_change_is_whole(
    stack: LocalStack, folder: Path, admin: Caller, month: Month
) -> None:
    city = month.zone.partition("/")[2].lower().replace("_", "-")
    workspace = f"ws-clocks-{city}-{month.number}"
    first, after = datetime.fromisoformat(month.start), datetime.fromisoformat(month.end)
    assert after - first == month.hours * HOUR
    moment = timedelta(milliseconds=1)
    around = [first + number * HOUR for number in range(-2, month.hours + 2)]
    log_calls(stack, folder, workspace, [*around, first - moment, after - moment])
    scheduled = after.replace(tzinfo=UTC) + 6 * HOUR
    event = scheduled_event(workspace, "clocks", scheduled, timezone=month.zone)
    export = stack.invoke("ExportFunction", event)
    rows = assert_holds(admin, export, folder, first, after)
    assert len(rows) == month.hours + 1
    assert (
        len(logged_calls(folder, workspace, first - 99 * HOUR, after + 99 * HOUR))
        == month.hours + 6
    )
    days = f"2025-{month.number:02}-01_2025-{month.number:02}-{(month.hours + 1) // 24}"
    assert export["delivered_to"].endswith(f"/clocks/{days}/")
