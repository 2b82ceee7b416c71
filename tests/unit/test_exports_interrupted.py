"""Exports that are interrupted at any step, or that several callers carry on at once.

Every story is first told undisturbed, then once for each of its steps with a disturbance there.
"""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial

import pytest

from shared.aws_errors import ServiceUnavailableError
from shared.export import Export, Status, Trigger
from shared.export_request import ExportRequest
from shared.exports import ExportFinishedError, Order
from shared.query_execution import QueryState
from tests.builders import JANUARY
from tests.fake_system import ORDER
from tests.fake_unattended import SCHEDULE_ARN, UnattendedSystem
from tests.fakes import Fate

FAILED_FOR_NOW = Fate(QueryState.FAILED, "INTERNAL_ERROR: no", is_retryable=True)
RUNS_ON = Fate(QueryState.RUNNING)
KEYED = replace(ORDER, idempotency_key="key-1")
SPLIT = replace(
    KEYED, request=ExportRequest.model_validate({**ORDER.request.model_dump(), "on_limit": "split"})
)


def scheduled(order: Order) -> Order:
    return replace(order, trigger=Trigger.SCHEDULE, requested_by=SCHEDULE_ARN)


class Crash(BaseException):
    """The process is gone: nothing catches that."""


@dataclass(frozen=True)
class Story:
    """What is asked for, and how it goes.

    Attributes:
        name: Of the story.
        end: Its outcome.
        order: What is asked for.
        calls: Hour of January → calls.
        fates: Of the queries.
        written_rows: As of `FakeAthena`.
        refused: Roles whose queries are refused.
        is_cancelled: Whether the caller changes their mind.
    """

    name: str
    end: Status
    order: Order = KEYED
    calls: dict[int, int] = field(default_factory=lambda: {0: 3})
    fates: dict[str, list[Fate]] = field(default_factory=dict)
    written_rows: Callable[[int], int | None] = lambda count: count
    refused: tuple[str, ...] = ()
    is_cancelled: bool = False


IN_THREE_PARTS = {0: 60, 300: 60, 600: 60}
STORIES = [
    Story("succeeds", Status.SUCCEEDED),
    Story("is over the limit", Status.REJECTED, calls={0: 101}, fates={"rows": [RUNS_ON]}),
    Story(
        "succeeds the second time",
        Status.SUCCEEDED,
        fates={"summary": [FAILED_FOR_NOW, Fate()], "rows": [RUNS_ON, Fate()]},
    ),
    Story("fails twice", Status.FAILED, fates={"summary": [FAILED_FOR_NOW], "rows": [RUNS_ON]}),
    Story("never matches its count", Status.FAILED, written_rows=lambda count: count - 1),
    Story("is refused", Status.FAILED, refused=("rows",)),
    Story("is split", Status.SUCCEEDED, scheduled(SPLIT), IN_THREE_PARTS),
    Story(
        "is split, and a part of it succeeds the second time",
        Status.SUCCEEDED,
        SPLIT,
        IN_THREE_PARTS,
        {"summary 2026-01-13": [FAILED_FOR_NOW, Fate()]},
    ),
    Story(
        "is split, and a part of it fails",
        Status.FAILED,
        scheduled(SPLIT),
        IN_THREE_PARTS,
        {"summary 2026-01-26": [FAILED_FOR_NOW], "rows": [Fate(), RUNS_ON]},
    ),
    Story("is delivered", Status.SUCCEEDED, scheduled(KEYED)),
    Story(
        "is cancelled",
        Status.CANCELLED,
        fates={"summary": [RUNS_ON], "rows": [RUNS_ON]},
        is_cancelled=True,
    ),
]
any_story = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)


