"""One warm process serves workspaces in turn, and remembers nothing of the one before."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from local.stack import LocalStack
from tests.functional.conftest import OTHER_WORKSPACE, WORKSPACE
from tests.functional.in_process import Loaded, loaded
from tests.functional.unattended import saved_event

EVENT = saved_event("admin-request")
# Nobody else's: other tests have exports of both workspaces, of the provider's one default person.
SUBJECTS = {WORKSPACE: "anna@warm.example", OTHER_WORKSPACE: "bert@warm.example"}
MARKS = {WORKSPACE: ("ws-acme", "anna@"), OTHER_WORKSPACE: ("ws-globex", "bert@")}


class CutShortError(BaseException):
    """What nobody catches: as where an invocation runs out of time."""


FAULTS: dict[str, BaseException] = {
    "time-out of AWS": ReadTimeoutError(endpoint_url="https://s3.example"),
    "access denied": ClientError({"Error": {"Code": "AccessDenied"}}, "Any"),
    "a fault of our own": KeyError("anything"),
    "cut short": CutShortError(),
}


@pytest.fixture(scope="module")
def exporting(stack: LocalStack) -> Iterator[Loaded]:
    with loaded(stack, "ExportFunction") as function:
        yield function


@pytest.fixture(scope="module")
def counting(stack: LocalStack) -> Iterator[Loaded]:
    with loaded(stack, "AnalyticsFunction") as function:
        yield function


def request(
    workspace: str, method: str, path: str, body: Any = None, **headers: str
) -> dict[str, Any]:
    """API Gateway's event of an admin's request."""
    path, _, query = path.partition("?")
    context = EVENT["requestContext"]
    made = {
        **EVENT,
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {"content-type": "application/json", **headers},
        "requestContext": {
            **context,
            "requestId": f"request-of-{workspace}",
            "http": {**context["http"], "method": method, "path": path},
            "authorizer": {"lambda": {"workspace_id": workspace, "subject": SUBJECTS[workspace]}},
        },
        "body": json.dumps(body),
    }
    return made if body is not None else {k: v for k, v in made.items() if k != "body"}


def asked(function: Loaded, event: dict[str, Any]) -> tuple[int, str, str]:
    """Status, text and log of an invocation; status 0 where it has none."""
    function.log.seek(0)
    function.log.truncate()
    try:
        answer = function.invoke(event)
    except CutShortError:
        return 0, "", function.log.getvalue()
    return answer["statusCode"], json.dumps(answer), function.log.getvalue()


def assert_only_of(workspace: str, *texts: str) -> None:
    for other in MARKS.keys() - {workspace}:
        assert not [mark for mark in MARKS[other] for text in texts if mark in text]


def test_whatever_befalls_one_workspace_the_next_sees_nothing_of_it(exporting: Loaded) -> None:
    def served(workspace: str) -> None:
        exporting.disturb = lambda _: None
        created = request(workspace, "POST", "/exports", {"period": "yesterday"})
        status, text, log = asked(exporting, created)
        assert status == 200
        export = json.loads(json.loads(text)["body"])
        assert (export["workspace_id"], export["requested_by"]) == (workspace, SUBJECTS[workspace])
        assert workspace in log
        assert f"request-of-{workspace}" in log
        assert_only_of(workspace, text, log)

    served(OTHER_WORKSPACE)
    operations = {"PutObject", "BatchGetQueryExecution", "HeadObject"}
    victims = [WORKSPACE, OTHER_WORKSPACE] * len(FAULTS)
    for number, (fault, operation) in enumerate(
        (fault, operation) for fault in FAULTS.values() for operation in sorted(operations)
    ):
        victim = victims[number % len(victims)]
        exporting.disturb = raising(operation, fault)
        wait = "wait=1" if operation == "HeadObject" else "respond-async"
        event = request(victim, "POST", "/exports", {"period": "yesterday"}, prefer=wait)
        _, text, log = asked(exporting, event)
        assert '\\"status\\":\\"succeeded' not in text
        assert_only_of(victim, text, log)
        served(next(other for other in MARKS if other != victim))


def test_the_same_holds_for_usage(counting: Loaded) -> None:
    def served(workspace: str) -> str:
        counting.disturb = lambda _: None
        status, text, log = asked(counting, request(workspace, "GET", "/usage?period=yesterday"))
        assert status == 200
        assert_only_of(workspace, text, log)
        return text

    first = {workspace: served(workspace) for workspace in MARKS}
    assert len(set(first.values())) == 2
    for number, fault in enumerate(FAULTS.values()):
        for operation in ("StartQueryExecution", "BatchGetQueryExecution", "GetObject"):
            victim, other = sorted(MARKS, reverse=bool(number % 2))
            counting.disturb = raising(operation, fault)
            status, text, log = asked(counting, request(victim, "GET", "/usage?period=yesterday"))
            assert status != 200
            assert_only_of(victim, text, log)
            assert totals(served(other)) == totals(first[other])


def totals(text: str) -> Any:
    return json.loads(json.loads(text)["body"])["totals"]


def raising(operation: str, fault: BaseException) -> Any:
    def disturb(called: str) -> None:
        if called == operation:
            raise fault

    return disturb


def test_nothing_is_kept_between_alternating_routes(exporting: Loaded) -> None:
    exporting.disturb = lambda _: None
    ids: dict[str, str] = {}
    for workspace in MARKS:
        _, text, _ = asked(
            exporting, request(workspace, "POST", "/exports", {"period": "yesterday"})
        )
        ids[workspace] = json.loads(json.loads(text)["body"])["id"]
    for _ in range(2):
        for workspace in MARKS:
            (theirs,) = {ids[other] for other in MARKS if other != workspace}
            for event in (
                request(workspace, "GET", "/exports?limit=100"),
                request(workspace, "GET", f"/exports/{ids[workspace]}"),
                request(workspace, "GET", f"/exports/{theirs}"),
                request(workspace, "DELETE", f"/exports/{theirs}"),
                request(workspace, "POST", "/exports", {"start": "nonsense"}),
                request(workspace, "POST", "/exports/estimate", {"period": "yesterday"}),
            ):
                status, text, log = asked(exporting, event)
                assert_only_of(workspace, text, log)
                is_theirs = theirs in event["rawPath"]
                assert (status == 404) == is_theirs
                assert (theirs in text) is False
