"""The artifacts answer as Lambda runs them: every event of `events/`, against the local stack."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest
import urllib3

from tests.packaging.builds import FUNCTIONS, ROOT, files
from tests.packaging.conftest import WORKSPACE, Deployment, Start
from tests.packaging.lambda_process import Environment, LambdaProcess
from tests.parquet_oracle import HEADER, Row, csv_rows, logged_calls, total_cost

EVENTS = ROOT / "events"
BERLIN = ZoneInfo("Europe/Berlin")
JANUARY_2026 = (date(2026, 1, 1), date(2026, 2, 1))


def event(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((EVENTS / f"{name}.json").read_text())
    return content


@pytest.mark.parametrize("name", sorted(path.stem for path in EVENTS.iterdir()))
def test_every_event_is_answered_as_it_should_be(
    start: Start, deployment: Deployment, call_logs: Path, name: str
) -> None:
    match name:
        case "direct" | "scheduled-previous-month":
            export = start("ExportFunction").invoke(event(name))
            assert export["trigger"] == ("direct" if name == "direct" else "schedule")
            assert_exported(export, JANUARY_2026, call_logs)
        case "direct-split":
            export = start("ExportFunction").invoke(event(name))
            assert export["status"] == "succeeded", export
            logged = calls(call_logs, *month_before(export["created_at"]))
            assert_totals(export["control_totals"], logged)
        case "direct-several-workspaces":
            results = start("ExportFunction").invoke(event(name))["results"]
            assert [result["workspace_id"] for result in results] == ["ws-acme", "ws-globex"]
            for result in results:
                assert result["export"]["workspace_id"] == result["workspace_id"]
                assert_exported(result["export"], JANUARY_2026, call_logs)
        case "sweep":
            function = start("ExportFunction")
            asked = event("admin-request")
            asked["headers"]["prefer"] = "respond-async"
            begun = function.invoke(asked)
            assert begun["statusCode"] == 202, begun
            sweep_until_done(function, event(name))
            path = f"/exports/{json.loads(begun['body'])['id']}"
            export = json.loads(function.invoke(request("GET", path, ""))["body"])
            assert_exported(export, month_before(export["created_at"]), call_logs)
        case "admin-request":
            answer = start("ExportFunction").invoke(event(name))
            assert answer["statusCode"] == 200, answer
            export = json.loads(answer["body"])
            assert export["trigger"] == "api"
            assert_exported(export, month_before(export["created_at"]), call_logs)
        case "authorizer-request":
            token = deployment.identity_provider.token(workspace_id=WORKSPACE)
            assert_decided(start("AuthorizerFunction"), name, token, admitted=True)
        case "member-request":
            token = deployment.identity_provider.token(workspace_id=WORKSPACE, admin=False)
            assert_decided(start("AuthorizerFunction"), name, token, admitted=False)
        case _:
            pytest.fail(f"nothing here says how events/{name}.json is to be answered")


def test_analytics_adds_up_the_same_calls(start: Start, call_logs: Path) -> None:
    first, last = date(2026, 1, 5), date(2026, 1, 20)
    query = f"start={first}&end={last}&timezone=Europe%2FBerlin&granularity=day"
    answer = start("AnalyticsFunction").invoke(request("GET", "/usage", query))
    assert answer["statusCode"] == 200, answer
    usage = json.loads(answer["body"])
    assert_totals(usage["totals"], calls(call_logs, first, last + timedelta(days=1)))


def test_a_warm_function_answers_one_event_after_the_other(start: Start, call_logs: Path) -> None:
    function = start("ExportFunction")
    refused = function.invoke(event("direct") | {"workspace_id": "ws/acme"})
    assert refused["status"] == 422
    again = [function.invoke(event("direct") | {"timezone": zone}) for zone in ("UTC", "UTC")]
    assert again[0]["id"] != again[1]["id"]
    for export in again:
        assert_totals(export["control_totals"], calls(call_logs, *JANUARY_2026, zone="UTC"))


@pytest.mark.parametrize("logical_id", sorted(FUNCTIONS))
def test_a_function_writes_nothing_beside_its_code(
    start: Start, lambda_folders: dict[str, Environment], logical_id: str
) -> None:
    folders = lambda_folders[logical_id]
    before = files(folders.task_root), files(folders.opt)
    asked = {
        "AnalyticsFunction": request("GET", "/usage", "period=yesterday"),
        "AuthorizerFunction": event("authorizer-request"),
        "ExportFunction": event("direct"),
    }
    start(logical_id).invoke(asked[logical_id])
    assert (files(folders.task_root), files(folders.opt)) == before


def request(method: str, path: str, query: str) -> dict[str, Any]:
    """The admin's event, for another route."""
    asked = event("admin-request")
    asked["requestContext"]["http"] |= {"method": method, "path": path}
    asked["requestContext"]["routeKey"] = f"{method} {path}"
    return asked | {
        "routeKey": f"{method} {path}",
        "rawPath": path,
        "rawQueryString": query,
        "queryStringParameters": dict(parse_qsl(query)),
        "body": None,
    }


