"""What `make deploy-web` puts into the bucket is a page that works."""

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from local.page import PageServer
from local.page.headers import security_headers
from local.stack import LocalStack
from local.web_deployment import page_files, upload
from tests.browser.bucket_site import BucketSite
from tests.browser.usage_page import UsagePage
from tests.parquet_oracle import HEADER, csv_rows

BUCKET = "uploaded-page"


@pytest.fixture
def uploaded(built: Path, stack: LocalStack, other_origin: PageServer) -> Iterator[Any]:
    """The page of the other origin is the bucket's, while a test runs."""
    s3, cloudfront = stack.aws.client("s3"), stack.aws.client("cloudfront")
    where = {"LocationConstraint": "eu-central-1"}
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=where)
    distribution = cloudfront.create_distribution(
        DistributionConfig={
            "CallerReference": BUCKET,
            "Origins": {"Quantity": 1, "Items": [{"Id": "page", "DomainName": "page.s3"}]},
            "DefaultCacheBehavior": {
                "TargetOriginId": "page",
                "ViewerProtocolPolicy": "https-only",
            },
            "Comment": "",
            "Enabled": True,
        }
    )["Distribution"]["Id"]
    config = stack.page_config(stack.url).json().decode()
    upload(page_files(built, config), BUCKET, distribution, s3=s3, cloudfront=cloudfront)
    issuer = stack.identity_provider.issuer
    origins = [stack.url, "/".join(issuer.split("/")[:3])]
    before = other_origin.site
    other_origin.site = BucketSite(s3, BUCKET, security_headers(origins))
    yield s3
    other_origin.site = before


def test_the_uploaded_page_signs_in_shows_charts_and_exports(
    uploaded: Any, page_elsewhere: UsagePage, today: date
) -> None:
    first, last = today - timedelta(days=9), today - timedelta(days=3)
    page_elsewhere.sign_in(f"#/?{urlencode({'start': first, 'end': last, 'timezone': 'UTC'})}")
    page_elsewhere.wait_for_charts()
    page_elsewhere.click("Export CSV")
    page_elsewhere.wait_for("Downloaded", ".jobs")
    header, rows = csv_rows(page_elsewhere.download().read_bytes())
    assert header == HEADER
    assert page_elsewhere.text(".estimate b") == f"{len(rows):,}"
