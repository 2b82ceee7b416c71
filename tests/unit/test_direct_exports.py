"""Events of schedules and of direct invocations, over Athena, a bucket and a topic in memory."""

from typing import Any

import pytest

from shared.aws_errors import RefusedError, ServiceUnavailableError
from tests.builders import JANUARY
from tests.fake_unattended import (
    DIRECT,
    SCHEDULE_ARN,
    SCHEDULED,
    UnattendedSystem,
    exports,
    problem,
    told,
)


def test_an_event_of_one_workspace_is_answered_with_its_export() -> None:
    system = UnattendedSystem()
    answer = system.invoke(DIRECT)
    assert (answer["workspace_id"], answer["status"]) == ("ws-acme", "succeeded")
    assert (answer["trigger"], answer["requested_by"]) == ("direct", "direct invocation")
    assert answer["row_count"] == 3
    assert answer["file"]["download_url"].startswith("https://exports.example/athena/rows-0.csv")
    assert answer["delivered_to"] is None
    assert told(system) == [("ws-acme", "succeeded")]
    assert system.aws.delivered == {}


def test_an_event_may_lower_the_row_limit_and_never_raise_it() -> None:
    system = UnattendedSystem(row_limit=100)
    at_its_limit = system.invoke(DIRECT | {"row_limit": 3}, invocation_id="1")
    assert (at_its_limit["status"], at_its_limit["row_limit"]) == ("succeeded", 3)
    over = system.invoke(DIRECT | {"row_limit": 2}, invocation_id="2")
    assert (over["status"], over["row_limit"], over["row_count"]) == ("rejected", 2, 3)
    limits = [query.statement.rpartition("LIMIT ")[2] for query in system.athena.queries.values()]
    assert [limit.strip() for limit in limits if limit.strip().isdigit()] == ["4", "3"]

    assert system.invoke(DIRECT | {"row_limit": 100})["row_limit"] == 100
    made = len(exports(system))
    raised = system.invoke(DIRECT | {"row_limit": 101}, invocation_id="3")
    assert problem(raised) == ("invalid-request", ["row_limit"])
    assert "row_limit: is above 100, the most rows" in raised["detail"]
    assert len(exports(system)) == made


@pytest.mark.parametrize("row_limit", [0, -1, True, "5", 2.5, [], 10**30])
def test_a_row_limit_is_a_number_of_rows(row_limit: Any) -> None:
    answer = UnattendedSystem().invoke(DIRECT | {"row_limit": row_limit})
    assert problem(answer) == ("invalid-request", ["row_limit"])


def test_a_schedule_whose_row_limit_was_changed_is_not_the_same() -> None:
    system = UnattendedSystem()
    first = system.invoke(SCHEDULED | {"row_limit": 50})
    assert system.invoke(SCHEDULED | {"row_limit": 50})["id"] == first["id"]
    assert problem(system.invoke(SCHEDULED | {"row_limit": 49})) == ("schedule-changed", [])
    assert problem(system.invoke(SCHEDULED)) == ("schedule-changed", [])


def over_limit(system: UnattendedSystem, workspace: str) -> None:
    """Let one workspace's summaries find more than the limit."""
    result = system.athena.result
    system.athena.calls = {JANUARY.start: 100}

    def too_many(query: Any, *, having: str) -> Any:
        rows = list(result(query, having=having))
        if f"'{workspace}'" in system.athena.queries[query.id].statement:
            rows = [row | {"rows": "101"} for row in rows]
        return iter(rows)

    system.athena.result = too_many  # type: ignore[method-assign]


