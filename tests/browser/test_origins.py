"""The page on another origin than the API, as in AWS."""

from datetime import date, timedelta
from urllib.parse import urlencode

from local.page import PageServer
from local.stack import LocalStack
from tests.browser.usage_page import UsagePage
from tests.parquet_oracle import HEADER, csv_rows


def test_sign_in_charts_and_export_work_across_origins(
    page_elsewhere: UsagePage, stack: LocalStack, other_origin: PageServer, today: date
) -> None:
    assert other_origin.url != stack.url
    first, last = today - timedelta(days=9), today - timedelta(days=3)
    page_elsewhere.sign_in(f"#/?{urlencode({'start': first, 'end': last, 'timezone': 'UTC'})}")
    page_elsewhere.wait_for_charts()
    page_elsewhere.click("Export CSV")
    page_elsewhere.wait_for("Downloaded", ".jobs")
    header, rows = csv_rows(page_elsewhere.download().read_bytes())
    assert header == HEADER
    assert page_elsewhere.text(".estimate b") == f"{len(rows):,}"
