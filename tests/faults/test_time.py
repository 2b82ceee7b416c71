"""No wait for AWS outlasts its request or its invocation, however slow AWS is."""

from collections import Counter
from datetime import timedelta

import pytest

from shared.export import export_id
from shared.export_request import MAX_WORKSPACES
from tests.builders import JANUARY, NOW
from tests.fake_unattended import SCHEDULED
from tests.faults.faults import Fault
from tests.faults.matrix import (
    COLD_START,
    GATEWAY,
    LAMBDA,
    Matrix,
    check_answer,
    check_end,
    check_urls,
    ends,
)
from tests.faults.ways import GRACE, LONG_WAY, WAYS, Way, finish

any_way = pytest.mark.parametrize("way", [*WAYS, LONG_WAY], ids=lambda way: way.name)


def allowed(way: Way) -> timedelta:
    return GATEWAY - COLD_START if way.is_http else LAMBDA


@any_way
@pytest.mark.parametrize("seconds", [0.9, 2, 4.9])
def test_answers_that_take_long_are_waited_for_no_longer_than_there_is_time(
    matrix: Matrix, way: Way, seconds: float
) -> None:
    system = way.begin(matrix.functions.system())
    system.wire.slow = seconds
    started_at = system.clock.time
    answer = way.act(system)
    assert system.clock.time - started_at <= allowed(way)
    check_answer(answer)
    check_urls(system, answer)
    system.wire.mend()
    check_answer(finish(system, way, answer))
    check_end(system)
    assert ends(system) == ([way.end] if way.end else [])


@any_way
@pytest.mark.parametrize("fault", [Fault.CONNECT_TIMEOUT, Fault.READ_TIMEOUT])
def test_every_attempt_is_given_up_before_its_request_or_invocation_is(
    matrix: Matrix, way: Way, fault: Fault
) -> None:
    for answered in (0, 3, 6, 9):
        system = way.begin(matrix.functions.system())
        system.wire.slow = 2
        system.wire.fault = fault
        system.wire.strikes_from = answered
        started_at = system.clock.time
        way.act(system)
        assert max(system.wire.ends) - started_at <= allowed(way)
        assert system.clock.time - started_at <= allowed(way)


def test_a_pause_that_aws_asks_for_is_no_exception(matrix: Matrix) -> None:
    for call in matrix.calls["POST /exports"]:
        system = LONG_WAY.begin(matrix.functions.system())
        system.wire.fault = Fault.THROTTLED
        system.wire.headers = {"x-amz-retry-after": "60000"}  # botocore waits five seconds longer
        system.wire.struck = call
        started_at = system.clock.time
        check_answer(LONG_WAY.act(system))
        assert system.clock.time - started_at <= allowed(LONG_WAY)
        assert max(system.wire.pauses) > 5


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.SERVER_ERROR, Fault.READ_TIMEOUT])
def test_a_call_that_fails_is_tried_three_times_by_one_layer(matrix: Matrix, fault: Fault) -> None:
    (way,) = [way for way in WAYS if way.name == "GET /exports/{id}"]
    for call in matrix.calls[way.name]:
        system = way.begin(matrix.functions.system())
        system.wire.fault = fault
        system.wire.struck = call
        way.act(system)
        tried = Counter(attempt for attempt in system.wire.attempts if attempt[0] == call)
        assert list(tried.values()) == [3], call


def test_a_slow_start_leaves_the_time_for_an_answer(matrix: Matrix) -> None:
    """Of the 29 seconds that the analytics function has, some may be gone when it starts."""
    (way,) = [way for way in WAYS if way.name == "GET /usage"]
    system = way.begin(matrix.functions.system())
    system.wire.fault = Fault.READ_TIMEOUT
    system.gone = timedelta(seconds=20)
    started_at = system.clock.time
    check_answer(way.act(system))
    assert system.clock.time - started_at <= timedelta(seconds=29 - 20)


@pytest.mark.slow
@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.READ_TIMEOUT])
def test_an_invocation_for_many_workspaces_ends_in_time_and_is_made_up_for(
    matrix: Matrix, fault: Fault
) -> None:
    system = matrix.functions.system()
    event = {**SCHEDULED, "workspace_id": [f"ws-{number}" for number in range(MAX_WORKSPACES)]}
    system.aws.athena.calls = {JANUARY.end: 3}
    system.wire.fault = fault
    started_at = system.clock.time
    assert system.invoke(event).error == "ServiceUnavailableError"
    assert system.clock.time - started_at <= LAMBDA
    system.wire.mend()
    for _ in range(3):  # by Lambda, with the same event, and by sweeps
        system.invoke(event)
        system.clock.sleep(GRACE.total_seconds())
        system.sweep()
    assert ends(system) == ["succeeded"] * MAX_WORKSPACES
    assert len(system.aws.athena.queries) == 2 * MAX_WORKSPACES
    assert system.marks() == []


def test_a_sweep_of_more_than_there_is_time_for_ends_in_time_and_the_next_go_on(
    matrix: Matrix,
) -> None:
    system = matrix.functions.system()
    for number in range(200):
        system.aws.put(f"running/ws-acme/{export_id(NOW, number)}", b"")
    system.wire.fault, system.wire.struck = Fault.READ_TIMEOUT, "GetObject: manifest"
    started_at = system.clock.time
    answer = system.sweep()
    assert system.clock.time - started_at <= LAMBDA
    assert 0 < answer.body["failed"] < answer.body["unfinished"] == 200
    system.wire.mend()
    system.clock.sleep(3 * 3600)  # marks of exports that were never made are taken away then
    while system.marks():
        assert system.sweep().body["failed"] == 0