def test_each_of_several_workspaces_has_its_own_result_in_the_order_of_the_event() -> None:
    system = UnattendedSystem()
    over_limit(system, "ws-big")
    workspaces = ["ws-umbrella", "ws-big", "not an id", 7, "ws-acme"]
    answer = system.invoke(DIRECT | {"workspace_id": workspaces})
    results = answer["results"]
    assert [result["workspace_id"] for result in results] == [
        "ws-umbrella",
        "ws-big",
        "not an id",
        "7",
        "ws-acme",
    ]
    assert [result["export"] and result["export"]["status"] for result in results] == [
        "succeeded",
        "rejected",
        None,
        None,
        "succeeded",
    ]
    assert [result["problem"] and problem(result["problem"]) for result in results] == [
        None,
        None,
        ("invalid-request", ["workspace_id"]),
        ("invalid-request", ["workspace_id"]),
        None,
    ]
    assert [result["export"] and result["export"]["workspace_id"] for result in results] == [
        "ws-umbrella",
        "ws-big",
        None,
        None,
        "ws-acme",
    ]
    assert sorted(told(system)) == [
        ("ws-acme", "succeeded"),
        ("ws-big", "rejected"),
        ("ws-umbrella", "succeeded"),
    ]


def test_a_timeframe_that_is_refused_is_the_problem_of_every_workspace() -> None:
    system = UnattendedSystem()
    event = {"workspace_id": ["ws-acme", "ws-umbrella"], "start": "2027-01-01"}
    results = system.invoke(event)["results"]
    assert [problem(result["problem"]) for result in results] == [
        ("invalid-request", ["start"])
    ] * 2
    assert system.store.manifests == {}


@pytest.mark.parametrize(
    "trouble", [ServiceUnavailableError("SlowDown"), RefusedError("AccessDenied")], ids=repr
)
@pytest.mark.parametrize("call", ["claim key", "mark", "create manifest"])
def test_where_aws_fails_for_one_workspace_the_others_are_made_and_a_repeat_makes_the_rest(
    call: str, trouble: Exception
) -> None:
    system = UnattendedSystem()
    event = DIRECT | {"workspace_id": ["ws-1", "ws-2", "ws-3"]}
    system.steps.at(f"before {call}", lambda: fail_with(trouble))
    with pytest.raises(type(trouble)):
        system.invoke(event)
    assert {export.workspace_id: str(export.status) for export in exports(system)} == {
        "ws-2": "succeeded",
        "ws-3": "succeeded",
    }
    results = system.invoke(event)["results"]
    assert [result["export"]["status"] for result in results] == ["succeeded"] * 3
    assert len(exports(system)) == 3
    assert len(system.athena.queries) == 6
    assert sorted(told(system)) == [(f"ws-{number}", "succeeded") for number in (1, 2, 3)]


def fail_with(error: Exception) -> None:
    raise error


def test_where_aws_refuses_to_save_one_export_the_others_end_before_the_failure_is_raised() -> None:
    system = UnattendedSystem()
    system.steps.at("before save manifest", lambda: fail_with(RefusedError("AccessDenied")))
    event = DIRECT | {"workspace_id": ["ws-1", "ws-2", "ws-3"]}
    with pytest.raises(RefusedError):
        system.invoke(event)
    assert [str(export.status) for export in exports(system)] == [
        "queued",
        "succeeded",
        "succeeded",
    ]
    results = system.invoke(event)["results"]
    assert [result["export"]["status"] for result in results] == ["succeeded"] * 3
    assert len(system.athena.queries) == 6


def test_what_takes_too_long_is_answered_as_it_stands_and_goes_on_by_sweeps() -> None:
    system = UnattendedSystem()
    results = system.invoke(DIRECT | {"workspace_id": ["ws-1", "ws-2"]}, seconds=0)["results"]
    assert [result["export"]["status"] for result in results] == ["running", "running"]
    assert told(system) == []
    system.sweep()
    assert told(system) == [("ws-1", "succeeded"), ("ws-2", "succeeded")]
    assert system.store.marked == {}


