"""Exports without HTTP: from schedules, the console's Test button and `aws lambda invoke`."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local.stack import LocalStack
from tests.functional.conftest import WORKSPACE, Caller
from tests.parquet_oracle import HEADER, csv_rows, logged_calls

EVENTS = Path(__file__).parents[2] / "events"


def event(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return content


def midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time())


def test_the_consoles_event_gives_a_whole_export(
    stack: LocalStack, admin: Caller, call_logs: Path, today: date
) -> None:
    first, last = today - timedelta(days=9), today - timedelta(days=2)
    asked = event("direct") | {"start": f"{first}", "end": f"{last}", "timezone": "UTC"}
    export = stack.invoke("ExportFunction", asked)
    assert export["status"] == "succeeded"
    assert export["trigger"] == "direct"
    _, content = admin.download(export["file"]["download_url"])
    header, rows = csv_rows(content)
    assert header == HEADER
    assert rows == logged_calls(
        call_logs, WORKSPACE, midnight(first), midnight(last + timedelta(days=1))
    )
    assert len(rows) > 100


def test_the_consoles_event_as_it_is_saved_runs(stack: LocalStack) -> None:
    export = stack.invoke("ExportFunction", event("direct"))
    assert export["status"] == "succeeded"
    assert export["timeframe"]["start"] == "2025-12-31T23:00:00.000Z"  # midnight in Berlin


def test_a_schedule_exports_the_month_before_its_scheduled_time(stack: LocalStack) -> None:
    export = stack.invoke("ExportFunction", event("scheduled-previous-month"))
    assert export["status"] == "succeeded"
    assert export["trigger"] == "schedule"
    assert export["timeframe"] == {
        "start": "2025-12-31T23:00:00.000Z",
        "end": "2026-01-31T23:00:00.000Z",
    }


def test_repeated_deliveries_of_one_scheduled_run_give_one_export(
    stack: LocalStack, today: date
) -> None:
    now = datetime.now(UTC)
    scheduled = event("scheduled-previous-month") | {
        "period": "yesterday",
        "scheduled_time": now.isoformat(),
    }
    exports = [stack.invoke("ExportFunction", scheduled) for _ in range(3)]
    later = scheduled | {"scheduled_time": (now + timedelta(days=1)).isoformat()}
    assert len({export["id"] for export in exports}) == 1
    assert stack.invoke("ExportFunction", later | {"period": "last_7_days"})["id"] not in {
        export["id"] for export in exports
    }


@pytest.mark.parametrize(
    ("asked", "fields"),
    [
        ({}, {"workspace_id"}),
        ({"workspace_id": "ws/acme"}, {"workspace_id"}),
        ({"workspace_id": WORKSPACE, "from": "2026-01-01", "end": 3}, {"from", "end"}),
        ({"workspace_id": WORKSPACE, "start": "2999-01-01"}, {"start"}),
        (
            {"workspace_id": WORKSPACE, "scheduled_time": "<aws.scheduler.scheduled-time>"},
            {"scheduled_time"},
        ),
        ({"workspace_id": WORKSPACE, "requestContext": {"stage": "x"}}, {"requestContext"}),
        ({"requestContext": {"http": {}}}, {"workspace_id", "requestContext"}),
        (None, {"body"}),
        ([{"workspace_id": WORKSPACE}], {"body"}),
        (WORKSPACE, {"body"}),
    ],
)
def test_a_mistake_in_the_event_is_answered_with_the_fields_at_fault(
    stack: LocalStack, asked: Any, fields: set[str]
) -> None:
    problem = stack.invoke("ExportFunction", asked)
    assert problem["status"] == 422
    assert {error["field"] for error in problem["errors"]} == fields


@pytest.mark.parametrize("name", ["authorizer-request", "member-request"])
def test_the_authorizers_events_decide_by_their_token(stack: LocalStack, name: str) -> None:
    is_admin = name == "authorizer-request"
    token = stack.identity_provider.token(workspace_id=WORKSPACE, admin=is_admin)
    asked = event(name)
    asked["headers"]["authorization"] = f"Bearer {token}"
    asked["identitySource"] = [f"Bearer {token}"]
    answer = stack.invoke("AuthorizerFunction", asked)
    assert answer["isAuthorized"] is is_admin
    assert stack.invoke("AuthorizerFunction", event(name)) == {"isAuthorized": False}


def test_the_admins_request_event_is_answered_as_over_http(stack: LocalStack) -> None:
    answer = stack.invoke("ExportFunction", event("admin-request"))
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["trigger"] == "api"
