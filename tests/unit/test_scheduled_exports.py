"""Schedules' deliveries, however often, late or reordered, and what is told of them."""

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from itertools import permutations

import pytest

from shared.aws_errors import RefusedError
from tests.builders import NOW
from tests.fake_unattended import (
    SCHEDULE_ARN,
    SCHEDULED,
    UnattendedSystem,
    exports,
    problem,
    timeframe,
    told,
)

FEBRUARY = ("2026-02-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z")
OTHER_ARN = SCHEDULE_ARN + "-other"


def test_a_scheduled_export_is_of_the_schedule_and_is_delivered() -> None:
    system = UnattendedSystem()
    answer = system.invoke(SCHEDULED)
    assert (answer["trigger"], answer["requested_by"]) == ("schedule", SCHEDULE_ARN)
    assert timeframe(answer) == FEBRUARY
    folder = "scheduled/ws-acme/default/monthly/2026-02-01_2026-02-28/"
    assert answer["delivered_to"] == f"s3://exports/{folder}"
    assert list(system.aws.delivered) == [
        f"{folder}api-usage_ws-acme_20260201T000000Z_20260301T000000Z.csv",
        f"{folder}manifest.json",
    ]
    manifest = system.aws.delivered[f"{folder}manifest.json"]
    assert manifest["id"] == answer["id"]
    assert manifest["status"] == "succeeded"
    assert "download_url" not in manifest["files"][0]


@pytest.mark.parametrize("deliveries", [1, 2, 3, 4, 5])
def test_however_often_a_run_is_delivered_it_is_one_export_told_once(deliveries: int) -> None:
    system = UnattendedSystem()
    answers = []
    for number in range(deliveries):
        answers.append(system.invoke(SCHEDULED, invocation_id=f"invocation-{number}"))
        system.clock.sleep(3600 * 7)
    assert len({answer["id"] for answer in answers}) == 1
    assert {answer["status"] for answer in answers} == {"succeeded"}
    assert len(system.athena.queries) == 2
    assert told(system) == [("ws-acme", "succeeded")]


RUNS = ["2026-01-02T05:00:00Z", "2026-02-02T05:00:00Z", "2026-03-02T05:00:00Z"]
MONTHS = ["2025-12", "2026-01", "2026-02"]


@pytest.mark.parametrize("order", [*permutations(range(3)), (2, 0, 2, 1, 0)])
def test_runs_in_any_order_each_export_the_month_they_were_meant_for(order: Sequence[int]) -> None:
    system = UnattendedSystem()
    for run in order:
        answer = system.invoke(SCHEDULED | {"scheduled_time": RUNS[run]})
        assert answer["timeframe"]["start"] == f"{MONTHS[run]}-01T00:00:00.000Z"
        system.clock.sleep(3600)
    assert len(exports(system)) == len(system.aws.published) == 3


@pytest.mark.parametrize("late", [timedelta(0), timedelta(hours=9), timedelta(days=40)])
@pytest.mark.parametrize(
    ("timezone", "start", "end"),
    [
        ("UTC", "2026-02-01T00:00:00.000Z", "2026-03-01T00:00:00.000Z"),
        ("Europe/Berlin", "2026-01-31T23:00:00.000Z", "2026-02-28T23:00:00.000Z"),
        ("America/New_York", "2026-02-01T05:00:00.000Z", "2026-03-01T05:00:00.000Z"),
        ("Asia/Kolkata", "2026-01-31T18:30:00.000Z", "2026-02-28T18:30:00.000Z"),
    ],
)
def test_a_late_delivery_exports_the_same_month(
    timezone: str, start: str, end: str, late: timedelta
) -> None:
    system = UnattendedSystem()
    system.clock.time = NOW + late
    answer = system.invoke(SCHEDULED | {"timezone": timezone})
    assert timeframe(answer) == (start, end)
    assert (answer["delivered_to"] or "").endswith("/2026-02-01_2026-02-28/")


def test_the_same_instant_written_otherwise_is_the_same_run() -> None:
    system = UnattendedSystem()
    first = system.invoke(SCHEDULED)
    again = system.invoke(SCHEDULED | {"scheduled_time": "2026-03-02T06:00:00+01:00"})
    assert again == first


def test_two_schedules_at_the_same_time_are_two_exports() -> None:
    system = UnattendedSystem()
    first = system.invoke(SCHEDULED)
    second = system.invoke(SCHEDULED | {"schedule_arn": OTHER_ARN})
    assert first["id"] != second["id"]
    assert len(system.aws.delivered) == 4


@pytest.mark.parametrize("change", [{"timezone": "Europe/Berlin"}, {"on_limit": "split"}])
def test_a_schedule_whose_input_was_changed_keeps_the_run_that_was_made(
    change: dict[str, str],
) -> None:
    system = UnattendedSystem()
    first = system.invoke(SCHEDULED)
    answer = system.invoke(SCHEDULED | change)
    assert problem(answer) == ("schedule-changed", [])
    assert [export.id for export in exports(system)] == [first["id"]]
    assert told(system) == [("ws-acme", "succeeded"), ("ws-acme", "refused")]


def test_two_deliveries_at_once_are_one_export_told_once() -> None:
    undisturbed = UnattendedSystem(tick=timedelta(milliseconds=1))
    undisturbed.invoke(SCHEDULED)
    for number, step in enumerate(undisturbed.steps.taken):
        system = UnattendedSystem(tick=timedelta(milliseconds=1))
        others: list[str] = []
        system.steps.at(number, partial(deliver_again, system, others))
        answer = system.invoke(SCHEDULED)
        assert others == [answer["id"]], step
        assert len(exports(system)) == 1, step
        assert len(system.athena.queries) == 2, step
        assert told(system) == [("ws-acme", "succeeded")], step


def deliver_again(system: UnattendedSystem, ids: list[str]) -> None:
    ids.append(system.invoke(SCHEDULED, invocation_id="invocation-2")["id"])


def test_where_an_outcome_cannot_be_told_a_sweep_tells_it() -> None:
    system = UnattendedSystem()
    system.aws.trouble = {"succeeded": RefusedError("SNS")}
    assert system.invoke(SCHEDULED)["status"] == "succeeded"
    assert told(system) == []
    system.clock.sleep(15 * 60 + 1)
    system.sweep()
    assert told(system) == [("ws-acme", "succeeded")]
    assert system.store.marked == {}
