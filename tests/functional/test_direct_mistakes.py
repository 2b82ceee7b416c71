"""Events with mistakes, as operators make them: answered with the fields, and nothing starts."""

import json
import re
from typing import Any

import pytest

from local.stack import LocalStack
from tests.functional.conftest import WORKSPACE
from tests.functional.unattended import Inbox, saved_event

ARN = saved_event("scheduled-previous-month")["schedule_arn"]
TIME = "2026-02-01T05:00:00Z"
ANYTHING = {"workspace_id": WORKSPACE}


def queries(stack: LocalStack) -> list[str]:
    """All that Athena was ever asked in the stack's workgroup."""
    workgroup = stack.template.physical_name("WorkGroup")
    found: list[str] = stack.aws.client("athena").list_query_executions(WorkGroup=workgroup)[
        "QueryExecutionIds"
    ]
    return found


def assert_refused(stack: LocalStack, asked: Any, fields: list[str]) -> None:
    before = queries(stack)
    problem = stack.invoke("ExportFunction", asked)
    assert problem["type"] == "urn:api-usage-export:problem:invalid-request"
    assert problem["status"] == 422
    assert sorted(error["field"] for error in problem["errors"]) == sorted(fields)
    assert all(error["message"] for error in problem["errors"])
    assert all(
        f"{error['field']}: {error['message']}" in problem["detail"] for error in problem["errors"]
    )
    assert queries(stack) == before


@pytest.mark.parametrize(
    "asked",
    [None, True, 7, 0.5, "", "ws-acme", '{"workspace_id": "ws-acme"}', [], [ANYTHING], [[]]],
    ids=repr,
)
def test_an_event_is_an_object(stack: LocalStack, asked: Any) -> None:
    assert_refused(stack, asked, ["body"])


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({}, ["workspace_id"]),
        ({"task": "sweeep"}, ["task", "workspace_id"]),
        ({"task": "SWEEP"}, ["task", "workspace_id"]),
        ({"task": ["sweep"]}, ["task", "workspace_id"]),
        ({"Task": "sweep"}, ["Task", "workspace_id"]),
        ({"task": "sweep", "workspace_id": WORKSPACE}, ["task"]),
        ({"workspaceId": WORKSPACE}, ["workspaceId", "workspace_id"]),
        ({"detail": ANYTHING}, ["detail", "workspace_id"]),
        ({"workspace_id": WORKSPACE, "a.b[0]": 1, "": 2}, ["a.b[0]", "body"]),
        ({"workspace_id": WORKSPACE, "x" * 300: 1}, ["x" * 64]),
        ({"workspace_id": WORKSPACE, "\ud800": 1}, ["body"]),
        ({"workspace_id": WORKSPACE, "requestContext": {"http": {}}}, ["requestContext"]),
        ({"Records": [{"body": "{}"}]}, ["Records", "workspace_id"]),
    ],
)
def test_fields_that_are_missing_or_unknown_are_named(
    stack: LocalStack, asked: dict[str, Any], fields: list[str]
) -> None:
    assert_refused(stack, asked, fields)


@pytest.mark.parametrize(
    "workspace",
    [None, "", " ", "ws acme", "ws-acme\n", "../ws-acme", "WS-ACME'", "\ud800", "é", 7, {"id": 1}],
)
def test_a_workspace_that_is_not_one_is_named(stack: LocalStack, workspace: Any) -> None:
    assert_refused(stack, {"workspace_id": workspace}, ["workspace_id"])


@pytest.mark.parametrize(
    "workspace",
    ["", " ", "ws acme", "ws-acme\nBcc: x", "é" * 200, "\ud800", "\x00", None, 7, {"id": 1}],
)
def test_of_a_schedule_it_is_told_too(stack: LocalStack, workspace: Any) -> None:
    inbox = Inbox(stack, outcome=["refused"])
    asked = {"workspace_id": workspace, "schedule_arn": ARN, "scheduled_time": TIME}
    assert_refused(stack, asked, ["workspace_id"])
    (envelope,) = inbox.envelopes()
    assert re.fullmatch(r"API usage export refused:[ -~]{0,75}", envelope["Subject"])
    message = json.loads(envelope["Message"])
    assert message["requested_by"] == ARN
    assert [error["field"] for error in message["error"]["errors"]] == ["workspace_id"]


