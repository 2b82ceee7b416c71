"""Exports that nobody looks at any more come to their ends by sweeps."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from local.lambda_runtime import LambdaRuntime
from local.stack import LocalStack
from tests.functional.conftest import Caller
from tests.functional.function_log import audits, log_lines
from tests.functional.limited import limited_template
from tests.functional.mortal import SWEEP
from tests.functional.unattended import (
    HOUR,
    Inbox,
    Invoke,
    Traces,
    assert_holds,
    busy_athena,
    log_calls,
    scheduled_event,
)

START, END = map(datetime.fromisoformat, ("2025-04-01", "2025-05-01"))
MAY_1 = datetime(2025, 5, 1, 4, tzinfo=UTC)
ASKED = {"start": "2025-04-01", "end": "2025-04-30"}
RETURNS_SECONDS = 30  # left of an invocation when a direct one stops waiting


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("swept") / "call-logs"


@pytest.fixture(scope="module")
def hurried(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Invoke]:
    """The export function with so little time that it looks once and waits no longer.

    Ten rows are its limit; its log is the stack's.
    """
    known = limited_template(stack, 10).functions()["ExportFunction"]
    function = replace(known, timeout=RETURNS_SECONDS)
    logs = tmp_path_factory.mktemp("hurried")
    functions = {"ExportFunction": function}
    with LambdaRuntime(functions, stack.aws.environment, logs) as runtime:
        yield lambda event: runtime.invoke("ExportFunction", event)


def some_calls(stack: LocalStack, folder: Path, workspace: str) -> None:
    log_calls(stack, folder, workspace, [START + number * 29 * HOUR for number in range(24)])


def sweep_until_over(stack: LocalStack, traces: Traces) -> int:
    """Sweep until the workspace's export is over and told; how often that took."""
    for number in range(1, 200):
        stack.invoke("ExportFunction", SWEEP)
        if traces.marks() == []:
            return number
    raise AssertionError(traces.exports())


def test_an_export_that_is_never_looked_at_ends_and_is_recorded_once(
    stack: LocalStack, folder: Path
) -> None:
    workspace = "ws-swept-http"
    some_calls(stack, folder, workspace)
    inbox, traces = Inbox(stack, workspace_id=[workspace]), Traces(stack, workspace)
    caller = Caller(stack.url, stack.identity_provider.token(workspace_id=workspace))
    with busy_athena(stack):
        started = caller("POST", "/exports", ASKED, {"Prefer": "respond-async"}).body
        assert started["status"] == "queued"
    assert traces.marks() == [started["id"]]
    sweep_until_over(stack, traces)
    assert traces.export()["status"] == "succeeded"
    for _ in range(2):
        stack.invoke("ExportFunction", SWEEP)
    (audit,) = audits(stack.log_directory, started["id"])
    assert (audit["outcome"], audit["repeated"], audit["rows"]) == ("succeeded", False, 24)
    assert inbox.messages() == []  # somebody who asked over HTTP looks for it there
    assert len(traces.queries()) == 2
    assert_holds(caller, caller("GET", f"/exports/{started['id']}").body, folder, START, END)


@pytest.mark.parametrize("way", ["direct", "scheduled"])
def test_a_split_export_whose_invocation_ends_goes_on_by_sweeps_and_is_told_of_once(
    stack: LocalStack, hurried: Invoke, folder: Path, admin: Caller, way: str
) -> None:
    workspace = f"ws-swept-{way}"
    some_calls(stack, folder, workspace)
    inbox, traces = Inbox(stack, workspace_id=[workspace]), Traces(stack, workspace)
    event = {
        "direct": {"workspace_id": workspace, **ASKED},
        "scheduled": scheduled_event(workspace, "swept", MAY_1, timezone="UTC"),
    }[way] | {"on_limit": "split"}
    left = hurried(event)
    assert left["status"] in {"queued", "running"}
    assert left["progress"]["files_done"] == 0
    assert traces.marks() == [left["id"]]
    assert inbox.messages() == []

    assert sweep_until_over(stack, traces) > 1
    stack.invoke("ExportFunction", SWEEP)
    (audit,) = audits(stack.log_directory, left["id"])
    (message,) = inbox.messages()
    assert (audit["outcome"], message["outcome"]) == ("succeeded", "succeeded")
    export = traces.export()
    assert export["id"] == left["id"] == message["export_id"]
    files = [part["file"] for part in export["parts"]]
    assert audit["files"] == len(files) == len(message["files"]) > 1
    assert len(traces.folders()) == (way == "scheduled")
    if way == "scheduled":
        resource = stack.invoke("ExportFunction", event)  # another delivery, after all
        assert resource["id"] == left["id"]
        assert_holds(admin, resource, folder, START, END)
        assert set(traces.delivered(resource)) == {"manifest.json", *(f["name"] for f in files)}


def test_sweeps_beside_deliveries_do_nothing_twice(
    stack: LocalStack, hurried: Invoke, folder: Path, admin: Caller
) -> None:
    workspace = "ws-swept-beside"
    some_calls(stack, folder, workspace)
    inbox, traces = Inbox(stack, workspace_id=[workspace]), Traces(stack, workspace)
    event = scheduled_event(workspace, "beside", MAY_1, timezone="UTC", on_limit="split")
    left = hurried(event)
    with ThreadPoolExecutor(5) as threads:
        sweeps = [threads.submit(sweep_until_over, stack, traces) for _ in range(3)]
        deliveries = [threads.submit(stack.invoke, "ExportFunction", event) for _ in range(2)]
        assert all(sweep.result() for sweep in sweeps)
        exports = [delivery.result() for delivery in deliveries]
    for export in exports:
        assert_holds(admin, export, folder, START, END)
        assert export["id"] == left["id"]
    assert len(audits(stack.log_directory, left["id"])) == 1
    assert [message["export_id"] for message in inbox.messages()] == [left["id"]]
    assert len(traces.queries()) == 2 * (1 + len(exports[0]["files"]))
    assert len(traces.folders()) == 1


def test_a_sweep_says_what_there_was_and_measures_it(stack: LocalStack, hurried: Invoke) -> None:
    with busy_athena(stack):
        left = hurried({"workspace_id": "ws-swept-empty", **ASKED})
        before = stack.invoke("ExportFunction", SWEEP)
    assert before["unfinished"] >= 1
    assert before["failed"] == 0
    assert 0 <= before["oldest_seconds"] < 3600
    sweep_until_over(stack, Traces(stack, "ws-swept-empty"))
    while (last := stack.invoke("ExportFunction", SWEEP))["unfinished"]:
        assert last["failed"] == 0
    assert last == {"unfinished": 0, "failed": 0, "oldest_seconds": 0.0}
    assert len(audits(stack.log_directory, left["id"])) == 1
    measured = [line for line in log_lines(stack.log_directory) if "UnfinishedExports" in line]
    assert measured[-1]["UnfinishedExports"] == [0]
    assert measured[-1]["OldestUnfinishedExport"] == [0.0]
