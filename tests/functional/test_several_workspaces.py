"""One event for several workspaces, each with an outcome of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.stack import LocalStack
from tests.functional.conftest import Caller
from tests.functional.limited import Limited, LimitedSystem
from tests.functional.unattended import (
    HOUR,
    Inbox,
    Traces,
    assert_holds,
    log_calls,
    scheduled_event,
)

START, END = map(datetime.fromisoformat, ("2025-04-01", "2025-05-01"))
MAY_1 = datetime(2025, 5, 1, 4, tzinfo=UTC)
LIMIT = 30
CALLS = {"ws-list-small": 7, "ws-list-full": LIMIT, "ws-list-over": LIMIT + 1, "ws-list-unknown": 0}
ROW_LIMIT = "urn:api-usage-export:problem:row-limit-exceeded"
INVALID = "urn:api-usage-export:problem:invalid-request"


@pytest.fixture(scope="module")
def limited(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LimitedSystem]:
    with Limited(stack, tmp_path_factory.mktemp("logs")) as systems:
        yield systems.to(LIMIT)


@pytest.fixture(scope="module")
def folder(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("several") / "call-logs"
    for workspace, calls in CALLS.items():
        if calls:  # the same instants in each, so that calls would be mistaken for each other
            log_calls(stack, folder, workspace, [START + n * 23 * HOUR for n in range(calls)])
    return folder


def asked(workspaces: list[Any], **changes: Any) -> dict[str, Any]:
    return {"workspace_id": workspaces, "start": "2025-04-01", "end": "2025-04-30", **changes}


def test_each_workspace_has_its_own_result_in_the_order_of_the_event(
    limited: LimitedSystem, folder: Path, admin: Caller, stack: LocalStack
) -> None:
    named = ["ws-list-over", "ws/bad", "ws-list-small", 7, "ws-list-unknown", "ws-list-full"]
    results = limited.invoke(asked(named))["results"]
    assert [result["workspace_id"] for result in results] == [str(name) for name in named]
    assert all((result["export"] is None) != (result["problem"] is None) for result in results)
    of = {result["workspace_id"]: result for result in results}

    for workspace in ("ws-list-small", "ws-list-full", "ws-list-unknown"):
        export = of[workspace]["export"]
        assert export["workspace_id"] == workspace
        assert len(assert_holds(admin, export, folder, START, END)) == CALLS[workspace]
    over = of["ws-list-over"]["export"]
    assert (over["status"], over["error"]["type"]) == ("rejected", ROW_LIMIT)
    assert (over["row_count"], over["files"]) == (LIMIT + 1, [])
    for malformed in ("ws/bad", "7"):
        problem = of[malformed]["problem"]
        assert problem["type"] == INVALID
        assert [error["field"] for error in problem["errors"]] == ["workspace_id"]

    for workspace in CALLS:
        traces = Traces(stack, workspace)
        assert len(traces.queries()) == 2
        assert traces.export()["id"] == of[workspace]["export"]["id"]
        assert not any(
            f"'{other}'" in query["Query"]
            for query in traces.queries()
            for other in set(CALLS) - {workspace}
        )


def test_of_a_schedule_each_outcome_is_told_and_repeated_deliveries_change_nothing(
    limited: LimitedSystem, folder: Path, admin: Caller, stack: LocalStack
) -> None:
    named = ["ws-list-small", "no workspace", "ws-list-over", "ws-list-full"]
    inbox = Inbox(stack, trigger=["schedule"])
    event = scheduled_event(named, "several", MAY_1, timezone="UTC")
    first, *later = [limited.invoke(event)["results"] for _ in range(3)]
    ids = [result["export"] and result["export"]["id"] for result in first]
    assert [id_ is None for id_ in ids] == [False, True, False, False]
    for again in later:
        assert [result["export"] and result["export"]["id"] for result in again] == ids
    told = [
        (message["workspace_id"], message["outcome"], message["export_id"])
        for message in inbox.messages()
    ]
    refused = [message for message in told if message[0] == "no workspace"]
    assert refused == [("no workspace", "refused", None)] * 3  # at each delivery
    assert sorted(message for message in told if message not in refused) == [
        ("ws-list-full", "succeeded", ids[3]),
        ("ws-list-over", "rejected", ids[2]),
        ("ws-list-small", "succeeded", ids[0]),
    ]
    for result in (first[0], first[3]):
        export = result["export"]
        assert_holds(admin, export, folder, START, END)
        delivered = Traces(stack, export["workspace_id"]).delivered(export)
        assert (
            delivered[export["file"]["name"]] == admin.download(export["file"]["download_url"])[1]
        )


def test_a_mistake_beside_the_list_is_told_for_each_workspace(
    limited: LimitedSystem, stack: LocalStack
) -> None:
    named = ["ws-list-typo-a", "ws-list-typo-b"]
    results = limited.invoke(asked(named, colums="extended"))["results"]
    for result, workspace in zip(results, named, strict=True):
        assert result["workspace_id"] == workspace
        assert result["export"] is None
        assert [error["field"] for error in result["problem"]["errors"]] == ["colums"]
        assert Traces(stack, workspace).queries() == []


@pytest.mark.parametrize(
    "workspaces",
    [[], ["ws-list-twice", "ws-list-other", "ws-list-twice"], [f"ws-{n}" for n in range(101)]],
    ids=["none", "one twice", "101"],
)
def test_a_list_that_is_wrong_as_a_whole_is_refused_as_a_whole(
    limited: LimitedSystem, stack: LocalStack, workspaces: list[str]
) -> None:
    inbox = Inbox(stack, outcome=["refused"])
    problem = limited.invoke(asked(workspaces))
    assert problem["type"] == INVALID
    assert [error["field"] for error in problem["errors"]] == ["workspace_id"]
    assert inbox.messages() == []  # who invokes directly reads the answer
    scheduled = limited.invoke(scheduled_event(workspaces, "wrong", MAY_1))
    assert scheduled == problem
    assert len(inbox.messages()) == 1
    assert Traces(stack, "ws-list-twice").queries() == []
