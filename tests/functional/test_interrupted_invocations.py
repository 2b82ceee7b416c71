"""The export function killed after every single answer of AWS, and what comes of its export."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from local.stack import LocalStack
from tests.functional.conftest import Caller
from tests.functional.function_log import audits
from tests.functional.mortal import SWEEP, MortalFunction, mortal_function
from tests.functional.unattended import (
    HOUR,
    Inbox,
    Traces,
    assert_holds,
    log_calls,
    scheduled_event,
)

START, END = map(datetime.fromisoformat, ("2025-04-02", "2025-05-01"))
CALLS = [START + number * 5 * HOUR for number in range(9)]
SCHEDULED = datetime(2025, 5, 1, 4, tzinfo=UTC)
ROW_LIMITS = {"direct": 100, "scheduled": 100, "split": 4}
STEPS = 300  # more than there are answers of AWS in an invocation
GRACE_SECONDS = 16 * 60  # after which an export that ended is told of again, if nobody said so
FORGET_SECONDS = 3 * 3600  # after which a mark without an export is taken away


@dataclass(frozen=True)
class Killer:
    """Makes events whose first delivery dies."""

    stack: LocalStack
    functions: dict[int, MortalFunction]
    folder: Path
    logs: Path

    def life(self, way: str, then: str, step: int) -> "Life":
        """A workspace of its own, and an event for it."""
        workspace = f"ws-{way}-{then}-{step}"
        log_calls(self.stack, self.folder / workspace, workspace, CALLS)
        if way == "direct":
            event = {"workspace_id": workspace, "start": "2025-04-01", "end": "2025-04-30"}
        else:
            event = scheduled_event(workspace, "killed", SCHEDULED)
        return Life(
            event | {"on_limit": "split"},
            self.functions[ROW_LIMITS[way]],
            Traces(self.stack, workspace),
            Inbox(self.stack, workspace_id=[workspace]),
            self.folder / workspace,
            request_id=str(uuid4()),
        )


@dataclass(frozen=True)
class Life:
    """An event, and all that its deliveries leave. Retries of an invocation have one request id."""

    event: dict[str, Any]
    function: MortalFunction
    traces: Traces
    inbox: Inbox
    folder: Path
    request_id: str

    def dies(self, after: int) -> bool:
        return self.function.dies(self.event, after=after, request_id=self.request_id)

    def deliver(self) -> Any:
        return self.function.invoke(self.event, request_id=self.request_id)

    def sweep(self, ahead_seconds: float = 0) -> None:
        assert self.function.invoke(SWEEP, ahead_seconds=ahead_seconds)["failed"] == 0

    def sweep_to_the_end(self) -> None:
        for _ in range(100):
            if all(export["completed_at"] for export in self.traces.exports()):
                return
            self.sweep()
        raise AssertionError(self.traces.exports())

    @property
    def is_over(self) -> bool:
        return any(export["completed_at"] for export in self.traces.exports())

    def assert_no_delivery_is_half_done(self) -> None:
        """Whoever finds the manifest in a folder finds all files beside it."""
        for export in self.traces.exports():
            for folder in self.traces.folders():
                if "manifest.json" in (names := self.traces.names(folder)):
                    files = {part["file"]["name"] for part in export["parts"]}
                    assert names == {"manifest.json", *files}


@pytest.fixture(scope="module")
def killer(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killer]:
    folder = tmp_path_factory.mktemp("killed")
    logs = folder / "logs"
    with ExitStack() as running:
        functions = {
            limit: running.enter_context(mortal_function(stack, logs, limit))
            for limit in sorted(set(ROW_LIMITS.values()))
        }
        yield Killer(stack, functions, folder, logs)


@pytest.mark.parametrize(
    ("way", "then", "steps"),
    [
        ("direct", "redelivered", range(0, STEPS, 6)),
        ("scheduled", "redelivered", range(0, STEPS, 4)),
        ("scheduled", "swept", range(2, STEPS, 4)),
        # The rest takes too long for every day.
        pytest.param("direct", "redelivered", range(0, STEPS, 3), marks=pytest.mark.slow),
        pytest.param("scheduled", "redelivered", range(STEPS), marks=pytest.mark.slow),
        pytest.param("scheduled", "swept", range(STEPS), marks=pytest.mark.slow),
        pytest.param("split", "redelivered", range(STEPS), marks=pytest.mark.slow),
        pytest.param("split", "swept", range(STEPS), marks=pytest.mark.slow),
    ],
    ids=lambda value: f"every {value.step}" if isinstance(value, range) else value,
)
def test_wherever_the_process_dies_there_is_one_export_delivered_and_told_of(
    killer: Killer, admin: Caller, way: str, then: str, steps: range
) -> None:
    for step in steps:
        life = killer.life(way, f"{then}-{steps.step}", step)
        if not life.dies(after=step):
            break
        was_over = life.is_over
        life.assert_no_delivery_is_half_done()
        if then == "redelivered":
            life.deliver()
        life.sweep_to_the_end()
        was_made = bool(life.traces.exports())
        if not was_made:
            assert life.traces.queries() == []  # the scheduler still has the event
        life.sweep(GRACE_SECONDS)
        if not was_made:
            life.sweep(FORGET_SECONDS)
        assert life.traces.marks() == []
        messages = life.inbox.messages()

        export = life.deliver()
        assert_holds(admin, export, life.folder, START, END)
        assert life.traces.export()["id"] == export["id"]
        files = len(export["files"])
        assert (files > 1) is (way == "split")
        assert len(life.traces.queries()) == 2 * (files if files == 1 else files + 1)
        assert life.traces.states() <= {"SUCCEEDED", "CANCELLED"}

        messages += life.inbox.messages()
        life.inbox.close()
        told = audits(killer.logs, export["id"])
        assert 1 <= len(messages) <= len(told) <= 1 + was_over
        assert all(message == messages[0] for message in messages)
        assert [audit["repeated"] for audit in told].count(False) <= 1
        if way != "direct":
            delivered = life.traces.delivered(export)
            assert set(delivered) == {"manifest.json", *(file["name"] for file in export["files"])}
            for file in export["files"]:
                assert delivered[file["name"]] == admin.download(file["download_url"])[1]
        assert len(life.traces.folders()) == (way != "direct")
    assert 12 < step < steps[-1]  # it died often, and at last it did not
