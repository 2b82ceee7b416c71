"""Usage analytics over HTTP, through gateway, authorizer, Lambda, Athena and S3."""

import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from local.stack import LocalStack
from tests.call_table import Call
from tests.functional.athena_caller import WORKGROUP, write_call_log
from tests.functional.athena_caller import calls as call_log
from tests.functional.conftest import OTHER_WORKSPACE, WORKSPACE, Caller, Reply
from tests.local_calendar import calendar
from tests.usage_calls import hard_calls
from tests.usage_oracle import Asked, logged_calls, usage

HARD = "ws-hard-to-add-up"
HARD_TOO = "ws-hard-too"
YEAR = ("2024-12-01", "2026-01-01")
SPRING = datetime(2025, 3, 30, 1, tzinfo=UTC)  # when the clocks change in Europe
AUTUMN = datetime(2025, 10, 26, 1, tzinfo=UTC)
FIGURES = ("totals", "buckets", "series", "tables", "busy_hours")


def get(caller: Caller, **parameters: Any) -> Reply:
    return caller("GET", f"/usage?{urlencode(parameters, doseq=True)}")


def figures(body: Any) -> dict[str, Any]:
    """What an answer counts, with numbers and instants for their texts."""

    def numbers(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                name: money(one) if name == "cost_usd" else numbers(one)
                for name, one in value.items()
            }
        return list(map(numbers, value)) if isinstance(value, list) else value

    def money(value: Any) -> Any:
        return list(map(Decimal, value)) if isinstance(value, list) else Decimal(value)

    counted: dict[str, Any] = numbers({name: body[name] for name in FIGURES})
    return counted | {"buckets": list(map(datetime.fromisoformat, counted["buckets"]))}