def month_before(created_at: str) -> tuple[date, date]:
    """The first day of the month before an instant in Berlin, and of the month after it."""
    this_month = datetime.fromisoformat(created_at).astimezone(BERLIN).date().replace(day=1)
    return (this_month - timedelta(days=1)).replace(day=1), this_month


def sweep_until_done(function: LambdaProcess, sweep: dict[str, Any]) -> None:
    """Sweeps; the first one has something to do."""
    swept = function.invoke(sweep)
    assert swept["unfinished"] > 0
    deadline = monotonic() + 120
    while swept["unfinished"]:
        assert monotonic() < deadline, swept
        assert swept["failed"] == 0, function.output
        sleep(0.2)
        swept = function.invoke(sweep)


def assert_decided(authorizer: LambdaProcess, name: str, token: str, *, admitted: bool) -> None:
    """The event with this token is decided so, is denied as it is saved, and each denial logged."""
    header = f"Bearer {token}"
    asked = event(name) | {"identitySource": [header]}
    asked["headers"]["authorization"] = header
    allowed = {
        "isAuthorized": True,
        "context": {"workspace_id": WORKSPACE, "subject": "ada@acme.example"},
    }
    denied = {"isAuthorized": False}
    assert authorizer.invoke(asked) == (allowed if admitted else denied)
    assert authorizer.invoke(event(name)) == denied
    causes = [line["cause"] for line in authorizer.log_lines if line["message"] == "Access denied"]
    assert len(causes) == (1 if admitted else 2)
    assert all(causes)
    assert token not in authorizer.output


def calls(
    call_logs: Path,
    first: date,
    end: date,
    zone: str = "Europe/Berlin",
    workspace: str = WORKSPACE,
) -> list[Row]:
    """What is logged from one local midnight to another."""
    between = [
        datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)
        for day in (first, end)
    ]
    return logged_calls(
        call_logs, workspace, *(instant.replace(tzinfo=None) for instant in between)
    )


def assert_exported(export: dict[str, Any], days: tuple[date, date], call_logs: Path) -> None:
    """The export has succeeded; its file and control totals are those of the logs."""
    assert export["status"] == "succeeded", export
    logged = calls(call_logs, *days, workspace=export["workspace_id"])
    assert_totals(export["control_totals"], logged)
    answer = urllib3.request("GET", export["file"]["download_url"], retries=False, timeout=60)
    assert answer.status == 200
    assert csv_rows(answer.data) == (HEADER, logged)


def assert_totals(totals: dict[str, Any], logged: Sequence[Row]) -> None:
    assert len(logged) > 100
    assert totals["rows" if "rows" in totals else "calls"] == len(logged)
    assert totals["input_tokens"] == sum(int(row[5] or 0) for row in logged)
    assert totals["output_tokens"] == sum(int(row[6] or 0) for row in logged)
    assert Decimal(totals["cost_usd"]) == total_cost(logged)
