"""What a run may cost, at AWS's public prices."""

from decimal import Decimal
from typing import Any, Final

from local.deployment import aws_errors_for_people
from shared.outcome import MAX_ATTEMPTS
from shared.usd import athena_cost_usd

OF_THE_PRODUCT: Final = 3 * 2 + 1
"""Of exports by the API, by direct invocation, and over the limit, two each; and of the usage."""
OF_THE_CHECKS: Final = 5
"""The CSV, two tokens, no workspace, the cutoff."""
QUERIES: Final = OF_THE_PRODUCT * MAX_ATTEMPTS + OF_THE_CHECKS

_LAMBDA_SECONDS, _LAMBDA_GB = 120, Decimal("0.5")
REQUESTS_USD: Final = (
    _LAMBDA_SECONDS * _LAMBDA_GB * Decimal("0.0000166667")
    + 200 * Decimal("0.0000014")  # requests of the API, and what they invoke
    + 100 * Decimal("0.0000054")  # S3 writes and lists
    + 200 * Decimal("0.00000043")  # S3 reads
    + 200 * Decimal("0.000003")  # KMS
)
"""Beside Athena, where an export waits in Lambda for less than a minute."""
TRANSFER_USD_PER_BYTE: Final = Decimal("9e-11")
"""0.09 USD a GB out to the internet, beyond the 100 GB a month that are free."""


def most_usd(day_bytes: int) -> Decimal:
    """The most a run costs, but for downloads.

    Args:
        day_bytes: Of the day's call logs, which no query reads more than once.
    """
    return athena_cost_usd([day_bytes] * QUERIES) + REQUESTS_USD


def day_bytes(s3: Any, bucket: str, workspace: str, day: str) -> int:
    """The size of a workspace's call logs of a day.

    Raises:
        DeploymentError: They cannot be listed.
    """
    prefix = f"api_calls/workspace_id={workspace}/day={day}/"
    with aws_errors_for_people("s3:ListBucket", f"s3://{bucket}/{prefix}"):
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sum(entry["Size"] for page in pages for entry in page.get("Contents", ()))