@pytest.fixture(scope="module")
def hard_logs(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Calls of two workspaces around both clock changes of a year, put among the stack's logs."""
    folder = tmp_path_factory.mktemp("hard") / "call-logs"
    around = [
        change + timedelta(minutes=minutes)
        for change in (SPRING, AUTUMN)
        for minutes in range(-9000, 9000, 20)
    ]
    for workspace, seed in ((HARD, 5), (HARD_TOO, 10)):  # of many keys, providers and models
        made = [
            replace(call, workspace_id=workspace)
            for call in hard_calls(seed, 1000, [SPRING, *around])
        ]
        _write(folder, workspace, sorted(made, key=lambda call: call.called_at))
    stack.aws.add_call_logs(folder)
    return folder


def _write(folder: Path, workspace: str, calls: Iterable[Call]) -> None:
    for day, of_day in groupby(calls, lambda call: call.called_at.date()):
        write_call_log(folder, workspace, f"{day}", call_log(list(map(asdict, of_day))))


def admin_of(stack: LocalStack, workspace: str) -> Caller:
    return Caller(stack.url, stack.identity_provider.token(workspace_id=workspace))


@pytest.fixture(scope="module")
def hard_admin(stack: LocalStack, hard_logs: Path) -> Caller:
    return admin_of(stack, HARD)


def executions(stack: LocalStack) -> set[str]:
    """Ids of all queries that were ever started."""
    answer = stack.aws.client("athena").list_query_executions(WorkGroup=WORKGROUP)
    return set(answer["QueryExecutionIds"])


# Figures


def test_the_answer_is_what_the_call_logs_add_up_to(
    admin: Caller, call_logs: Path, today: date
) -> None:
    body = get(admin, timezone="America/New_York").body
    days = calendar(
        "America/New_York", f"{today - timedelta(days=70)}", f"{today + timedelta(days=2)}"
    )
    start, end = (datetime.fromisoformat(body["timeframe"][bound]) for bound in ("start", "end"))
    asked = Asked(WORKSPACE, start, end, "day", {})
    assert figures(body) == usage(logged_calls(call_logs), asked, days)
    assert body["granularity"] == "day"
    assert body["totals"]["calls"] > 1000


@pytest.mark.parametrize(
    ("zone", "granularity", "change", "filters"),
    [
        ("Europe/Berlin", "hour", SPRING, {}),
        ("Europe/Berlin", "hour", AUTUMN, {}),
        ("Europe/Berlin", "day", AUTUMN, {"models": ["a/b", "b/c", 'say "x", \n', "100%", "0"]}),
        ("Asia/Kolkata", "week", SPRING, {"call_types": ["embedding"]}),
        ("Australia/Lord_Howe", "hour", SPRING, {"providers": ["a", "'; --", "漢字", "\\"]}),
        ("UTC", "month", AUTUMN, {}),
    ],
)
def test_hard_calls_around_clock_changes_are_added_up_all_the_same(
    hard_admin: Caller,
    hard_logs: Path,
    zone: str,
    granularity: str,
    change: datetime,
    filters: dict[str, list[str]],
) -> None:
    start, end = change - timedelta(days=6), change + timedelta(days=6, milliseconds=500)
    bounds = {"start": f"{start:%Y-%m-%dT%H:%M:%SZ}", "end": f"{end:%Y-%m-%dT%H:%M:%S.500Z}"}
    body = get(hard_admin, timezone=zone, granularity=granularity, **bounds, **filters).body
    columns = {name.removesuffix("s"): kept for name, kept in filters.items()}
    asked = Asked(HARD, start, end, granularity, columns)
    assert figures(body) == usage(logged_calls(hard_logs), asked, calendar(zone, *YEAR))
    assert body["totals"]["calls"] > 50


@pytest.mark.parametrize(
    "filters", [{}, {"models": ["c", "a/b", "openai"]}, {"call_types": ["completion"]}]
)
def test_totals_are_the_control_totals_of_an_export_of_the_same(
    hard_admin: Caller, filters: dict[str, list[str]]
) -> None:
    asked = {"start": "2025-10-20", "end": "2025-10-30", "timezone": "Europe/Berlin"}
    body = get(hard_admin, **asked, **filters).body
    export = hard_admin("POST", "/exports", {**body["timeframe"], **filters}).body
    control = export["control_totals"]
    totals = body["totals"]
    assert export["status"] == "succeeded"
    assert totals["calls"] == control["rows"] > 0
    for column in ("input_tokens", "output_tokens", "cost_usd", "unpriced_calls"):
        assert totals[column] == control[column]
    assert totals["unpriced_calls"] > 0


def test_a_workspace_without_calls_is_zeros(stack: LocalStack) -> None:
    body = get(admin_of(stack, "ws-empty"), period="last_7_days").body
    assert body["totals"] == {
        "calls": 0,
        "input_tokens": 0,
        "output_tokens": 0,
        "cost_usd": "0",
        "unpriced_calls": 0,
        "completion_time_ms": {"p50": None, "p95": None, "p99": None},
    }
    assert len(body["buckets"]) == 7
    assert body["series"] == body["tables"] == {"api_keys": [], "providers": [], "models": []}
    assert body["busy_hours"] == []


# Whose figures


def test_a_member_and_somebody_without_a_token_are_refused(member: Caller, nobody: Caller) -> None:
    assert get(member).status == 403
    assert get(nobody).status == 401


def test_the_workspace_cannot_be_asked_for(admin: Caller) -> None:
    reply = get(admin, workspace_id=OTHER_WORKSPACE)
    assert reply.status == 422
    assert [error["field"] for error in reply.body["errors"]] == ["workspace_id"]


def test_two_workspaces_share_no_figure_and_no_query(
    stack: LocalStack, hard_admin: Caller, hard_logs: Path
) -> None:
    asked = {"start": "2025-03-28", "end": "2025-04-01", "granularity": "day"}
    start, end = datetime(2025, 3, 28, tzinfo=UTC), datetime(2025, 4, 2, tzinfo=UTC)
    bodies = []
    for workspace in (HARD, HARD_TOO):
        before = executions(stack)
        body = get(admin_of(stack, workspace), **asked).body
        assert len(executions(stack) - before) == 1
        theirs = Asked(workspace, start, end, "day", {})
        assert figures(body) == usage(logged_calls(hard_logs), theirs, calendar("UTC", *YEAR))
        bodies.append(body)
    assert bodies[0]["totals"] != bodies[1]["totals"]


# Queries


def five_minutes() -> int:
    """Number of the five minutes that it is."""
    return int(time.time()) // 300


def test_the_same_request_within_five_minutes_starts_no_second_query(
    stack: LocalStack, admin: Caller, other_admin: Caller
) -> None:
    for attempt in ("first", "second"):
        asked = {"start": "2025-01-01", "end": "2025-01-02", "models": [f"for the {attempt} time"]}
        before, began = executions(stack), five_minutes()
        with ThreadPoolExecutor(4) as threads:
            replies = list(threads.map(lambda _: get(admin, **asked), range(4)))  # noqa: B023 - all are there
        started = executions(stack) - before
        if five_minutes() == began:
            break
    assert {reply.status for reply in replies} == {200}
    assert len(started) == 1
    for other in (get(other_admin, **asked), get(admin, **asked, granularity="month")):
        assert other.status == 200
    assert len(executions(stack) - before) >= 3


# Parameters


def test_a_comma_in_a_value_is_part_of_it(hard_admin: Caller) -> None:
    asked = {"start": "2025-03-20", "end": "2025-04-10"}
    assert get(hard_admin, **asked, models=["a/b,c"]).body["totals"]["calls"] == 0
    rows = get(hard_admin, **asked, models=["a/b", "c"]).body["tables"]["models"]
    assert {row["name"] for row in rows} == {"a/b", "c"}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("granularity=year", "granularity"),
        ("period=last_90_days&granularity=hour", "granularity"),
        ("start=2026-02-30", "start"),
        ("timezone=Mars/Olympus", "timezone"),
        ("models=", "models[0]"),
        ("&".join(f"models=m{number}" for number in range(101)), "models"),
        ("period=yesterday&period=yesterday", "period"),
        ("colour=red", "colour"),
    ],
)
def test_a_parameter_that_is_not_valid_is_refused_by_its_name(
    admin: Caller, query: str, field: str
) -> None:
    reply = admin("GET", f"/usage?{query}")
    assert reply.status == reply.body["status"] == 422
    assert reply.headers["Content-Type"] == "application/problem+json"
    assert [error["field"] for error in reply.body["errors"]] == [field]
