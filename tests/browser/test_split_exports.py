"""More rows than one file may have: several files, or a part; from the page and from a schedule."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import pytest

from local.stack import LocalStack
from tests.browser.conftest import ROW_LIMIT
from tests.browser.steered_engine import SteeredEngine
from tests.browser.usage_page import UsagePage
from tests.parquet_oracle import HEADER, Row, csv_rows, logged_calls, total_cost

BERLIN = "Europe/Berlin"
SCHEDULE = "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/weekly-for-finance"
_INSTANTS = re.compile(r"_(\d{8}T\d{6}Z)_(\d{8}T\d{6}Z)\.csv$")

Interval = tuple[datetime, datetime]  # naive, UTC


def four_weeks(today: date, timezone: str) -> str:
    first, last = today - timedelta(days=30), today - timedelta(days=3)
    return f"#/?{urlencode({'start': first, 'end': last, 'timezone': timezone})}"


def named_interval(file: Path) -> Interval:
    found = _INSTANTS.search(file.name)
    assert found, file.name
    start, end = (datetime.fromisoformat(text.removesuffix("Z")) for text in found.groups())
    return start, end


def files_of(downloads: Path, count: int, page: UsagePage) -> dict[Interval, list[Row]]:
    """The interval in the name of each file, in order of time, and its rows."""
    page.until(lambda: len(list(downloads.glob("*.csv"))) == count, f"{count} files")
    page.until(lambda: not list(downloads.glob("*.crdownload")))
    files = {}
    for file in sorted(downloads.glob("*.csv"), key=named_interval):
        header, files[named_interval(file)] = csv_rows(file.read_bytes())
        assert header == HEADER
    return files


def four_weeks_of_berlin(today: date) -> Interval:
    start, end = (
        datetime.combine(today - timedelta(days=days), time(), ZoneInfo(BERLIN)).astimezone(UTC)
        for days in (30, 2)
    )
    return start.replace(tzinfo=None), end.replace(tzinfo=None)


def assert_tile(intervals: Iterable[Interval], start: datetime, end: datetime) -> None:
    """Each begins where the one before ends."""
    assert [start, *(end for _, end in intervals)] == [*(start for start, _ in intervals), end]


def assert_whole(files: dict[Interval, list[Row]], call_logs: Path, workspace: str) -> None:
    """Each file has the logged calls of its interval, and not too many."""
    for (start, end), rows in files.items():
        assert rows == logged_calls(call_logs, workspace, start, end)
        assert 0 < len(rows) <= ROW_LIMIT


def listed(page: UsagePage, within: str) -> list[str]:
    """What stands beside each file of an export."""
    return [" ".join(row.text.split()) for row in page.all(f"{within} .parts li")]


def described(rows: Sequence[Row]) -> str:
    """How the page puts the rows and the cost of a file, less its size."""
    return rf"{len(rows):,} rows · [0-9.]+ KB · \${total_cost(rows).normalize():,f} Download"


def test_an_export_of_several_files_is_one_click_and_all_are_downloaded(
    page: UsagePage, call_logs: Path, downloads: Path, today: date
) -> None:
    page.sign_in(four_weeks(today, BERLIN), workspace="ws-busy")
    page.wait_for("Too many rows for one file", ".export-panel")
    assert f"a file may have {ROW_LIMIT:,}" in page.text(".over-limit .notice")
    page.click("Export as 3 files")
    page.wait_for("Done", ".jobs")

    files = files_of(downloads, 3, page)
    assert_tile(files, *four_weeks_of_berlin(today))
    assert_whole(files, call_logs, "ws-busy")
    rows = [row for part in files.values() for row in part]
    assert len(rows) > 2 * ROW_LIMIT
    assert f"has {len(rows):,};" in page.text(".over-limit .notice")
    assert f"3 files · {len(rows):,} rows" in page.text(".job.succeeded")
    for text, part in zip(listed(page, ".job"), files.values(), strict=True):
        assert re.search(f"{described(part)}$", text)


def test_the_page_of_such_an_export_has_each_file_in_its_time_zone(
    page: UsagePage, call_logs: Path, downloads: Path, today: date
) -> None:
    page.sign_in(four_weeks(today, BERLIN), workspace="ws-busy")
    page.click("Export as 3 files")
    page.wait_for("Done", ".jobs")
    files = files_of(downloads, 3, page)
    page.wait_for("3 files", ".recent tbody tr:first-child td:last-child")
    page.click("3 files", ".recent tbody tr:first-child")
    page.wait_for("Control totals by model")

    first_day, last_day = today - timedelta(days=30), today - timedelta(days=3)
    texts = listed(page, ".export-page")
    assert texts[0].startswith(f"{first_day:%b} {first_day.day}")
    # Whole days: so they end at midnights of Berlin, and no time of day is shown.
    assert f"{last_day.day}, {last_day:%Y} " in texts[2]
    for text, part in zip(texts, files.values(), strict=True):
        assert re.search(f"{described(part)}$", text)
        assert ":" not in text

    for file in downloads.iterdir():
        file.unlink()
    page.all(".export-page .parts button")[1].click()
    ((interval, again),) = files_of(downloads, 1, page).items()
    assert again == files[interval]
    assert interval == list(files)[1]
    page.click("Download all")
    page.until(lambda: len(list(downloads.glob("*.csv"))) == 4)  # the second of them twice


def test_how_many_files_are_done_is_shown_and_the_rest_can_be_cancelled(
    page: UsagePage, engine: SteeredEngine, today: date
) -> None:
    page.sign_in(four_weeks(today, "UTC"), workspace="ws-busy")
    last = today - timedelta(days=3)
    with engine.holding(f"{last + timedelta(days=1)}"):  # the end, which only the last part has
        page.click("Export as 3 files")
        page.wait_for("2 of 3 files", ".job.running")
        assert page.find(".job progress").get_attribute("value") == "2"
        page.wait_for("Running", ".recent")
        page.click("Cancel", ".job")
        page.wait_for("Cancelled", ".job.cancelled")
    page.click("Details", ".job")
    page.wait_for("Cancelled", ".badge")
    assert not page.all(".export-page .parts")


def test_one_part_is_one_click_and_an_export_of_its_own(page: UsagePage, call_logs: Path) -> None:
    page.sign_in("#/?period=last_90_days&timezone=UTC")
    page.find(".parts button").click()
    page.wait_for("Downloaded", ".jobs")
    file = page.download()
    assert_whole({named_interval(file): csv_rows(file.read_bytes())[1]}, call_logs, "ws-acme")


def test_an_hour_over_the_limit_is_named_and_filters_help(
    page: UsagePage, call_logs: Path, today: date
) -> None:
    yesterday = datetime.fromisoformat(f"{today - timedelta(days=1)}")
    crowded = [
        hour
        for hour in (yesterday + timedelta(hours=hour) for hour in range(24))
        if len(logged_calls(call_logs, "ws-crowded", hour, hour + timedelta(hours=1))) > ROW_LIMIT
    ]
    assert len(crowded) > 1
    page.sign_in("#/?period=yesterday&timezone=UTC", workspace="ws-crowded")
    page.wait_for("over the limit", ".over-limit .notice.error")
    said = page.text(".over-limit .notice.error")
    assert f"the first of them {crowded[0]:%b} {crowded[0].day}, {crowded[0]:%Y, %H:%M}" in said
    assert f"{len(crowded)} single hours" in said
    assert "Filter by API key, provider or model" in said
    marked = [text for text in listed(page, ".over-limit") if "over the limit by itself" in text]
    assert [re.findall(r"\d\d:00", text)[0] for text in marked] == [f"{at:%H:%M}" for at in crowded]
    assert not page.all(".over-limit .primary")

    page.find(".breakdown tbody tr:nth-child(1) .link").click()
    page.wait_for_charts()
    page.wait_for("Export CSV", ".export-panel .primary")


@pytest.fixture
def scheduled(stack: LocalStack, today: date) -> dict[str, Any]:
    """An export that a schedule has made."""
    event = {
        "workspace_id": "ws-busy",
        "start": f"{today - timedelta(days=30)}",
        "end": f"{today - timedelta(days=3)}",
        "timezone": BERLIN,
        "on_limit": "split",
        "schedule_arn": SCHEDULE,
        "scheduled_time": datetime.now(UTC).isoformat(),
    }
    export: dict[str, Any] = stack.invoke("ExportFunction", event)
    assert export["status"] == "succeeded"
    return export


def test_a_link_to_a_scheduled_export_opens_it_after_the_sign_in(
    page: UsagePage,
    stack: LocalStack,
    scheduled: dict[str, Any],
    call_logs: Path,
    downloads: Path,
    today: date,
) -> None:
    page.sign_in(f"#/exports/{scheduled['id']}", workspace="ws-busy")
    page.wait_for("Control totals by model")
    assert page.driver.current_url == f"{stack.url}/#/exports/{scheduled['id']}"
    page.wait_for("by the schedule weekly-for-finance", ".facts")

    page.click("Download all")
    files = files_of(downloads, 3, page)
    assert_tile(files, *four_weeks_of_berlin(today))
    assert_whole(files, call_logs, "ws-busy")
    for text, part in zip(listed(page, ".export-page"), files.values(), strict=True):
        assert re.search(f"{described(part)}$", text)

    # One click selects the address, to be copied; the copies are where it says.
    page.find(".copied").click()
    address = urlsplit(page.driver.execute_script("return String(getSelection()).trim()"))
    assert address.scheme == "s3"
    found = stack.aws.client("s3").list_objects_v2(
        Bucket=address.netloc, Prefix=address.path.lstrip("/")
    )
    names = {each["Key"].rpartition("/")[2] for each in found["Contents"]}
    assert names == {"manifest.json", *(file.name for file in downloads.glob("*.csv"))}


def test_a_link_to_another_workspaces_export_opens_nothing(
    page: UsagePage, scheduled: dict[str, Any]
) -> None:
    page.sign_in(f"#/exports/{scheduled['id']}", workspace="ws-acme")
    page.wait_for("Your workspace has no such export", ".notice.error")
    assert not page.all(".facts, .parts")
