"""Where scheduled exports are delivered, and what is left there."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from shared.aws_errors import ServiceUnavailableError
from shared.delivery import delivery_folder
from shared.export import Export, ExportFile, Part, ResolvedTimeframe, Status, Trigger
from shared.export_request import ExportRequest
from shared.timeframe import TimeframeLimits, TimeframeRequest, resolve_timeframe
from tests.builders import JANUARY, an_export
from tests.fake_unattended import SCHEDULE_ARN, UnattendedSystem

HOUR = timedelta(hours=1)
BERLIN, KOLKATA = "Europe/Berlin", "Asia/Kolkata"
SPLIT_IN_TWO = {JANUARY.start: 60, JANUARY.start + 300 * HOUR: 60}


def scheduled(start: str, end: str, timezone: str = "UTC", **values: Any) -> Export:
    """A scheduled export of a timeframe given in UTC."""
    bounds = (datetime.fromisoformat(f"{text}+00:00") for text in (start, end))
    given: dict[str, Any] = {
        "trigger": Trigger.SCHEDULE,
        "requested_by": SCHEDULE_ARN,
        "request": ExportRequest(timezone=timezone),
        "timeframe": ResolvedTimeframe(**dict(zip(("start", "end"), bounds, strict=True))),
    }
    return an_export(**given | values)


def period(start: str, end: str, timezone: str = "UTC") -> str:
    """The last part of the folder of a timeframe."""
    folder = delivery_folder(scheduled(start, end, timezone))
    assert folder is not None
    assert folder.startswith("scheduled/ws-acme/default/monthly/")
    assert folder.endswith("/")
    return folder.split("/")[-2]


@pytest.mark.parametrize(
    ("timezone", "start", "end", "name"),
    [
        ("UTC", "2026-01-01T00:00", "2026-02-01T00:00", "2026-01-01_2026-01-31"),
        ("UTC", "2026-01-05T00:00", "2026-01-06T00:00", "2026-01-05_2026-01-05"),
        ("UTC", "2024-02-01T00:00", "2024-03-01T00:00", "2024-02-01_2024-02-29"),
        # Summer time begins, and ends, within the month.
        (BERLIN, "2026-02-28T23:00", "2026-03-31T22:00", "2026-03-01_2026-03-31"),
        (BERLIN, "2025-09-30T22:00", "2025-10-31T23:00", "2025-10-01_2025-10-31"),
        ("America/New_York", "2025-03-01T05:00", "2025-04-01T04:00", "2025-03-01_2025-03-31"),
        ("America/New_York", "2025-11-01T04:00", "2025-12-01T05:00", "2025-11-01_2025-11-30"),
        # Days of 23 and of 25 hours.
        (BERLIN, "2026-03-28T23:00", "2026-03-29T22:00", "2026-03-29_2026-03-29"),
        (BERLIN, "2025-10-25T22:00", "2025-10-26T23:00", "2025-10-26_2025-10-26"),
        (KOLKATA, "2026-01-31T18:30", "2026-02-28T18:30", "2026-02-01_2026-02-28"),
        ("Asia/Kathmandu", "2026-01-31T18:15", "2026-02-28T18:15", "2026-02-01_2026-02-28"),
        ("Australia/Lord_Howe", "2026-03-31T13:00", "2026-04-30T13:30", "2026-04-01_2026-04-30"),
        ("Pacific/Kiritimati", "2025-12-31T10:00", "2026-01-31T10:00", "2026-01-01_2026-01-31"),
        # Clocks skip this midnight: the day begins at one o'clock.
        ("Africa/Cairo", "2026-04-23T22:00", "2026-04-24T21:00", "2026-04-24_2026-04-24"),
    ],
)
def test_whole_days_of_the_time_zone_are_named_by_their_dates(
    timezone: str, start: str, end: str, name: str
) -> None:
    assert period(start, end, timezone) == name


@pytest.mark.parametrize(
    ("timezone", "start", "end", "name"),
    [
        ("UTC", "2026-01-01T06:00", "2026-01-01T12:30", "20260101T060000Z_20260101T123000Z"),
        ("UTC", "2026-01-01T00:00", "2026-01-01T23:59", "20260101T000000Z_20260101T235900Z"),
        ("UTC", "2026-01-01T00:01", "2026-01-02T00:00", "20260101T000100Z_20260102T000000Z"),
        # Whole days elsewhere.
        (KOLKATA, "2026-01-31T18:00", "2026-02-28T18:00", "20260131T180000Z_20260228T180000Z"),
        (BERLIN, "2026-03-01T00:00", "2026-04-01T00:00", "20260301T000000Z_20260401T000000Z"),
        # Twenty-four hours, but not the day: it has 23, and 25.
        (BERLIN, "2026-03-28T23:00", "2026-03-29T23:00", "20260328T230000Z_20260329T230000Z"),
        (BERLIN, "2025-10-25T22:00", "2025-10-26T22:00", "20251025T220000Z_20251026T220000Z"),
    ],
)
def test_anything_else_is_named_by_its_instants(
    timezone: str, start: str, end: str, name: str
) -> None:
    assert period(start, end, timezone) == name


@pytest.mark.parametrize("trigger", [Trigger.API, Trigger.DIRECT])
def test_only_scheduled_exports_are_delivered(trigger: Trigger) -> None:
    assert delivery_folder(an_export(trigger=trigger, requested_by=SCHEDULE_ARN)) is None


def test_a_folder_is_of_one_workspace_group_and_schedule() -> None:
    arn = "arn:aws-us-gov:scheduler:us-gov-west-1:123456789012:schedule/reports/acme.daily"
    day = scheduled("2026-01-05T00:00", "2026-01-06T00:00", requested_by=arn, workspace_id="ws-2")
    assert delivery_folder(day) == "scheduled/ws-2/reports/acme.daily/2026-01-05_2026-01-05/"


@pytest.mark.parametrize("timezone", [BERLIN, "America/New_York", "Asia/Kathmandu"])
def test_every_months_folder_is_named_by_its_first_and_last_day(timezone: str) -> None:
    limits = TimeframeLimits(timedelta(0), 366, JANUARY.first_day.replace(year=2024))
    for month in range(1, 13):
        after = datetime(2025 + month // 12, month % 12 + 1, 1)  # noqa: DTZ001 - a local date
        last = after - timedelta(days=1)
        timeframe = resolve_timeframe(
            TimeframeRequest(f"{last:%Y-%m}-01", f"{last:%Y-%m-%d}", timezone=timezone),
            now=JANUARY.end,
            limits=limits,
        )
        start, end = (f"{instant:%Y-%m-%dT%H:%M}" for instant in vars(timeframe).values())
        folder = delivery_folder(scheduled(start, end, timezone))
        assert folder == (
            f"scheduled/ws-acme/default/monthly/2025-{month:02}-01_2025-{month:02}-{last.day}/"
        )


def run(system: UnattendedSystem, **changes: Any) -> Export:
    request = ExportRequest.model_validate(
        {"start": "2026-01-01", "end": "2026-01-31", "on_limit": "split"}
    )
    given = {"trigger": Trigger.SCHEDULE, "requested_by": SCHEDULE_ARN, "request": request}
    return system.run(**given | changes)


def test_every_file_is_copied_and_the_manifest_comes_last() -> None:
    system = UnattendedSystem()
    system.athena.calls = SPLIT_IN_TWO
    export = run(system)
    folder = "scheduled/ws-acme/default/monthly/2026-01-01_2026-01-31/"
    first, second, manifest = system.aws.delivered
    assert (first, second) == (
        f"{folder}api-usage_ws-acme_20260101T000000Z_20260113T000000Z.csv",
        f"{folder}api-usage_ws-acme_20260113T000000Z_20260201T000000Z.csv",
    )
    assert system.aws.delivered[first] == "athena/rows-1.csv"
    assert system.aws.delivered[second] == "athena/rows-2.csv"
    assert manifest == f"{folder}manifest.json"
    told = system.aws.delivered[manifest]
    assert (told["id"], told["status"]) == (export.id, "succeeded")
    assert [(file["rows"], file["size_bytes"]) for file in told["files"]] == [(60, 160), (60, 160)]
    assert [file["name"] for file in told["files"]] == [
        key.removeprefix(folder) for key in (first, second)
    ]
    of_the_originals = {"download_url", "download_url_expires_at", "expires_at"}
    assert not any(of_the_originals & set(file) for file in told["files"])


def test_where_files_go_is_said_from_the_start_and_not_of_an_export_without_files() -> None:
    store = UnattendedSystem().store
    export = scheduled("2026-01-01T00:00", "2026-02-01T00:00")
    folder = "s3://exports/scheduled/ws-acme/default/monthly/2026-01-01_2026-01-31/"
    addresses = {
        status: store.delivered_to(export.model_copy(update={"status": status}))
        for status in Status
    }
    assert addresses == {
        Status.QUEUED: folder,
        Status.RUNNING: folder,
        Status.SUCCEEDED: folder,
        Status.REJECTED: None,
        Status.FAILED: None,
        Status.CANCELLED: None,
    }


def test_what_has_no_file_is_not_delivered() -> None:
    system = UnattendedSystem()
    system.athena.calls = {JANUARY.start: 101}
    assert run(system).status is Status.REJECTED
    assert system.aws.delivered == {}
    assert len(system.aws.published) == 1


def test_an_export_that_failed_in_a_part_delivers_nothing_of_the_others() -> None:
    timeframe = ResolvedTimeframe.of(JANUARY)
    file = ExportFile(key="athena/rows-1.csv", name="x.csv", size_bytes=1)
    export = scheduled("2026-01-01T00:00", "2026-02-01T00:00").model_copy(
        update={
            "status": Status.FAILED,
            "parts": [Part(timeframe=timeframe, file=file), Part(timeframe=timeframe)],
        }
    )
    system = UnattendedSystem()
    system.conclude(export)
    assert system.aws.delivered == {}
    assert [told["outcome"] for told in system.aws.messages] == ["failed"]


@pytest.mark.parametrize("step", ["before copy", "before put delivered manifest"])
def test_a_delivery_that_fails_is_made_again_before_anything_is_told(step: str) -> None:
    def trouble() -> None:
        raise ServiceUnavailableError("SlowDown")

    system = UnattendedSystem()
    system.athena.calls = SPLIT_IN_TWO
    system.steps.at(step, trouble)
    export = run(system)
    assert export.status is Status.SUCCEEDED
    assert not any(key.endswith("manifest.json") for key in system.aws.delivered)
    assert system.aws.published == []
    system.clock.sleep(15 * 60 + 1)
    system.sweep()
    assert len(system.aws.delivered) == 3
    assert len(system.aws.published) == 1
    assert system.store.marked == {}
