"""Athena runs as many queries as it may: what admins are told, and that nothing is lost."""

from collections.abc import Iterator
from datetime import date, timedelta

import pytest
from botocore.exceptions import ClientError

from local.athena.backend import LocalAthenaBackend
from local.stack import LocalStack
from tests.functional.athena_caller import AthenaCaller
from tests.functional.conftest import Caller

BUSY = "urn:api-usage-export:problem:service-unavailable"


@pytest.fixture
def full(stack: LocalStack) -> Iterator[pytest.MonkeyPatch]:
    """An Athena without a free place, until the patch is undone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(LocalAthenaBackend.query_executions, "_active", 0)
        yield patch


def test_athena_says_that_there_are_too_many_queries(
    stack: LocalStack, full: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ClientError) as raised:
        AthenaCaller(stack.aws).start("SELECT 1")
    assert raised.value.response["Error"]["Code"] == "TooManyRequestsException"
    assert {**raised.value.response}["Reason"] == "CONCURRENT_QUERY_LIMIT_EXCEEDED"


@pytest.mark.parametrize(
    ("method", "path", "days"), [("POST", "/exports/estimate", 3), ("GET", "/usage", 4)]
)
def test_figures_are_a_503_that_says_when_to_ask_again_and_then_they_are_there(
    admin: Caller, full: pytest.MonkeyPatch, today: date, method: str, path: str, days: int
) -> None:
    asked = {"start": f"{today - timedelta(days=days)}", "end": f"{today - timedelta(days=1)}"}
    query = f"?start={asked['start']}&end={asked['end']}" if method == "GET" else ""
    body = asked if method == "POST" else None
    reply = admin(method, path + query, body)
    assert (reply.status, reply.body["type"]) == (503, BUSY)
    assert int(reply.headers["Retry-After"]) > 0
    full.undo()
    assert admin(method, path + query, body).status == 200


def test_an_export_waits_for_a_place_and_is_made_once(
    admin: Caller, full: pytest.MonkeyPatch, stack: LocalStack
) -> None:
    key = {"Idempotency-Key": "while-athena-is-busy"}
    first = admin("POST", "/exports", {}, {**key, "Prefer": "respond-async"})
    assert (first.status, first.body["status"]) == (202, "queued")
    assert int(first.headers["Retry-After"]) > 0
    look = admin("GET", f"/exports/{first.body['id']}")
    assert (look.status, look.body["type"]) == (503, BUSY)
    assert int(look.headers["Retry-After"]) > 0
    full.undo()
    again = admin("POST", "/exports", {}, key)
    assert (again.status, again.body["status"]) == (200, "succeeded")
    assert again.body["id"] == first.body["id"]
