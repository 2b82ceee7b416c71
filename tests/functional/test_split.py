"""Exports over the limit, in several files, through the whole path."""

import time
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from local.stack import LocalStack
from tests.functional.conftest import Caller
from tests.functional.limited import Limited
from tests.functional.unattended import HOUR, Traces, assert_holds, busy_athena, log_calls

LIMIT = 60
START = datetime.fromisoformat("2025-05-01")  # UTC, as everywhere here
CALLS_BY_HOUR = [hour * 7 % 23 for hour in range(75)]  # 0 to 22, uneven
END = START + HOUR * len(CALLS_BY_HOUR)
WHOLE = {"start": "2025-05-01", "end": "2025-05-04T03:00:00Z", "on_limit": "split"}
CROWDED = "ws-crowded"  # one hour with more calls than the limit, among others
WAIT_SECONDS = 120


@pytest.fixture(scope="module")
def limited(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Limited]:
    with Limited(stack, tmp_path_factory.mktemp("logs")) as systems:
        yield systems


@pytest.fixture(scope="module")
def folder(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The calls of this module's workspaces."""
    folder = tmp_path_factory.mktemp("split") / "call-logs"
    instants = [
        START + hour * HOUR + number * HOUR / 23
        for hour, calls in enumerate(CALLS_BY_HOUR)
        for number in range(calls)
    ]
    instants.insert(0, START)  # two calls at one time, at the very start
    for workspace in ("ws-tiles", "ws-tiles-http", "ws-tiles-cancelled"):
        log_calls(stack, folder, workspace, instants)
    hour = START + 5 * HOUR
    crowd = [hour + number * HOUR / 100 for number in range(LIMIT + 1)]
    log_calls(stack, folder, CROWDED, [START, *crowd, START + 9 * HOUR])
    return folder


def assert_tiled(export: dict[str, Any]) -> None:
    tiles = [file["timeframe"] for file in export["files"]]
    assert tiles[0]["start"] == export["timeframe"]["start"]
    assert tiles[-1]["end"] == export["timeframe"]["end"]
    assert all(before["end"] == after["start"] for before, after in pairwise(tiles))
    assert len({file["name"] for file in export["files"]}) == len(tiles)


def test_a_direct_export_is_split_into_files_that_together_are_the_whole(
    limited: Limited, folder: Path, admin: Caller, stack: LocalStack
) -> None:
    export = limited.to(LIMIT).invoke({"workspace_id": "ws-tiles", **WHOLE})
    rows = assert_holds(admin, export, folder, START, END)
    assert_tiled(export)
    assert export["file"] is None
    assert export["row_limit"] == LIMIT
    assert len(export["files"]) >= len(rows) / LIMIT > 10  # so more than run at one time
    traces = Traces(stack, "ws-tiles")
    assert len(traces.queries()) == 2 * (1 + len(export["files"]))
    assert traces.marks() == []


def test_over_http_a_look_shows_how_far_a_split_export_has_come(
    limited: Limited, folder: Path
) -> None:
    caller = limited.to(LIMIT).admin("ws-tiles-http")
    export = caller("POST", "/exports", WHOLE, {"Prefer": "respond-async"}).body
    seen = []
    deadline = time.monotonic() + WAIT_SECONDS
    while export["status"] in ("queued", "running"):
        assert time.monotonic() < deadline, export
        progress = export["progress"]
        if progress["files_planned"] > 1:
            assert export["status"] == "running"
            assert export["row_count"] == sum(CALLS_BY_HOUR) + 1  # known before the files are
            assert export["files"] == []
            seen.append((progress["files_done"], progress["files_planned"]))
        export = caller("GET", f"/exports/{export['id']}").body
    assert_holds(caller, export, folder, START, END)
    assert_tiled(export)
    assert {planned for _, planned in seen} == {len(export["files"])}
    done = [done for done, _ in seen]
    assert done == sorted(done)
    assert done[0] == 0 < done[-1] < len(export["files"])
    listed = caller("GET", "/exports").body["exports"]
    assert [len(other["files"]) for other in listed if other["id"] == export["id"]] == [
        len(export["files"])
    ]


@pytest.mark.parametrize("over", [0, 1])
def test_as_many_rows_as_the_limit_are_one_file_and_one_more_are_two(
    limited: Limited, folder: Path, admin: Caller, over: int
) -> None:
    limit = sum(CALLS_BY_HOUR) + 1 - over
    export = limited.to(limit).invoke({"workspace_id": "ws-tiles", **WHOLE})
    assert_holds(admin, export, folder, START, END)
    assert_tiled(export)
    assert len(export["files"]) == 1 + over
    assert (export["file"] is None) is bool(over)


def test_an_hour_of_as_many_rows_as_the_limit_is_a_file_of_its_own(
    limited: Limited, folder: Path, admin: Caller
) -> None:
    export = limited.to(LIMIT + 1).invoke({"workspace_id": CROWDED, **WHOLE})
    assert_holds(admin, export, folder, START, END)
    assert sorted(file["rows"] for file in export["files"]) == [1, 1, LIMIT + 1]


def test_an_hour_over_the_limit_is_named_and_nothing_is_made(
    limited: Limited, folder: Path, stack: LocalStack
) -> None:
    assert folder.exists()
    system = limited.to(LIMIT)
    known = {export["id"] for export in Traces(stack, CROWDED).exports()}
    problem = system.admin(CROWDED)("POST", "/exports", WHOLE)
    export = system.invoke({"workspace_id": CROWDED, **WHOLE})
    assert problem.status == 422
    assert problem.body["type"] == "urn:api-usage-export:problem:row-limit-exceeded"
    assert problem.body["row_count"] == export["row_count"] == LIMIT + 3
    assert export["status"] == "rejected"
    assert export["files"] == []
    for detail in (problem.body["detail"], export["error"]["detail"]):
        assert "Single hours that have more rows than that: 1" in detail
        assert "2025-05-01 05:00 UTC" in detail
    (crowded,) = [part for part in export["suggested_timeframes"] if not part["fits"]]
    assert crowded["rows"] == LIMIT + 1
    made = [export for export in Traces(stack, CROWDED).exports() if export["id"] not in known]
    assert [len(export["parts"]) for export in made] == [1, 1]


def test_cancelling_while_parts_run_leaves_no_query_running(
    limited: Limited, folder: Path, stack: LocalStack
) -> None:
    assert folder.exists()
    workspace = "ws-tiles-cancelled"
    caller, traces = limited.to(LIMIT).admin(workspace), Traces(stack, workspace)
    export = caller("POST", "/exports", WHOLE, {"Prefer": "respond-async"}).body
    path = f"/exports/{export['id']}"
    deadline = time.monotonic() + WAIT_SECONDS
    while export["progress"]["files_planned"] == 1:
        assert time.monotonic() < deadline, export
        export = caller("GET", path).body
    with busy_athena(stack):
        before = {query["QueryExecutionId"] for query in traces.queries()}
        assert caller("GET", path).body["progress"]["running"] == ["summary", "rows"]
        parts = [query for query in traces.queries() if query["QueryExecutionId"] not in before]
        assert len(parts) == 2 * 5
        assert {query["Status"]["State"] for query in parts} == {"QUEUED"}
        cancelled = caller("DELETE", path)
        assert cancelled.status == 200
        ended = [query for query in traces.queries() if query["QueryExecutionId"] not in before]
    assert [query["Status"]["State"] for query in ended] == ["CANCELLED"] * len(parts)
    after = caller("GET", path).body
    assert after["status"] == "cancelled"
    assert after["files"] == []
    assert traces.export()["athena_cost_usd"] is not None
    assert traces.marks() == []
