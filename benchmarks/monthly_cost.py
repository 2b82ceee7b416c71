"""What a month costs at AWS's public prices; `python -m benchmarks.monthly_cost` prints the tables.

Every figure of docs/deployment.md's section on costs comes from here. No free tier, no discount.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from types import MappingProxyType
from typing import Final

from local.template import Template
from shared.usd import athena_cost_usd

GB: Final = 10**9

# us-east-1, USD, as AWS published them in 2026.
S3_GB_MONTH: Final = Decimal("0.023")
S3_PUT: Final = Decimal("0.005") / 1000  # and LIST
S3_GET: Final = Decimal("0.0004") / 1000
TRANSFER_GB: Final = Decimal("0.09")  # to the internet
LAMBDA_REQUEST: Final = Decimal("0.20") / 10**6
LAMBDA_GB_SECOND: Final = Decimal("0.0000133334")  # arm64
API_REQUEST: Final = Decimal("1.00") / 10**6
LOGS_GB: Final = Decimal("0.50")
METRIC: Final = Decimal("0.30")
ALARM: Final = Decimal("0.10")  # for each metric that one looks at
DASHBOARD: Final = Decimal(3)
KEY: Final = Decimal(1)
KEY_REQUEST: Final = Decimal("0.03") / 10_000
FIREHOSE_GB: Final = Decimal("0.029") + Decimal("0.018") + Decimal("0.020")
"""Taken in, converted and partitioned."""
FIREHOSE_OBJECT: Final = Decimal("0.005") / 1000

# Bytes of a call: in the sample call logs (tests hold these to them), and as it is sent.
STORED: Final = 24
READ_FOR_SUMS: Final = 8
READ_FOR_ROWS: Final = 23
CSV: Final = 142
SENT: Final = 402

# What people do in a month, in each workspace.
VIEWS: Final = 40  # of the page, over 30 days
EXPORTS: Final = 2  # of the month, by hand
SCHEDULED: Final = 1  # of the month
REQUESTS_A_VIEW: Final = 4
REQUESTS_AN_EXPORT: Final = 6
KEPT_MONTHS: Final = 12  # call logs
SCHEDULED_MONTHS: Final = 13  # 400 days

FILES_A_DAY: Final = 1  # of a workspace, by a nightly job
GETS_A_FILE: Final = 5
STREAM_FILES_A_DAY: Final = 288  # one in five minutes
MEMORY_GB: Final = Decimal("0.5")
SWEEPS: Final = 30 * 24 * 12
LOGGED: Final = 3_000  # bytes a request or sweep
METRICS: Final = 3 + 3 * 6 + 6 * 6  # of sweeps, of three outcomes of exports, of six routes
ROW_LIMIT: Final = 1_000_000


@dataclass(frozen=True)
class Platform:
    """So many calls a month, evenly from so many workspaces."""

    calls: int
    workspaces: int

    @property
    def of_one(self) -> int:
        """Calls of one workspace."""
        return self.calls // self.workspaces


SIZES: Final = (Platform(10**6, 10), Platform(10**8, 100), Platform(10**10, 1_000))


def queried(bytes_read: int) -> Decimal:
    """Athena's price of one query."""
    return athena_cost_usd([bytes_read])


def an_export(calls: int) -> Decimal:
    """Athena's price of one export: sums, and rows; split, also the sums of each file."""
    files = ceil(calls / ROW_LIMIT)
    part = calls // files
    counted = queried(calls * READ_FOR_SUMS) if files > 1 else Decimal(0)
    return counted + files * (queried(part * READ_FOR_SUMS) + queried(part * READ_FOR_ROWS))


def month(size: Platform) -> Mapping[str, Decimal]:
    """USD, by what they are for."""
    exports = EXPORTS + SCHEDULED
    views = size.workspaces * VIEWS
    requests = views * REQUESTS_A_VIEW + size.workspaces * EXPORTS * REQUESTS_AN_EXPORT
    csv_gb = Decimal(size.calls * CSV) / GB
    files_read = size.workspaces * 30 * FILES_A_DAY * (VIEWS + 2 * exports)
    seconds = (
        requests * Decimal("0.05")  # the authorizer
        + views * 3
        + size.workspaces * (EXPORTS * 20 + SCHEDULED * 60)
        + SWEEPS
    )
    invocations = 2 * requests + size.workspaces * SCHEDULED + SWEEPS
    watched = Template.load().of_type("AWS::CloudWatch::Alarm").values()
    looks = sum(
        max(1, sum("MetricStat" in query for query in alarm.get("Metrics", [])))
        for alarm in watched
    )
    athena = size.workspaces * (
        VIEWS * queried(size.of_one * READ_FOR_SUMS) + exports * an_export(size.of_one)
    )
    return MappingProxyType(
        {
            "Athena": athena,
            "S3, call logs": Decimal(size.calls * STORED) / GB * KEPT_MONTHS * S3_GB_MONTH,
            "S3, exports": csv_gb * (exports + SCHEDULED * SCHEDULED_MONTHS) * S3_GB_MONTH,
            "S3, requests": files_read * (GETS_A_FILE * S3_GET + S3_PUT)
            + size.workspaces * 30 * FILES_A_DAY * S3_PUT,
            "downloads": csv_gb * exports * TRANSFER_GB,
            "Lambda": invocations * LAMBDA_REQUEST + seconds * MEMORY_GB * LAMBDA_GB_SECOND,
            "API Gateway": requests * API_REQUEST,
            "CloudWatch": looks * ALARM
            + METRICS * METRIC
            + DASHBOARD
            + Decimal((invocations + requests) * LOGGED) / GB * LOGS_GB,
            "KMS": KEY + (requests + files_read) * KEY_REQUEST,
        }
    )


def stream(size: Platform, calls_in_record: int) -> Decimal:
    """USD for writing the calls by the template's stream."""
    record = ceil(SENT * calls_in_record / 5_000) * 5_000
    gigabytes = Decimal(size.calls * record) / calls_in_record / GB
    objects = size.workspaces * 30 * STREAM_FILES_A_DAY
    # of a small workspace, not every five minutes has a call
    objects = min(objects, size.calls)
    return gigabytes * FIREHOSE_GB + objects * (FIREHOSE_OBJECT + S3_PUT)


def usd(value: Decimal) -> str:
    """As the page has it."""
    return f"{value:,.2f}" if value < 100 else f"{value:,.0f}"


def table() -> str:
    """The month by service."""
    months = [month(size) for size in SIZES]
    head = "| USD a month | " + " | ".join(f"{size.calls:,} calls" for size in SIZES) + " |"
    lines = [head, "|---|" + "--:|" * len(SIZES)]
    lines += [
        f"| {name} | " + " | ".join(usd(costs[name]) for costs in months) + " |"
        for name in months[0]
    ]
    totals = " | ".join(f"**{usd(sum(costs.values(), Decimal(0)))}**" for costs in months)
    lines.append(f"| **all** | {totals} |")
    for calls_in_record, words in ((1, "a call a record"), (12, "12 calls a record")):
        prices = " | ".join(usd(stream(size, calls_in_record)) for size in SIZES)
        lines.append(f"| *and the call-log stream, {words}* | {prices} |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())  # noqa: T201
