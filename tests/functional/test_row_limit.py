"""The row limit, through the whole path."""

import json
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest

from local.stack import LocalStack
from tests.functional.conftest import WORKSPACE, Caller
from tests.functional.limited import Limited


@pytest.fixture(scope="module")
def limited(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limited]:
    with Limited(stack, tmp_path_factory.mktemp("logs")) as systems:
        yield systems


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
    reply = limited.to(row_count).admin()("POST", "/exports", timeframe)
    assert reply.status == 200
    assert reply.body["file"]["rows"] == reply.body["row_limit"] == row_count


def test_one_row_over_the_limit_is_refused_with_the_count_and_what_fits(
    limited: Limited, timeframe: dict[str, str], row_count: int
) -> None:
    admin = limited.to(row_count - 1).admin()
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
    admin = limited.to(limit).admin()
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
    problem = limited.to(1).admin()("POST", "/exports", timeframe).body
    crowded = [part for part in problem["suggested_timeframes"] if not part["fits"]]
    assert crowded
    assert all(part["rows"] > 1 for part in crowded)
    assert f"more rows than that: {len(crowded):,}" in problem["detail"]
    assert crowded[0]["start"][:10] in problem["detail"]


def test_over_the_limit_the_rows_query_is_stopped(
    limited: Limited, stack: LocalStack, timeframe: dict[str, str]
) -> None:
    reply = limited.to(1).admin()("POST", "/exports", timeframe)
    manifest: Any = stack.aws.client("s3").get_object(
        Bucket=stack.template.physical_name("ExportBucket"),
        Key=f"exports/{WORKSPACE}/{reply.body['export_id']}.json",
    )
    queries = json.load(manifest["Body"])["parts"][0]["queries"]
    athena = stack.aws.client("athena")
    state = athena.get_query_execution(QueryExecutionId=queries["rows"])["QueryExecution"]
    assert state["Status"]["State"] in {"CANCELLED", "SUCCEEDED"}  # done before it was stopped


def test_an_estimate_counts_the_same_without_making_an_export(
    limited: Limited, timeframe: dict[str, str], row_count: int
) -> None:
    admin = limited.to(row_count - 1).admin()
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
