"""An export is the same file on both engines, through every part of the system."""

import time
from typing import Any

import pytest

from local.stack import LocalStack
from tests.functional.conftest import Caller
from tests.trino.both_engines import EitherEngine
from tests.trino.test_parity_chosen import REAL_CALLS, needs_real_calls

pytestmark = pytest.mark.trino

REAL_DAY = {"start": "2023-11-16", "end": "2023-11-16"}


def exported(stack: LocalStack, workspace_id: str, request: dict[str, Any]) -> tuple[Any, bytes]:
    """A finished export and its file."""
    caller = Caller(stack.url, stack.identity_provider.token(workspace_id=workspace_id))
    export = caller("POST", "/exports", request).body
    deadline = time.monotonic() + 300
    while export["status"] in ("queued", "running"):
        assert time.monotonic() < deadline, export
        time.sleep(0.2)
        export = caller("GET", f"/exports/{export['id']}").body
    assert export["status"] == "succeeded", export
    return export, caller.download(export["file"]["download_url"])[1]


@needs_real_calls
@pytest.mark.parametrize(
    "request_",
    [
        REAL_DAY,
        REAL_DAY | {"columns": "extended", "spreadsheet_safe": False},
        {"start": "2023-11-16T18:30:00Z", "end": "2023-11-16T18:45:00.001Z"},
    ],
    ids=["all", "extended", "some"],
)
def test_the_real_calls_are_one_file_byte_for_byte_with_the_same_totals(
    stack: LocalStack, both: EitherEngine, request_: dict[str, Any]
) -> None:
    stack.aws.add_call_logs(REAL_CALLS)
    found = []
    for engine in (both.duckdb, both.trino):
        with both.on(engine):
            found.append(exported(stack, "ws-azure", request_))
    (ours, our_file), (theirs, their_file) = found
    assert our_file == their_file
    for name in ("row_count", "control_totals", "timeframe"):
        assert ours[name] == theirs[name]
    assert their_file.count(b"\n") == theirs["row_count"] + 1
    assert theirs["bytes_scanned"] > 0
