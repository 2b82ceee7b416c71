"""GET /usage over the fakes: what is asked is read from the query string, and strictly."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote

import pytest
from aws_lambda_powertools import Logger
from hypothesis import given, settings
from hypothesis import strategies as st

from functions.analytics.routes import LONGEST_WAIT, usage_routes
from shared.http_api import answer
from shared.outcome import SCAN_LIMIT_REASON
from shared.query_execution import QueryState
from tests.builders import NOW
from tests.call_table import Call
from tests.fake_usage import FOREVER, USAGE, FakeUsage
from tests.fakes import Fate

EVENT = json.loads((Path(__file__).parents[2] / "events/admin-request.json").read_text())
CALLED_AT = datetime.fromisoformat("2026-03-17T12:00")
LOGGER = Logger(service="test", level="CRITICAL")


def event(query: str, workspace_id: str = "ws-acme") -> dict[str, Any]:
    """What API Gateway hands to the function: repeated parameters are joined with commas."""
    context = EVENT["requestContext"]
    joined: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    made = {
        **EVENT,
        "routeKey": "GET /usage",
        "rawPath": "/usage",
        "rawQueryString": query,
        "requestContext": {
            **context,
            "routeKey": "GET /usage",
            "http": {**context["http"], "method": "GET", "path": "/usage"},
            "authorizer": {"lambda": {"workspace_id": workspace_id, "subject": "ada"}},
        },
    }
    del made["body"]
    return made | ({"queryStringParameters": joined} if joined else {})


class Api:
    """Answers requests over the fakes."""

    def __init__(self, *calls: Call) -> None:
        self.usage = FakeUsage(calls)
        self._routes = usage_routes(self.usage.reports, LOGGER)

    def get(self, query: str = "", workspace_id: str = "ws-acme") -> dict[str, Any]:
        """Status, headers and the parsed body of the answer."""
        reply = answer(self._routes, event(query, workspace_id), None)
        headers = {**reply.get("headers", {}), **reply.get("multiValueHeaders", {})}
        return {
            "status": reply["statusCode"],
            "headers": headers,
            "body": json.loads(reply["body"]),
        }

    @property
    def statements(self) -> list[str]:
        return [query.statement for query in self.usage.athena.queries.values()]


SOME_API = Api()


def a_call(**values: Any) -> Call:
    return Call(**{"called_at": CALLED_AT, **values})


# Answers


def test_the_answer_is_json_that_nobody_may_keep() -> None:
    reply = Api(a_call()).get()
    assert reply["status"] == HTTPStatus.OK
    assert reply["headers"]["Content-Type"] == "application/json"
    assert reply["headers"]["Cache-Control"] == "no-store"
    assert set(reply["body"]) == {
        "timeframe", "data_through", "timezone", "granularity", "totals", "buckets", "series",
        "tables", "busy_hours",
    }  # fmt: skip


def test_money_is_text_with_every_digit_and_instants_are_utc() -> None:
    price = Decimal("0.000001")
    body = Api(a_call(input_tokens=3, output_tokens=None, input_token_price=price)).get()["body"]
    assert body["totals"]["cost_usd"] == "0.000000000003"
    assert body["tables"]["models"][0]["cost_usd"] == "0.000000000003"
    assert set(body["series"]["providers"][0]["cost_usd"]) == {"0", "0.000000000003"}
    assert body["timeframe"]["end"] == "2026-03-18T14:15:00.000Z"
    assert body["data_through"] == "2026-03-18T14:15:45.123Z"
    assert body["buckets"][0] == "2026-02-17T00:00:00.000Z"


def test_what_takes_longer_than_a_request_may_is_still_being_counted() -> None:
    api = Api()
    api.usage.athena.fates[USAGE] = FOREVER
    reply = api.get()
    assert reply["status"] == HTTPStatus.ACCEPTED
    assert reply["headers"]["Content-Type"] == "application/problem+json"
    assert int(reply["headers"]["Retry-After"]) > 0
    assert reply["body"]["type"].endswith(":still-counting")
    assert api.usage.clock.time - NOW == LONGEST_WAIT < timedelta(seconds=25)
    assert api.get()["status"] == HTTPStatus.ACCEPTED
    assert len(api.statements) == 1


@pytest.mark.parametrize(
    ("fate", "status", "problem"),
    [
        (Fate(QueryState.FAILED, "HIVE_BAD_DATA: s3://secret-bucket/key"), 500, "query-failed"),
        (Fate(QueryState.FAILED, "INTERNAL_ERROR: no", is_retryable=True), 503, "query-failed"),
        (Fate(QueryState.CANCELLED, "by somebody"), 503, "query-cancelled"),
        (Fate(QueryState.CANCELLED, SCAN_LIMIT_REASON), 422, "scan-limit-exceeded"),
    ],
)
def test_a_query_that_comes_to_a_bad_end_is_a_problem(
    fate: Fate, status: int, problem: str
) -> None:
    api = Api()
    api.usage.athena.fates[USAGE] = [fate]
    reply = api.get()
    assert reply["status"] == reply["body"]["status"] == status
    assert reply["headers"]["Content-Type"] == "application/problem+json"
    assert ("Retry-After" in reply["headers"]) == (status == HTTPStatus.SERVICE_UNAVAILABLE)
    assert reply["body"]["type"].endswith(f":{problem}")
    assert "secret-bucket" not in json.dumps(reply)


def test_whoever_waits_as_long_as_a_failure_says_has_the_question_asked_anew() -> None:
    api = Api()
    failed = Fate(QueryState.FAILED, "INTERNAL_ERROR: no", is_retryable=True)
    api.usage.athena.fates[USAGE] = [failed, failed, Fate()]
    reply = api.get()
    assert reply["status"] == HTTPStatus.SERVICE_UNAVAILABLE
    wait = int(reply["headers"]["Retry-After"])
    api.usage.clock.time += timedelta(seconds=wait - 2)
    assert api.get()["headers"]["Retry-After"] in ("1", "2")
    assert len(api.statements) == 2
    api.usage.clock.time += timedelta(seconds=2)
    assert api.get()["status"] == HTTPStatus.OK


def test_an_athena_that_is_busy_is_a_problem_worth_repeating() -> None:
    api = Api()
    api.usage.athena.busy[USAGE] = 1
    reply = api.get()
    assert reply["status"] == HTTPStatus.SERVICE_UNAVAILABLE
    assert int(reply["headers"]["Retry-After"]) > 0
    assert api.get()["status"] == HTTPStatus.OK


def test_a_refusal_of_athena_is_a_fault_of_ours_and_tells_nothing() -> None:
    api = Api()
    api.usage.athena.refused.add(USAGE)
    reply = api.get()
    assert reply["status"] == HTTPStatus.INTERNAL_SERVER_ERROR
    assert "AccessDenied" not in json.dumps(reply)


# Parameters


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("start=", "start"),
        ("start=yesterday", "start"),
        ("start=2026-02-30", "start"),
        ("start=2026-03-02&end=2026-03-01", "start"),
        ("start=2027-01-01", "start"),
        ("start=2022-12-31", "start"),
        ("start=2025-01-01&end=2026-03-01", "start"),
        (f"start={'1' * 41}", "start"),
        ("end=2026-03-01", "start"),
        ("start=2026-03-01&end=soon", "end"),
        ("start=2026-03-29T02:30:00&timezone=Europe/Berlin", "start"),
        ("period=", "period"),
        ("period=last_year", "period"),
        ("period=yesterday&start=2026-03-01", "period"),
        ("timezone=", "timezone"),
        ("timezone=Mars/Olympus", "timezone"),
        ("timezone=../etc/passwd", "timezone"),
        ("timezone=Europe", "timezone"),
        (f"timezone={'x' * 65}", "timezone"),
        ("granularity=", "granularity"),
        ("granularity=year", "granularity"),
        ("granularity=Day", "granularity"),
        ("period=last_90_days&granularity=hour", "granularity"),
        ("models=", "models[0]"),
        ("models=gpt-4o&models=", "models[1]"),
        (f"providers={'x' * 257}", "providers[0]"),
        ("call_types=chat", "call_types[0]"),
        ("&".join(f"api_key_ids=key-{n}" for n in range(101)), "api_key_ids"),
        # what there is not, and what there is once
        ("workspace_id=ws-globex", "workspace_id"),
        ("workspace=ws-globex", "workspace"),
        ("Models=gpt-4o", "Models"),
        ("models[]=gpt-4o", "models[]"),
        ("columns=extended", "columns"),
        ("=x", ""),
        ("period=yesterday&period=yesterday", "period"),
        ("start=2026-03-01&start=2026-03-02", "start"),
        ("granularity=day&granularity=hour", "granularity"),
        ("timezone=UTC&timezone=UTC", "timezone"),
    ],
)
def test_a_parameter_that_is_not_valid_is_refused_by_its_name(query: str, field: str) -> None:
    api = Api()
    reply = api.get(query)
    assert reply["status"] == reply["body"]["status"] == HTTPStatus.UNPROCESSABLE_ENTITY
    assert reply["headers"]["Content-Type"] == "application/problem+json"
    assert reply["body"]["type"].endswith(":invalid-request")
    assert field in [error["field"] for error in reply["body"]["errors"]]
    assert api.statements == []


def test_every_parameter_at_fault_is_named() -> None:
    errors = Api().get("granularity=year&models=&period=x")["body"]["errors"]
    assert sorted(error["field"] for error in errors) == ["granularity", "models[0]", "period"]


@pytest.mark.parametrize(
    ("query", "kept"),
    [
        ("models=a", ["a"]),
        ("models=a&models=b", ["a", "b"]),
        ("models=a%2Cb", ["a,b"]),
        ("models=a,b", ["a,b"]),
        ("models=a,b&models=c", ["a,b", "c"]),
        ("models=a+b", ["a b"]),
        ("models=a%2Bb", ["a+b"]),
        ("models=%25&models=%26%3D%3F", ["%", "&=?"]),
        ("models=0", ["0"]),
        ("models=%E6%BC%A2", ["漢"]),
        ("models=a%00b", ["a\0b"]),
        ("models='%20OR%201=1--", ["' OR 1=1--"]),
    ],
)
def test_a_value_is_what_is_between_the_ampersands(query: str, kept: list[str]) -> None:
    api = Api(*(a_call(call_id=model, model=model) for model in [*kept, "another", "a,", "b,c"]))
    rows = api.get(query)["body"]["tables"]["models"]
    assert sorted(row["name"] for row in rows) == sorted(kept)


@given(values=st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4))
@settings(max_examples=settings().max_examples // 5)
def test_any_text_can_be_a_value(values: list[str]) -> None:
    reply = SOME_API.get("&".join(f"models={quote(value, safe='')}" for value in values))
    assert reply["status"] == HTTPStatus.OK
    literals = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    assert any(f"model IN ({literals})" in statement for statement in SOME_API.statements)


def test_a_hundred_values_are_not_too_many() -> None:
    api = Api(a_call(api_key_id="key-99"))
    reply = api.get("&".join(f"api_key_ids=key-{number}" for number in range(100)))
    assert reply["body"]["totals"]["calls"] == 1


def test_every_filter_and_every_kind_of_timeframe_is_understood() -> None:
    api = Api(a_call())
    for query in (
        "api_key_ids=key-1&providers=openai&models=gpt-4o&call_types=completion",
        "start=2026-03-17&end=2026-03-17",
        "start=2026-03-17T12:00:00Z&end=2026-03-17T12:00:00.001Z&granularity=hour",
        "start=2026-03-17T13:00:00%2B01:00",
        "start=2026-03-17T13:00:00&timezone=Europe/Berlin",
        "period=last_7_days&timezone=Asia/Kolkata&granularity=week",
        "period=this_month&granularity=month",
    ):
        assert api.get(query)["body"]["totals"]["calls"] == 1, query
    assert api.get("period=yesterday&call_types=embedding")["body"]["totals"]["calls"] == 0


# Tenancy


def test_the_workspace_is_the_one_of_the_token() -> None:
    api = Api(a_call(), a_call(call_id="2", workspace_id="ws-globex", model="theirs"))
    for workspace, model in (("ws-acme", "gpt-4o"), ("ws-globex", "theirs")):
        rows = api.get(workspace_id=workspace)["body"]["tables"]["models"]
        assert [row["name"] for row in rows] == [model]
    assert ["'ws-globex'" in statement for statement in api.statements] == [False, True]
