"""Which way in an event takes: what comes over HTTP stays there, what comes directly is checked."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local.stack import LocalStack
from shared.export_request import DirectRequest
from tests.functional.in_process import Loaded, loaded
from tests.functional.served_api import ServedApi
from tests.functional.unattended import Traces, saved_event

MINE, THEIRS = "ws-way-in-mine", "ws-way-in-theirs"
ROUTES = [
    "POST /exports",
    "POST /exports/estimate",
    "GET /exports",
    "GET /exports/{id}",
    "DELETE /exports/{id}",
]
CONTEXT = {"workspace_id": MINE, "subject": "ada@acme.example"}
ADMIN_REQUEST = saved_event("admin-request")
DIRECT = {"workspace_id": THEIRS, "period": "yesterday"}
SCHEDULED = saved_event("scheduled-previous-month") | {"workspace_id": THEIRS}
SWEEP = {"task": "sweep"}
BRIDGED = {"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": DIRECT}
OTHERS_CONTEXT = {
    "http": {"method": "POST", "path": "/exports"},
    "authorizer": {"lambda": {"workspace_id": THEIRS, "subject": "eve"}},
}
# Whatever may be taken for an event of another kind, as it is and inside others.
TRICKS: list[Any] = [
    DIRECT,
    SCHEDULED,
    SWEEP,
    BRIDGED,
    {"requestContext": OTHERS_CONTEXT},
    {"requestContext": None, **SWEEP},
    {"requestContext": {}, **DIRECT},
    {"requestContext": {"http": None}, **DIRECT},
    {"httpMethod": "POST", "path": "/exports", "requestContext": {"authorizer": CONTEXT}},
    {"Records": [{"body": json.dumps(DIRECT), "eventSource": "aws:sqs"}]},
    {"version": "1.0", "isBase64Encoded": True, "body": json.dumps(SWEEP)},
    {"__proto__": DIRECT, "constructor": SWEEP},
    [DIRECT],
    [SWEEP],
]
# What an authorizer never says.
NO_CONTEXTS: list[Any] = [
    None,
    {},
    {"lambda": None},
    {"lambda": {}},
    {"lambda": {"subject": "ada"}},
    {"lambda": {"workspace_id": MINE}},
    {"lambda": {"workspace_id": MINE, "subject": None}},
    {"lambda": {"workspace_id": "", "subject": "ada"}},
    {"lambda": {"workspace_id": f"{MINE}/..", "subject": "ada"}},
    {"lambda": {"workspace_id": f"{MINE}\n", "subject": "ada"}},
    {"lambda": {"workspace_id": [MINE], "subject": "ada"}},
    {"lambda": {"workspace_id": "x' OR '1'='1", "subject": "ada"}},
    {"jwt": {"claims": CONTEXT}, "workspace_id": MINE},
    {"iam": CONTEXT},
]
tricks = st.sampled_from(TRICKS)
names = st.sampled_from(
    sorted({name for trick in TRICKS if isinstance(trick, dict) for name in trick})
)
nested = st.recursive(
    tricks | st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=8),
    lambda inner: st.dictionaries(names, inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=5,
)
texts = nested.map(json.dumps)
visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=12)
requests = st.fixed_dictionaries(
    {
        "method": st.sampled_from(["POST", "GET", "DELETE"]),
        "path": st.sampled_from(["/exports", "/exports/estimate", "/exports/sweep"]),
        "query": st.dictionaries(
            names, visible.map(lambda text: text.replace("#", "")), max_size=2
        ),
        "headers": st.dictionaries(names, texts, max_size=3),
        "body": texts.map(str.encode) | st.binary(max_size=20),
        "media_type": st.sampled_from(["application/json", "application/octet-stream"]),
    }
)


class Ways:
    """Which ways events have taken, one after the other."""

    def __init__(self, app: Loaded, patch: pytest.MonkeyPatch) -> None:
        self.taken: list[str] = []
        answer = app.module.answer

        def over_http(*arguments: Any) -> Any:
            self.taken.append("http")
            return answer(*arguments)

        class Directly:
            def run(_, *arguments: Any) -> Any:  # noqa: N805 - the instance is the test's
                self.taken.append("direct")
                return directly.run(*arguments)

        directly = app.module.directly
        patch.setattr(app.module, "answer", over_http)
        patch.setattr(app.module, "directly", Directly())
        patch.setattr(app.module, "sweep", lambda *_: self.taken.append("sweep"))


@pytest.fixture(scope="module")
def app(stack: LocalStack) -> Iterator[Loaded]:
    with loaded(stack, "ExportFunction") as function:
        yield function


@pytest.fixture
def ways(app: Loaded, monkeypatch: pytest.MonkeyPatch) -> Ways:
    app.aws_calls.clear()
    return Ways(app, monkeypatch)


def test_no_request_whatever_leaves_the_path_of_http_or_its_own_workspace(
    app: Loaded, ways: Ways, stack: LocalStack
) -> None:
    allowed = {"isAuthorized": True, "context": CONTEXT}

    with ServedApi(app.invoke, lambda _: allowed, ROUTES) as api:

        @settings(max_examples=120, deadline=None, database=None)
        @given(request=requests)
        @example({"body": json.dumps(DIRECT).encode()})
        @example({"body": json.dumps(SCHEDULED).encode()})
        @example({"body": json.dumps(SWEEP).encode()})
        @example({"body": json.dumps({"requestContext": OTHERS_CONTEXT}).encode()})
        def any_request(request: dict[str, Any]) -> None:
            ways.taken.clear()
            query = "&".join(f"{name}={value}" for name, value in request.get("query", {}).items())
            headers = {
                **request.get("headers", {}),
                "Authorization": "Bearer a.b.c",
                "Content-Type": request.get("media_type", "application/json"),
                "Prefer": "respond-async",
            }
            reply = api.request(
                f"{request.get('path', '/exports')}?{query}",
                request.get("method", "POST"),
                headers=headers,
                body=request["body"],
            )
            if reply.status == 404 and not ways.taken:
                return  # a route that the API does not have
            assert ways.taken == ["http"]
            assert THEIRS not in reply.body.decode()
            if reply.status in (200, 202):
                exports = reply.json.get("exports", [reply.json])
                assert {export.get("workspace_id", MINE) for export in exports} <= {MINE}

        any_request()
    traces = Traces(stack, THEIRS)
    assert (traces.exports(), traces.marks(), traces.queries()) == ([], [], [])


def is_like_http(event: Any) -> bool:
    match event:
        case {"requestContext": {"http": {"method": _}}}:
            return True
        case _:
            return False


def test_no_direct_event_whatever_is_taken_for_http_or_goes_unchecked(
    app: Loaded, ways: Ways
) -> None:
    @settings(max_examples=150, deadline=None, database=None)
    @given(event=nested.filter(lambda event: not is_like_http(event)))
    @example(event=BRIDGED)
    @example(event={**DIRECT, "requestContext": {"http": {}}})
    @example(event={**DIRECT, **SWEEP})
    @example(event={**SWEEP, "task": ["sweep"]})
    def any_event(event: Any) -> None:
        ways.taken.clear()
        app.aws_calls.clear()
        if event == SWEEP:
            app.invoke(event)
            assert ways.taken == ["sweep"]
            return
        known = isinstance(event, dict) and not event.keys() - DirectRequest.model_fields.keys()
        if known and "workspace_id" in event:
            return  # as it should be, or nearly: see the tests of direct invocations
        answer = app.invoke(event)
        assert ways.taken == ["direct"]
        problems = (
            [one["problem"] for one in answer["results"]] if "results" in answer else [answer]
        )
        assert {problem["type"].rpartition(":")[2] for problem in problems} == {"invalid-request"}
        assert set(app.aws_calls) <= {"Publish"}  # of a schedule that is refused

    any_event()


@pytest.mark.parametrize("authorizer", NO_CONTEXTS, ids=json.dumps)
@pytest.mark.parametrize("route", ROUTES)
def test_a_request_that_names_no_workspace_as_the_authorizer_does_gets_nothing(
    app: Loaded, ways: Ways, route: str, authorizer: Any
) -> None:
    answer = app.invoke(admin_request(route, authorizer))
    assert answer["statusCode"] == 500
    assert json.loads(answer["body"])["type"].endswith(":internal-error")
    assert ways.taken == ["http"]
    assert app.aws_calls == []


def test_usage_is_counted_for_nobody_else_either(stack: LocalStack) -> None:
    with loaded(stack, "AnalyticsFunction") as analytics:
        for authorizer in NO_CONTEXTS:
            answer = analytics.invoke(admin_request("GET /usage", authorizer))
            assert answer["statusCode"] == 500
        for trick in TRICKS:
            with pytest.raises((KeyError, TypeError, AttributeError)):  # no way in but HTTP
                analytics.invoke(trick)
        assert analytics.aws_calls == []
        mine = admin_request("GET /usage", {"lambda": CONTEXT})
        assert analytics.invoke(mine)["statusCode"] == 200


def test_what_lies_beside_an_admins_request_changes_nothing(app: Loaded, ways: Ways) -> None:
    event = admin_request("GET /exports/{id}", {"lambda": CONTEXT})
    expected = app.invoke(event)
    for trick in TRICKS:
        if isinstance(trick, dict):
            extras = {name: value for name, value in trick.items() if name not in event}
            assert app.invoke({**event, **extras}) == expected
    assert expected["statusCode"] == 404
    assert set(ways.taken) == {"http"}
    assert set(app.aws_calls) == {"GetObject"}


def admin_request(route: str, authorizer: Any) -> dict[str, Any]:
    """An event in the shape of API Gateway's, with whatever the authorizer is said to have said."""
    method, path = route.replace("{id}", "0" * 26).split()
    context = ADMIN_REQUEST["requestContext"]
    return {
        **ADMIN_REQUEST,
        "routeKey": route,
        "rawPath": path,
        "body": "{}",
        "requestContext": {
            **context,
            "routeKey": route,
            "http": {**context["http"], "method": method, "path": path},
            "authorizer": authorizer,
        },
    }