@pytest.mark.parametrize(
    "workspaces",
    [[1, 2], [None], [["ws-acme"]], [{"id": "ws-acme"}], ["ws acme", ""], ["\ud800"], [True, 1.5]],
    ids=repr,
)
def test_in_a_list_each_that_is_not_one_has_its_own_problem(
    stack: LocalStack, workspaces: list[Any]
) -> None:
    before = queries(stack)
    results = stack.invoke("ExportFunction", {"workspace_id": workspaces})["results"]
    assert len(results) == len(workspaces)
    for result in results:
        assert result["export"] is None
        assert [error["field"] for error in result["problem"]["errors"]] == ["workspace_id"]
    assert queries(stack) == before


@pytest.mark.parametrize(
    ("mistake", "field"),
    [
        ({"period": "previous_month", "start": "2026-01-01"}, "period"),
        ({"period": "previous_month", "start": "2026-01-01", "end": "2026-01-31"}, "period"),
        ({"period": "last month"}, "period"),
        ({"period": 1}, "period"),
        ({"period": ["previous_month"]}, "period"),
        ({"start": 20260101}, "start"),
        ({"start": ["2026-01-01"]}, "start"),
        ({"start": "01.02.2026"}, "start"),
        ({"start": "2026-02-30"}, "start"),
        ({"start": "2026-02-02", "end": "2026-02-01"}, "start"),
        ({"start": "2999-01-01"}, "start"),
        ({"start": "1999-01-01"}, "start"),
        ({"start": "0000-00-00"}, "start"),
        ({"end": "2026-01-31"}, "start"),
        ({"start": "2026-01-01", "end": None, "timezone": None}, "timezone"),
        ({"timezone": "Berlin"}, "timezone"),
        ({"timezone": 1}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"timezone": "Europe"}, "timezone"),
        ({"columns": "EXTENDED"}, "columns"),
        ({"columns": ["extended"]}, "columns"),
        ({"spreadsheet_safe": "yes"}, "spreadsheet_safe"),
        ({"on_limit": "SPLIT"}, "on_limit"),
        ({"on_limit": True}, "on_limit"),
        ({"models": "gpt-4o"}, "models"),
        ({"models": []}, "models"),
        ({"models": {"gpt-4o": True}}, "models"),
        ({"providers": [None]}, "providers[0]"),
        ({"api_key_ids": ["key-1", 2]}, "api_key_ids[1]"),
        ({"call_types": ["chat"]}, "call_types[0]"),
        ({"scheduled_time": "<aws.scheduler.scheduled-time>"}, "scheduled_time"),
        ({"scheduled_time": "2026-02-01"}, "scheduled_time"),
        ({"scheduled_time": "2026-02-01T05:00:00"}, "scheduled_time"),
        ({"scheduled_time": 20260201}, "scheduled_time"),
        ({"scheduled_time": "20260201"}, "scheduled_time"),
        ({"scheduled_time": "-1.5"}, "scheduled_time"),
        ({"scheduled_time": True}, "scheduled_time"),
        ({"scheduled_time": []}, "scheduled_time"),
        ({"scheduled_time": "0001-01-01T00:00:00+14:00"}, "scheduled_time"),
        ({"scheduled_time": "9999-12-31T23:59:59-14:00"}, "scheduled_time"),
        ({"scheduled_time": "0001-01-01T00:00:00+14:00", "schedule_arn": ARN}, "scheduled_time"),
        ({"scheduled_time": "0001-01-01T00:00:00Z", "period": "previous_month"}, "period"),
        ({"schedule_arn": ARN}, "schedule_arn"),
        ({"schedule_arn": ARN, "scheduled_time": None}, "schedule_arn"),
        ({"schedule_arn": "monthly", "scheduled_time": TIME}, "schedule_arn"),
        ({"schedule_arn": "<aws.scheduler.schedule-arn>", "scheduled_time": TIME}, "schedule_arn"),
        ({"schedule_arn": [ARN], "scheduled_time": TIME}, "schedule_arn"),
        ({"schedule_arn": ARN + "\n", "scheduled_time": TIME}, "schedule_arn"),
    ],
    ids=repr,
)
def test_a_value_that_is_wrong_is_named(
    stack: LocalStack, mistake: dict[str, Any], field: str
) -> None:
    assert_refused(stack, {"workspace_id": WORKSPACE, **mistake}, [field])


def test_every_mistake_is_named_at_once(stack: LocalStack) -> None:
    asked = {"workspace_id": 1, "period": "x", "colums": "extended", "models": [1, "", "m"]}
    assert_refused(stack, asked, ["workspace_id", "period", "colums", "models[0]", "models[1]"])
