"""Exports without HTTP: from schedules, the console's Test button and `aws lambda invoke`."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from local.stack import LocalStack
from tests.functional.conftest import OTHER_WORKSPACE, WORKSPACE, Caller
from tests.functional.unattended import EVENTS, HOUR, assert_holds, log_calls, saved_event
from tests.parquet_oracle import HEADER, csv_rows, logged_calls

JANUARY = (  # of 2026 in Berlin: what the saved events ask for
    datetime.fromisoformat("2025-12-31T23:00"),
    datetime.fromisoformat("2026-01-31T23:00"),
)


@pytest.fixture(scope="module", autouse=True)
def january(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Calls in that month, and around it."""
    folder = tmp_path_factory.mktemp("january") / "call-logs"
    start, end = JANUARY
    for workspace, step in ((WORKSPACE, 7 * HOUR), (OTHER_WORKSPACE, 17 * HOUR)):
        around = [start - HOUR, end - timedelta(milliseconds=1), end]
        within = [start + number * step for number in range(40)]
        log_calls(stack, folder, workspace, [*within, *around])
    return folder


def midnight(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time())


def test_the_consoles_event_gives_a_whole_export(
    stack: LocalStack, admin: Caller, call_logs: Path, today: date
) -> None:
    first, last = today - timedelta(days=9), today - timedelta(days=2)
    asked = saved_event("direct") | {"start": f"{first}", "end": f"{last}", "timezone": "UTC"}
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


def test_the_consoles_event_as_it_is_saved_runs(
    stack: LocalStack, admin: Caller, january: Path
) -> None:
    export = stack.invoke("ExportFunction", saved_event("direct"))
    assert len(assert_holds(admin, export, january, *JANUARY)) == 41


def test_a_schedules_event_as_it_is_saved_exports_the_month_before_its_scheduled_time(
    stack: LocalStack, admin: Caller, january: Path
) -> None:
    export = stack.invoke("ExportFunction", saved_event("scheduled-previous-month"))
    assert len(assert_holds(admin, export, january, *JANUARY)) == 41
    assert export["trigger"] == "schedule"
    assert export["delivered_to"].endswith("/api-usage-export-monthly/2026-01-01_2026-01-31/")


def test_the_event_for_several_workspaces_as_it_is_saved_runs(
    stack: LocalStack, admin: Caller, january: Path
) -> None:
    asked = saved_event("direct-several-workspaces")
    results = stack.invoke("ExportFunction", asked)["results"]
    assert [result["workspace_id"] for result in results] == asked["workspace_id"]
    for result in results:
        assert_holds(admin, result["export"], january, *JANUARY)


def test_the_event_for_a_split_export_as_it_is_saved_runs(
    stack: LocalStack, admin: Caller, call_logs: Path
) -> None:
    export = stack.invoke("ExportFunction", saved_event("direct-split"))
    assert export["status"] == "succeeded"
    assert export["request"]["on_limit"] == "split"
    start, end = (
        datetime.fromisoformat(export["timeframe"][bound]).replace(tzinfo=None)
        for bound in ("start", "end")
    )
    _, content = admin.download(export["file"]["download_url"])
    rows = [row[: len(HEADER)] for row in csv_rows(content)[1]]
    assert rows == logged_calls(call_logs, WORKSPACE, start, end)


def test_the_event_of_a_sweep_as_it_is_saved_runs(stack: LocalStack) -> None:
    assert stack.invoke("ExportFunction", saved_event("sweep"))["failed"] == 0


def test_every_saved_event_is_tried_here() -> None:
    exports = {"direct", "direct-split", "direct-several-workspaces", "scheduled-previous-month"}
    others = {"admin-request", "authorizer-request", "member-request", "sweep"}
    assert {path.stem for path in EVENTS.iterdir()} == exports | others


def test_repeated_deliveries_of_one_scheduled_run_give_one_export(
    stack: LocalStack, today: date
) -> None:
    now = datetime.now(UTC)
    scheduled = saved_event("scheduled-previous-month") | {
        "period": "yesterday",
        "scheduled_time": now.isoformat(),
    }
    exports = [stack.invoke("ExportFunction", scheduled) for _ in range(3)]
    later = scheduled | {"scheduled_time": (now + timedelta(days=1)).isoformat()}
    assert len({export["id"] for export in exports}) == 1
    assert stack.invoke("ExportFunction", later | {"period": "last_7_days"})["id"] not in {
        export["id"] for export in exports
    }


@pytest.mark.parametrize("name", ["authorizer-request", "member-request"])
def test_the_authorizers_events_decide_by_their_token(stack: LocalStack, name: str) -> None:
    is_admin = name == "authorizer-request"
    token = stack.identity_provider.token(workspace_id=WORKSPACE, admin=is_admin)
    asked = saved_event(name)
    asked["headers"]["authorization"] = f"Bearer {token}"
    asked["identitySource"] = [f"Bearer {token}"]
    answer = stack.invoke("AuthorizerFunction", asked)
    assert answer["isAuthorized"] is is_admin
    assert stack.invoke("AuthorizerFunction", saved_event(name)) == {"isAuthorized": False}


def test_the_admins_request_event_is_answered_as_over_http(stack: LocalStack) -> None:
    answer = stack.invoke("ExportFunction", saved_event("admin-request"))
    assert answer["statusCode"] == 200
    assert json.loads(answer["body"])["trigger"] == "api"
