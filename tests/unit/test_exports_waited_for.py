"""Waiting for an export: how often it is looked at, for how long, and what is said meanwhile."""

from datetime import timedelta

import pytest

from shared.aws_errors import ServiceUnavailableError
from shared.clock import looks
from shared.export import Status
from shared.query_execution import QueryState
from tests.fake_system import FakeSystem
from tests.fakes import FakeClock, Fate

RUNS_ON = Fate(QueryState.RUNNING)


def test_waiting_looks_less_and_less_often_and_ends_in_time() -> None:
    system = FakeSystem()
    system.athena.fates = {"rows": [RUNS_ON]}
    started_at = system.clock.time
    look = system.wait(system.create(), seconds=20)
    pauses = system.clock.pauses
    assert look.export.status is Status.RUNNING
    assert system.clock.time == started_at + timedelta(seconds=20)
    assert pauses[:-1] == sorted(pauses[:-1])
    assert pauses[0] <= 0.2
    assert max(pauses) <= 2
    assert system.steps.taken.count("before look") == len(pauses) + 1 <= 20


@pytest.mark.parametrize("seconds", [0.3, 1.1, 2.4, 3.7, 5.2, 8.1])
def test_the_next_look_is_not_much_later_than_what_it_sees(seconds: float) -> None:
    clock = FakeClock()
    begun = clock.now()
    until = begun + timedelta(seconds=20)
    seen = next(
        waited
        for _ in looks(clock, until)
        if (waited := (clock.now() - begun).total_seconds()) >= seconds
    )
    assert seen - seconds <= 0.2 + 0.2 * seconds


def test_waiting_looks_once_even_where_there_is_no_time() -> None:
    system = FakeSystem()
    look = system.wait(system.create(), seconds=-5)
    assert look.export.status is Status.RUNNING
    assert system.clock.pauses == []


def test_waiting_ends_with_the_outcome() -> None:
    system = FakeSystem()
    system.run()
    assert len(system.clock.pauses) == 1


def test_waiting_says_why_the_last_look_gave_nothing_new() -> None:
    system = FakeSystem()
    system.athena.busy = {"rows": 10**6}
    look = system.wait(system.create(), seconds=5)
    assert isinstance(look.failure, ServiceUnavailableError)
    assert look.export.status is Status.QUEUED
    system.athena.busy = {}
    look = system.wait(look)
    assert look.failure is None
    assert look.export.status is Status.SUCCEEDED