def tell(
    story: Story, *disturbances: tuple[int, Callable[[UnattendedSystem], object]]
) -> UnattendedSystem:
    """A story up to its end or to a crash, disturbed at the given steps."""
    system = UnattendedSystem(row_limit=100, tick=timedelta(milliseconds=1))
    system.athena.calls = {
        JANUARY.start + timedelta(hours=hour): count for hour, count in story.calls.items()
    }
    system.athena.fates = story.fates
    system.athena.written_rows = story.written_rows
    system.athena.refused = set(story.refused)
    for step, disturb in disturbances:
        system.steps.at(step, partial(disturb, system))
    with suppress(Crash, ServiceUnavailableError):
        act(story, system)
    return system


def act(story: Story, system: UnattendedSystem) -> None:
    """What the caller does, and does again after a crash."""
    look = system.exports.create(story.order)
    look = system.wait(look, seconds=0 if story.is_cancelled else 3600)
    if story.is_cancelled:
        with suppress(ExportFinishedError):
            system.exports.cancel(look.export.workspace_id, look.export.id)


def sweep_to_the_end(system: UnattendedSystem) -> None:
    """Sweeps every five minutes, until nothing is left to sweep."""
    for _ in range(50):
        system.clock.sleep(300)
        system.sweep()
        if not system.store.marked:
            return
    raise AssertionError("an export is never over")


def the_export(system: UnattendedSystem) -> Export:
    (stored,) = system.store.manifests.values()
    return stored.export


def queries(system: UnattendedSystem) -> Counter[str]:
    """How often each statement was run."""
    return Counter(query.statement for query in system.athena.queries.values())


def assert_same(system: UnattendedSystem, undisturbed: UnattendedSystem, step: str) -> None:
    """It ended as it does undisturbed, with the same queries, and nothing is left to do."""
    export, expected = the_export(system), the_export(undisturbed)
    assert export.status is expected.status, step
    assert export.error == expected.error, step
    assert export.control_totals == expected.control_totals, step
    if export.status is not Status.CANCELLED:  # nobody waits to see what its queries read
        assert export.bytes_scanned == expected.bytes_scanned, step
        assert export.athena_cost_usd == expected.athena_cost_usd, step
    assert [part.timeframe for part in export.parts] == [
        part.timeframe for part in expected.parts
    ], step
    assert queries(system) == queries(undisturbed), step
    assert system.athena.running == [], step
    assert system.store.marked == {}, step
    assert len(system.store.claims) == 1, step
    assert system.aws.delivered.keys() == undisturbed.aws.delivered.keys(), step


def crash(_: UnattendedSystem) -> None:
    raise Crash


def aws_is_busy(_: UnattendedSystem) -> None:
    raise ServiceUnavailableError("SlowDown")


any_trouble = pytest.mark.parametrize(
    "trouble", [crash, aws_is_busy], ids=lambda trouble: trouble.__name__
)


def times_told(undisturbed: UnattendedSystem, number: int, told: str) -> int:
    """Twice where the trouble comes between telling and taking the mark away, or else once."""
    steps = undisturbed.steps.taken
    if told not in steps:
        return 0
    return 2 if steps.index(told) <= number <= steps.index("before unmark") else 1


@any_story
@any_trouble
def test_the_same_order_again_and_sweeps_finish_what_was_interrupted_at_any_step(
    story: Story, trouble: Callable[[UnattendedSystem], None]
) -> None:
    undisturbed = tell(story)
    assert_same(undisturbed, undisturbed, "undisturbed")
    assert the_export(undisturbed).status is story.end
    for number, step in enumerate(undisturbed.steps.taken):
        system = tell(story, (number, trouble))
        act(story, system)
        sweep_to_the_end(system)
        assert_same(system, undisturbed, step)
        told = times_told(undisturbed, number, "after tell outcome")
        published = times_told(undisturbed, number, "after publish")
        assert (len(system.outcomes), len(system.aws.published)) == (told, published), step


