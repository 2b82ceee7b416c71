"""docs/cost-guard.md: its bounds are those of the template, the code and AWS's prices."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal

import pytest

from local.template import Template
from local.template.template import TEMPLATE
from shared.export import Status
from shared.export_request import MAX_WORKSPACES, ExportRequest
from shared.lifecycle import MAX_PARTS
from shared.outcome import MAX_ATTEMPTS
from shared.query_execution import QueryState
from tests.builders import JANUARY
from tests.fake_system import FakeSystem
from tests.fakes import Fate

TEXT = " ".join((TEMPLATE.parent / "docs/cost-guard.md").read_text(encoding="utf-8").split())
USD_PER_BYTE = Decimal(5) / 10**12
LEAST_BYTES = 10_000_000
SUMMARY_BYTES, ROWS_BYTES = 8, 23
"""Of a call in the samples."""
ATHENA_RATE, ATHENA_BURST = 20, 80
"""StartQueryExecution of an account, by default."""

EXPORT = 2 * MAX_ATTEMPTS
SPLIT = EXPORT * (1 + MAX_PARTS)
QUERIES = {
    "`GET /usage`": MAX_ATTEMPTS,
    "`POST /exports/estimate`": MAX_ATTEMPTS,
    "`POST /exports`": EXPORT,
    '`POST /exports` with `"on_limit": "split"`': SPLIT,
    "an event for one workspace": EXPORT,
    "an event for one workspace, split": SPLIT,
    f"an event for {MAX_WORKSPACES} workspaces": EXPORT * MAX_WORKSPACES,
    f"an event for {MAX_WORKSPACES} workspaces, split": SPLIT * MAX_WORKSPACES,
    "`GET /exports`, `GET /exports/{id}`, `DELETE /exports/{id}`": 0,
}


def defaults() -> Mapping[str, int]:
    parameters = Template.load(
        parameters={
            "TokenIssuer": "https://login.example.com",
            "TokenAudience": "api",
            "JwksUrl": "https://login.example.com/keys",
        }
    ).parameters
    names = ("BytesScannedCutoff", "ThrottlingRate", "ThrottlingBurst", "HourlyBytesScanned")
    return {name: int(parameters[name]) for name in names}


def usd_per_query() -> Decimal:
    return defaults()["BytesScannedCutoff"] * USD_PER_BYTE


def asked_in_an_hour() -> int:
    return defaults()["ThrottlingRate"] * 3600 + defaults()["ThrottlingBurst"]


def started_in_an_hour() -> int:
    return ATHENA_RATE * 3600 + ATHENA_BURST


def test_a_query_costs_no_more_than_its_cutoff() -> None:
    gigabytes = defaults()["BytesScannedCutoff"] // 10**9
    assert f"`BytesScannedCutoff`, {gigabytes} GB by default" in TEXT
    assert f"no query costs more than {usd_per_query():.2f} USD" in TEXT
    assert f"none less than {(LEAST_BYTES * USD_PER_BYTE).normalize():f}." in TEXT


@pytest.mark.parametrize("request_", QUERIES)
def test_a_request_costs_no_more_than_all_its_queries(request_: str) -> None:
    queries = QUERIES[request_]
    assert f"| {request_} | {queries:,} | {queries * usd_per_query():,.2f} |" in TEXT


def test_an_hour_costs_no_more_than_the_requests_that_are_let_in() -> None:
    requests, starts = asked_in_an_hour(), started_in_an_hour()
    assert f"{requests:,} in an hour" in TEXT
    assert f"{starts:,} in an hour" in TEXT
    kinds = {"usage or estimates": MAX_ATTEMPTS, "exports": EXPORT, "split exports": SPLIT}
    for name, each in kinds.items():
        queries = requests * each
        usd, bounded = (n * usd_per_query() for n in (queries, min(queries, starts)))
        assert f"| {name} | {queries:,} | {usd:,.0f} | {bounded:,.0f} |" in TEXT
    assert f"the most that admins can spend is {starts * usd_per_query():,.0f} USD" in TEXT


@pytest.mark.parametrize("calls", [10**6, 10**7, 10**8])
def test_a_smaller_workspace_costs_what_it_has(calls: int) -> None:
    cutoff = defaults()["BytesScannedCutoff"]
    read = [max(min(calls * each, cutoff), LEAST_BYTES) for each in (SUMMARY_BYTES, ROWS_BYTES)]
    export = (sum(read) * USD_PER_BYTE).normalize()
    hour = export * (started_in_an_hour() // 2)
    assert f"| {calls:,} | {export:f} | {hour:,.0f} |" in TEXT


def test_the_alarm_tells_of_an_hour_at_the_price_that_is_said() -> None:
    hourly = defaults()["HourlyBytesScanned"]
    assert f"{hourly // 10**12} TB ({hourly * USD_PER_BYTE:.0f} USD) by default" in TEXT


@pytest.mark.parametrize(
    ("hours", "queries", "status"), [(1, EXPORT, "succeeded"), (MAX_PARTS, SPLIT, "succeeded")]
)
def test_an_export_that_fails_wherever_it_may_starts_just_so_many_queries(
    hours: int, queries: int, status: str
) -> None:
    system = FakeSystem(row_limit=100)
    system.athena.calls = {JANUARY.start + timedelta(hours=hour): 100 for hour in range(hours)}
    at_first = [Fate(QueryState.FAILED, "INTERNAL_ERROR: no", is_retryable=True), Fate()]
    for day in range(31):
        first_day = JANUARY.start + timedelta(days=day)
        system.athena.fates[f"summary {first_day:%Y-%m-%d}"] = at_first
    request = ExportRequest(start="2026-01-01", end="2026-01-31", on_limit="split")
    export = system.run(request=request)
    assert export.status is Status(status)
    assert len(export.parts) == hours
    assert len(system.athena.queries) == queries
