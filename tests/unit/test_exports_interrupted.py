"""Exports that are interrupted at any step, or that several callers carry on at once.

Every story is first told undisturbed, then once for each of its steps with a disturbance there.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from shared.aws_errors import ServiceUnavailableError
from shared.export import Export, Status
from shared.exports import ExportFinishedError
from shared.query_execution import QueryState
from tests.fake_system import ORDER, FakeSystem
from tests.fakes import Fate

FAILED_FOR_NOW = Fate(QueryState.FAILED, "INTERNAL_ERROR: no", is_retryable=True)
RUNS_ON = Fate(QueryState.RUNNING)
KEYED = replace(ORDER, idempotency_key="key-1")


class Crash(Exception):  # noqa: N818 - no error of ours: the process is gone
    """The process ends."""


def succeeds(system: FakeSystem) -> None:
    system.athena.row_count = 3


def is_over_the_limit(system: FakeSystem) -> None:
    system.athena.row_count = 101
    system.athena.fates = {"rows": [RUNS_ON]}


def succeeds_the_second_time(system: FakeSystem) -> None:
    system.athena.fates = {"summary": [FAILED_FOR_NOW, Fate()], "rows": [RUNS_ON, Fate()]}


def fails_twice(system: FakeSystem) -> None:
    system.athena.fates = {"summary": [FAILED_FOR_NOW], "rows": [RUNS_ON]}


def never_matches_its_count(system: FakeSystem) -> None:
    system.athena.written_rows = lambda count: count - 1


def is_refused(system: FakeSystem) -> None:
    system.athena.refused = {"rows"}


Story = Callable[[FakeSystem], None]
STORIES: list[Story] = [
    succeeds,
    is_over_the_limit,
    succeeds_the_second_time,
    fails_twice,
    never_matches_its_count,
    is_refused,
]
any_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)


def tell(story: Story, *disturbances: tuple[int, Callable[[FakeSystem], object]]) -> FakeSystem:
    """A story up to its end or to a crash, disturbed at the given steps."""
    system = FakeSystem(row_limit=100, tick=timedelta(milliseconds=1))
    story(system)
    for step, disturb in disturbances:
        system.steps.at(step, partial(disturb, system))
    with suppress(Crash, ServiceUnavailableError):
        system.wait(system.exports.create(KEYED))
    return system


def the_export(system: FakeSystem) -> Export:
    (stored,) = system.store.manifests.values()
    return stored.export


def crash(_: FakeSystem) -> None:
    raise Crash


def aws_is_busy(_: FakeSystem) -> None:
    raise ServiceUnavailableError("SlowDown")


@any_story
@pytest.mark.parametrize("disturb", [crash, aws_is_busy], ids=lambda disturb: disturb.__name__)
def test_the_same_order_again_finishes_what_was_interrupted_at_any_step(
    story: Story, disturb: Callable[[FakeSystem], None]
) -> None:
    undisturbed = tell(story)
    told_at = undisturbed.steps.taken.index("before tell outcome")
    for number, step in enumerate(undisturbed.steps.taken):
        system = tell(story, (number, disturb))
        system.wait(system.exports.create(KEYED))

        export, expected = the_export(system), the_export(undisturbed)
        assert export.status is expected.status, step
        assert export.error == expected.error, step
        assert export.control_totals == expected.control_totals, step
        assert set(system.athena.queries) == set(undisturbed.athena.queries), step
        assert system.athena.running == [], step
        assert len(system.store.claims) == 1, step
        # An outcome is told after it is written down: in between, it is written and never told.
        is_silent = number in (told_at - 1, told_at)
        assert len(system.outcomes) == (0 if is_silent else 1), step


@any_story
def test_a_look_finishes_what_was_interrupted_once_the_order_was_written_down(
    story: Story,
) -> None:
    undisturbed = tell(story)
    first = undisturbed.steps.taken.index("after create manifest")
    for number in range(first, len(undisturbed.steps.taken)):
        system = tell(story, (number, crash))
        export = the_export(system)
        while not export.status.is_final:
            export = system.look(export).export
        assert export.status is the_export(undisturbed).status
        assert set(system.athena.queries) == set(undisturbed.athena.queries)
        assert system.athena.running == []


def look_once(system: FakeSystem) -> None:
    for stored in list(system.store.manifests.values()):
        system.look(stored.export)


def order_again(system: FakeSystem) -> None:
    system.wait(system.exports.create(KEYED))


@any_story
@pytest.mark.parametrize("disturb", [look_once, order_again], ids=lambda disturb: disturb.__name__)
def test_callers_at_the_same_time_share_one_export_one_pair_of_queries_and_one_outcome(
    story: Story, disturb: Callable[[FakeSystem], None]
) -> None:
    undisturbed = tell(story)
    for number, step in enumerate(undisturbed.steps.taken):
        system = tell(story, (number, disturb))
        export, expected = the_export(system), the_export(undisturbed)
        assert export.status is expected.status, step
        assert export.error == expected.error, step
        assert set(system.athena.queries) == set(undisturbed.athena.queries), step
        assert system.athena.running == [], step
        assert [told.status for told, _ in system.outcomes] == [expected.status], step


@any_story
def test_a_cancelled_export_stays_cancelled_and_leaves_no_query_running(story: Story) -> None:
    def cancel(system: FakeSystem) -> None:
        for stored in list(system.store.manifests.values()):
            try:
                system.exports.cancel(stored.export.workspace_id, stored.export.id)
            except ExportFinishedError:
                assert stored.export.status.is_final
            else:
                cancelled.append(stored.export.id)

    undisturbed = tell(story)
    for number, step in enumerate(undisturbed.steps.taken):
        cancelled: list[str] = []
        system = tell(story, (number, cancel))
        status = the_export(system).status
        assert (status is Status.CANCELLED) == bool(cancelled), step
        assert system.athena.running == [], step
        assert [told.status for told, _ in system.outcomes] == [status], step


@any_story
def test_two_interruptions_are_no_worse_than_one(story: Story) -> None:
    undisturbed = tell(story)
    for number in range(0, len(undisturbed.steps.taken), 3):
        system = tell(story, (number, crash), (number + 5, crash))
        for _ in range(2):
            with suppress(Crash):
                system.wait(system.exports.create(KEYED))
        assert the_export(system).status is the_export(undisturbed).status
        assert set(system.athena.queries) == set(undisturbed.athena.queries)
        assert system.athena.running == []