@any_story
def test_sweeps_alone_finish_what_was_interrupted_once_the_order_was_written_down(
    story: Story,
) -> None:
    undisturbed = tell(story)
    steps = undisturbed.steps.taken
    last_save = len(steps) - 1 - steps[::-1].index("after save manifest")
    for number, step in enumerate(steps):
        system = tell(story, (number, crash))
        sweep_to_the_end(system)
        if number < steps.index("after create manifest"):
            assert not system.store.manifests, step
            assert not system.athena.queries, step
        elif story.is_cancelled and number < last_save:  # nobody knows that it was to be cancelled
            assert the_export(system).status is Status.FAILED, step
            assert system.athena.running == [], step
        else:
            assert_same(system, undisturbed, step)
            assert len(system.outcomes) == times_told(undisturbed, number, "after tell outcome")


@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "story", [story for story in STORIES if not story.is_cancelled], ids=lambda story: story.name
)
def test_looks_finish_what_was_interrupted_once_the_order_was_written_down(
    story: Story, every: int
) -> None:
    undisturbed = tell(story)
    steps = undisturbed.steps.taken
    for number in range(steps.index("after create manifest"), len(steps), every):
        system = tell(story, (number, crash))
        while not the_export(system).status.is_final:
            look_once(system)
        sweep_to_the_end(system)
        assert_same(system, undisturbed, steps[number])


def look_once(system: UnattendedSystem) -> None:
    for stored in list(system.store.manifests.values()):
        system.look(stored.export)


def sweep_once(system: UnattendedSystem) -> None:
    system.sweep()


any_other_looker = pytest.mark.parametrize(
    "disturb", [look_once, sweep_once], ids=lambda disturb: disturb.__name__
)


@any_story
@any_other_looker
def test_two_lookers_at_the_same_time_share_one_export_its_queries_and_one_outcome(
    story: Story, disturb: Callable[[UnattendedSystem], object]
) -> None:
    undisturbed = tell(story)
    for number, step in enumerate(undisturbed.steps.taken):
        system = tell(story, (number, disturb))
        assert_same(system, undisturbed, step)
        assert [told.export.status for told in system.outcomes] == [
            the_export(undisturbed).status
        ], step


@any_story
def test_two_orders_at_the_same_time_share_one_export_its_queries_and_one_outcome(
    story: Story,
) -> None:
    undisturbed = tell(story)
    for number, step in enumerate(undisturbed.steps.taken):
        system = tell(story, (number, partial(act, story)))
        assert len(system.outcomes) == 1, step
        sweep_to_the_end(system)
        assert_same(system, undisturbed, step)
        # One that was overtaken from its order to its end marks it once more.
        was_overtaken = number <= undisturbed.steps.taken.index("before create manifest")
        assert len(system.outcomes) <= (2 if was_overtaken else 1), step


@any_story
def test_a_cancelled_export_stays_cancelled_and_leaves_no_query_running(story: Story) -> None:
    def cancel(system: UnattendedSystem) -> None:
        for stored in list(system.store.manifests.values()):
            try:
                system.exports.cancel(stored.export.workspace_id, stored.export.id)
            except ExportFinishedError:
                assert system.stored(stored.export).status.is_final
            else:
                cancelled.append(stored.export.id)

    undisturbed = tell(story)
    for number, step in enumerate(undisturbed.steps.taken):
        cancelled: list[str] = []
        system = tell(story, (number, cancel))
        status = the_export(system).status
        assert (status is Status.CANCELLED) == bool(cancelled or story.is_cancelled), step
        assert system.athena.running == [], step
        assert system.store.marked == {}, step
        assert [told.export.status for told in system.outcomes] == [status], step


@any_story
def test_two_interruptions_are_no_worse_than_one(story: Story) -> None:
    undisturbed = tell(story)
    for number in range(0, len(undisturbed.steps.taken), 3):
        system = tell(story, (number, crash), (number + 5, crash))
        for _ in range(2):
            with suppress(Crash):
                act(story, system)
        sweep_to_the_end(system)
        assert_same(system, undisturbed, undisturbed.steps.taken[number])