@pytest.mark.parametrize(
    ("workspaces", "words"),
    [
        ([], "empty"),
        (["ws-acme"] * 2, "twice"),
        ([f"ws-{number}" for number in range(101)], "101"),
    ],
    ids=["none", "twice", "too many"],
)
@pytest.mark.parametrize("event", [DIRECT, SCHEDULED], ids=["direct", "scheduled"])
def test_a_list_that_is_wrong_as_a_whole_makes_nothing(
    event: dict[str, Any], workspaces: list[str], words: str
) -> None:
    system = UnattendedSystem()
    answer = system.invoke(event | {"workspace_id": workspaces})
    assert problem(answer) == ("invalid-request", ["workspace_id"])
    assert words in answer["detail"]
    assert system.store.manifests == {}
    is_told = event is SCHEDULED
    assert [outcome for _, outcome in told(system)] == ["refused"] * is_told


def test_a_hundred_workspaces_can_be_named() -> None:
    system = UnattendedSystem()
    workspaces = [f"ws-{number}" for number in range(100)]
    results = system.invoke(DIRECT | {"workspace_id": workspaces})["results"]
    assert [result["export"]["workspace_id"] for result in results] == workspaces
    assert {result["export"]["status"] for result in results} == {"succeeded"}
    assert system.athena.most_running <= 10


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"scheduled_time": None}, "schedule_arn"),
        ({"scheduled_time": "yesterday"}, "scheduled_time"),
        ({"scheduled_time": "2026-03-02T05:00:00"}, "scheduled_time"),
        ({"schedule_arn": "arn:aws:scheduler:eu-central-1:1:schedule/default/x"}, "schedule_arn"),
        ({"schedule_arn": f"{SCHEDULE_ARN}/../x"}, "schedule_arn"),
        ({"schedule_arn": SCHEDULE_ARN.replace("schedule/", "schedule-group/")}, "schedule_arn"),
        ({"schedule_arn": f"{SCHEDULE_ARN}\n"}, "schedule_arn"),
        ({"schedule_arn": SCHEDULE_ARN.replace("monthly", "..")}, "schedule_arn"),
        ({"period": "previous_year"}, "period"),
        ({"months": 3}, "months"),
    ],
)
def test_a_mistake_in_a_schedules_input_is_answered_by_field_and_told(
    changes: dict[str, Any], field: str
) -> None:
    system = UnattendedSystem()
    answer = system.invoke(SCHEDULED | changes)
    assert problem(answer) == ("invalid-request", [field])
    assert field in answer["detail"]
    assert not system.store.manifests
    assert not system.store.claims
    assert told(system) == [("ws-acme", "refused")]
    (message,) = system.aws.messages
    assert message["error"] == answer


@pytest.mark.parametrize("event", [None, [], "x", 7, {}, {"start": "2027-01-01"}])
def test_a_mistake_in_a_direct_call_is_answered_but_not_told(event: object) -> None:
    system = UnattendedSystem()
    answer = system.invoke(event)
    assert problem(answer)[0] == "invalid-request"
    assert answer["errors"]
    assert told(system) == []


def test_where_a_refusal_cannot_be_told_the_other_workspaces_are_still_exported() -> None:
    system = UnattendedSystem()
    event = SCHEDULED | {"workspace_id": ["no id", "ws-acme", "nor this"]}
    system.aws.trouble = {"refused": ServiceUnavailableError("SNS")}
    with pytest.raises(ServiceUnavailableError):
        system.invoke(event)
    assert [(export.workspace_id, str(export.status)) for export in exports(system)] == [
        ("ws-acme", "succeeded")
    ]
    assert told(system) == [("ws-acme", "succeeded"), ("nor this", "refused")]
    results = system.invoke(event)["results"]
    assert [bool(result["problem"]) for result in results] == [True, False, True]
    assert told(system)[2:] == [("no id", "refused"), ("nor this", "refused")]


def test_an_invocation_that_is_tried_again_is_one_export_and_another_is_another() -> None:
    system = UnattendedSystem()
    first = system.invoke(DIRECT, invocation_id="a")
    assert system.invoke(DIRECT, invocation_id="a")["id"] == first["id"]
    assert system.invoke(DIRECT, invocation_id="b")["id"] != first["id"]
