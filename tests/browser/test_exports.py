"""Exports from the page: downloaded by themselves, over the limit, cancelled, failed."""

from datetime import date, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from tests.browser.steered_engine import SteeredEngine
from tests.browser.usage_page import UsagePage
from tests.parquet_oracle import HEADER, Row, csv_rows, logged_calls


def two_weeks(today: date) -> str:
    first, last = today - timedelta(days=18), today - timedelta(days=5)
    return f"#/?{urlencode({'start': first, 'end': last, 'timezone': 'UTC'})}"


def calls_of_two_weeks(call_logs: Path, today: date) -> list[Row]:
    start = datetime.fromisoformat((today - timedelta(days=18)).isoformat())
    return logged_calls(call_logs, "ws-acme", start, start + timedelta(days=14))


def test_an_export_is_downloaded_and_holds_the_charts_calls(
    page: UsagePage, call_logs: Path, today: date
) -> None:
    page.sign_in(two_weeks(today))
    page.wait_for_charts()
    page.click("Export CSV")
    page.wait_for("Downloaded", ".jobs")

    header, rows = csv_rows(page.download().read_bytes())
    assert header == HEADER
    assert rows == calls_of_two_weeks(call_logs, today)
    assert page.text(".estimate b") == f"{len(rows):,}"
    assert f"{len(rows):,} rows" in page.text(".job.succeeded")


def test_extended_columns_are_an_option(page: UsagePage, today: date) -> None:
    page.sign_in(two_weeks(today))
    page.wait_for_charts()
    page.click("Options")
    page.click("Call ID, call type and total cost as further columns")
    page.click("Export CSV")
    header, _rows = csv_rows(page.download().read_bytes())
    assert header == (*HEADER, "Call ID", "Call Type", "Total Cost (USD)")


def test_an_export_shows_that_it_runs_and_can_be_cancelled(
    page: UsagePage, engine: SteeredEngine, downloads: Path, today: date
) -> None:
    page.sign_in(two_weeks(today))
    page.wait_for_charts()
    with engine.holding():
        page.click("Export CSV")
        page.wait_for("rows counted, writing the file", ".job.running")
        assert page.all(".job progress")
        page.click("Cancel", ".job")
        page.wait_for("Cancelled", ".job.cancelled")
    page.wait_for("Cancelled", ".recent")
    page.click("Start again", ".job")
    page.wait_for("Downloaded", ".jobs")
    assert page.download().exists()


def test_a_failed_export_says_why_and_can_be_tried_again(
    page: UsagePage, engine: SteeredEngine, today: date
) -> None:
    page.sign_in(two_weeks(today))
    page.wait_for_charts()
    with engine.failing("Not a Parquet file"):
        page.click("Export CSV")
        page.wait_for("HIVE_BAD_DATA", ".job.failed")
    page.click("Try again", ".job")
    page.wait_for("Downloaded", ".jobs")
    assert page.download().exists()


def test_recent_exports_open_by_their_address_and_download_anew(
    page: UsagePage, call_logs: Path, downloads: Path, today: date
) -> None:
    page.sign_in(two_weeks(today))
    page.wait_for_charts()
    page.click("Export CSV")
    page.wait_for("Downloaded", ".jobs")
    page.download().unlink()
    page.click("Details", ".job")
    page.wait_for("Control totals by model")
    address = page.driver.current_url
    assert "#/exports/" in address

    page.open(address.partition("/#")[2].join(["#", ""]))
    page.wait_for("Control totals by model")
    page.click("Download")
    _header, rows = csv_rows(page.download().read_bytes())
    assert rows == calls_of_two_weeks(call_logs, today)
    assert f"{len(rows):,}" in page.text(".facts")

    page.click("← Usage of this timeframe")
    page.wait_for_charts()
    assert page.text(".estimate b") == f"{len(rows):,}"


def test_an_export_that_is_not_there_is_not_found(page: UsagePage) -> None:
    page.sign_in("#/exports/00000000000000000000000000")
    page.wait_for("Your workspace has no such export", ".notice.error")
