"""The row limit, through the whole path."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from local.gateway import Gateway
from local.lambda_runtime import LambdaRuntime
from local.stack import LocalStack
from local.template import Template
from tests.functional.conftest import WORKSPACE, Caller


@dataclass(frozen=True)
class Limited:
    """Callers of the same system under other row limits."""

    stack: LocalStack
    logs: Path
    open: ExitStack

    def admin(self, row_limit: int) -> Caller:
        parameters = {**self.stack.template.parameters, "RowLimit": str(row_limit)}
        template = Template.load(
            parameters={name: str(value) for name, value in parameters.items()}
        )
        runtime = self.open.enter_context(
            LambdaRuntime(template.functions(), self.stack.aws.environment, self.logs)
        )
        gateway = self.open.enter_context(Gateway(template, runtime.invoke))
        return Caller(gateway.url, self.stack.identity_provider.token(workspace_id=WORKSPACE))


@pytest.fixture(scope="module")
def limited(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limited]:
    with ExitStack() as running:
        yield Limited(stack, tmp_path_factory.mktemp("logs"), running)


@pytest.fixture(scope="module")
def timeframe(admin: Caller) -> dict[str, str]:
    resolved: dict[str, str] = admin("POST", "/exports", {}).body["timeframe"]
    return resolved


@pytest.fixture(scope="module")
def row_count(admin: Caller, timeframe: dict[str, str]) -> int:
    count: int = admin("POST", "/exports", timeframe).body["row_count"]
    return count


def test_exactly_the_limit_passes(
    limited: Limited, timeframe: dict[str, str], row_count: int
) -> None:
    reply = limited.admin(row_count)("POST", "/exports", timeframe)
    assert reply.status == 200
    assert reply.body["file"]["rows"] == reply.body["row_limit"] == row_count


def test_one_row_over_the_limit_is_refused_with_the_count_and_what_fits(
    limited: Limited, timeframe: dict[str, str], row_count: int
) -> None:
    admin = limited.admin(row_count - 1)
    reply = admin("POST", "/exports", timeframe)
    assert reply.status == 422
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert reply.body["type"] == "urn:api-usage-export:problem:row-limit-exceeded"
    assert (reply.body["row_count"], reply.body["row_limit"]) == (row_count, row_count - 1)
    assert "arrow your date range" in reply.body["detail"]
    assert "http" not in reply.text.replace("urn:", "")

    export = admin("GET", f"/exports/{reply.body['export_id']}").body
    assert export["status"] == "rejected"
    assert export["file"] is None


def test_the_suggested_timeframes_tile_the_request_and_each_can_be_exported(
    limited: Limited, timeframe: dict[str, str], row_count: int
) -> None:
    limit = row_count // 4
    admin = limited.admin(limit)
    parts = admin("POST", "/exports", timeframe).body["suggested_timeframes"]
    assert len(parts) >= 4
    assert parts[0]["start"] == timeframe["start"]
    assert parts[-1]["end"] == timeframe["end"]
    assert all(before["end"] == after["start"] for before, after in pairwise(parts))
    assert sum(part["rows"] for part in parts) == row_count
    for part in parts:
        reply = admin("POST", "/exports", {"start": part["start"], "end": part["end"]})
        assert reply.status == 200
        assert reply.body["row_count"] == part["rows"] <= limit
        assert reply.body["control_totals"]["cost_usd"] == part["cost_usd"]


def test_single_hours_over_the_limit_are_named(limited: Limited, timeframe: dict[str, str]) -> None:
    problem = limited.admin(1)("POST", "/exports", timeframe).body
    crowded = [part for part in problem["suggested_timeframes"] if not part["fits"]]
    assert crowded
    assert all(part["rows"] > 1 for part in crowded)
    assert f"more rows than that: {len(crowded):,}" in problem["detail"]
    assert crowded[0]["start"][:10] in problem["detail"]


def test_over_the_limit_the_rows_query_is_stopped(
    limited: Limited, stack: LocalStack, timeframe: dict[str, str]
) -> None:
    reply = limited.admin(1)("POST", "/exports", timeframe)
    manifest: Any = stack.aws.client("s3").get_object(
        Bucket=stack.template.physical_name("ExportBucket"),
        Key=f"exports/{WORKSPACE}/{reply.body['export_id']}.json",
    )
    queries = json.load(manifest["Body"])["queries"]
    athena = stack.aws.client("athena")
    state = athena.get_query_execution(QueryExecutionId=queries["rows"])["QueryExecution"]
    assert state["Status"]["State"] in {"CANCELLED", "SUCCEEDED"}  # done before it was stopped


def test_an_estimate_counts_the_same_without_making_an_export(
    limited: Limited, timeframe: dict[str, str], row_count: int
) -> None:
    admin = limited.admin(row_count - 1)
    before = admin("GET", "/exports").body["exports"]
    start, end = timeframe["start"], timeframe["end"]
    whole = admin("POST", "/exports/estimate", {"start": start, "end": end})
    assert whole.status == 200
    assert whole.body["timeframe"]["start"] == start
    resolved_end = datetime.fromisoformat(whole.body["timeframe"]["end"])
    assert abs((datetime.fromisoformat(end) - resolved_end).total_seconds()) <= 300
    again = admin("POST", "/exports", whole.body["timeframe"])
    counted = again.body["row_count"]
    assert whole.body["row_count"] == counted
    assert whole.body["fits"] is (counted < row_count)
    assert admin("GET", "/exports").body["exports"] != before or again.status == 422
