"""Exports under anything that may happen, in any order, held against what must always be true.

What happened is read from the fakes (which queries ran, what they found, who called), never from
the code under test.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from shared.aws_errors import RefusedError, ServiceUnavailableError
from shared.export import Export, Part, Queries, Status
from shared.export_request import ExportRequest, OnLimit
from shared.exports import ExportFinishedError, ExportNotFoundError
from shared.part_queries import _request_token
from shared.query_execution import QueryState
from tests.builders import JANUARY
from tests.fake_system import ORDER, FakeSystem
from tests.fakes import FakeAthena, Fate, Query

LIMIT = 100
ATHENAS_TIME_OUT = timedelta(minutes=30)
WORKSPACES = ("ws-acme", "ws-globex")
SCAN_LIMIT = "Bytes scanned limit was exceeded"
FATES = {
    "succeeds": Fate(),
    "succeeds late": Fate(looks=4),
    "fails": Fate(QueryState.FAILED, "HIVE_BAD_DATA: no"),
    "fails late": Fate(QueryState.FAILED, "HIVE_BAD_DATA: no", looks=4),
    "fails for now": Fate(QueryState.FAILED, "INTERNAL_ERROR: no", is_retryable=True),
    "fails for now, late": Fate(QueryState.FAILED, "INTERNAL_ERROR", is_retryable=True, looks=4),
    "is cut off": Fate(QueryState.CANCELLED, SCAN_LIMIT),
    "is cut off late": Fate(QueryState.CANCELLED, SCAN_LIMIT, looks=4),
    "stays queued": Fate(QueryState.QUEUED),
    "runs on": Fate(QueryState.RUNNING),
}
LIKELY_FATES = [*sorted(FATES), *["succeeds"] * 8, *["fails for now", "fails for now, late"] * 2]
FATES_OF_SOME = st.lists(st.sampled_from(LIKELY_FATES), min_size=1, max_size=4)
CAUSES = {
    "query-failed": "failed",
    "query-cancelled": "stopped by somebody",
    "scan-limit-exceeded": "cut off",
    "query-refused": "refused",
    "call-logs-changed": "calls arrived",
    "timed-out": "time passed",
}

_Result = TypeVar("_Result")


Disturbance = tuple[str, int | str] | None
STEPS = [
    f"{when} {call}"
    for when in ("before", "after")
    for call in (
        "mark", "create manifest", "start summary", "start rows", "save manifest", "look", "stop",
        "tell outcome", "unmark",
    )
]  # fmt: skip


def disturbances(steps: int) -> st.SearchStrategy[Disturbance]:
    """What happens in the middle of something else, if anything, and at which of its steps."""
    kinds = st.sampled_from(["crash", "crash", "look", "cancel", "sweep"])
    return st.none() | st.tuples(kinds, st.integers(0, steps) | st.sampled_from(STEPS))


class Crash(BaseException):
    """The process is gone: nothing catches that."""


Calls = dict[datetime, int]


class TwoWorkspaces(FakeAthena):
    """Athena over the call logs of each workspace, whose queries take some longer than others."""

    def __init__(self, alike: FakeAthena, logs: dict[str, Calls]) -> None:
        super().__init__(steps=alike.steps, files=alike.files)
        self._logs = logs

    def calls_of(self, statement: str) -> Calls:
        (workspace,) = (name for name in WORKSPACES if f"workspace_id = '{name}'" in statement)
        return self._logs[workspace]

    def _new_query(self, identity: str, role: str, statement: str) -> Query:
        query = super()._new_query(identity, role, statement)
        query.fate = replace(query.fate, looks=query.fate.looks + len(self.queries) % 3)
        return query


class ExportsMachine(RuleBasedStateMachine):
    """Callers of two workspaces, a sweep, Athena, the clock, and a process that may die."""

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self.system = FakeSystem(row_limit=LIMIT, tick=timedelta(milliseconds=1))
        self.calls: dict[str, Calls] = {workspace: {} for workspace in WORKSPACES}
        self.last_arrival = self.system.clock.time
        self.system.use(TwoWorkspaces(self.system.athena, self.calls))
        self.keys: dict[tuple[str, str, OnLimit], str] = {}
        self.seen: dict[str, Export] = {}
        self.finals: dict[str, Export] = {}
        self.owners: dict[str, object] = {}
        self.pairs: dict[object, Queries] = {}
        self.running_since: dict[str, datetime] = {}
        self.happened: set[str] = set()
        self.cancelled: set[str] = set()
        self.may_crash = True

    @initialize(
        may_crash=st.booleans(),
        has_many_calls=st.booleans(),
        on_limit=st.sampled_from(OnLimit),
        fates=st.fixed_dictionaries(dict.fromkeys(("summary", "rows"), FATES_OF_SOME)),
    )
    def begins(
        self,
        *,
        may_crash: bool,
        has_many_calls: bool,
        on_limit: OnLimit,
        fates: dict[str, list[str]],
    ) -> None:
        """With an export in each workspace, so that there is something to look at."""
        self.may_crash = may_crash
        for role, some in fates.items():
            self.later_queries_go_other_ways(role, some)
        for workspace in WORKSPACES:
            if has_many_calls:
                self.enough_for_several_files_arrives(workspace)
            self.create(workspace, None, on_limit, None)

    # -- What callers do ---------------------------------------------------------------------------

    @rule(
        workspace=st.sampled_from(WORKSPACES),
        key=st.sampled_from([None, "one", "two"]),
        on_limit=st.sampled_from(OnLimit),
        disturbance=disturbances(12),
    )
    def create(
        self, workspace: str, key: str | None, on_limit: OnLimit, disturbance: Disturbance
    ) -> None:
        request = ExportRequest(start="2026-01-01", end="2026-01-31", on_limit=on_limit)
        order = replace(
            ORDER,
            workspace_id=workspace,
            request=request,
            idempotency_key=key and f"{key} {on_limit}",
        )
        look = self._do(lambda: self.system.exports.create(order), disturbance)
        if look is None:
            return
        self._see(look.export)
        if key is not None:
            first = self.keys.setdefault((workspace, key, on_limit), look.export.id)
            assert look.export.id == first, "a key stands for one export"

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), times=st.integers(1, 4), disturbance=disturbances(40))
    def look(self, data: st.DataObject, times: int, disturbance: Disturbance) -> None:
        export = self._any(data)
        for _ in range(times):
            found = self._do(lambda: self.system.look(export), disturbance)
            if found is not None:
                self._see(found.export)

    @precondition(lambda self: self.seen)
    @rule(times=st.integers(1, 6))
    def everybody_waits(self, times: int) -> None:
        for _ in range(times):
            for export in list(self.seen.values()):
                found = self._do(partial(self.system.look, export), None)
                if found is not None:
                    self._see(found.export)

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), disturbance=disturbances(20))
    def cancel(self, data: st.DataObject, disturbance: Disturbance) -> None:
        export = self._any(data)
        self.cancelled.add(export.id)
        try:
            found = self._do(
                lambda: self.system.exports.cancel(export.workspace_id, export.id), disturbance
            )
        except ExportFinishedError:
            status = self._stored(export).status
            assert status.is_final
            assert status is not Status.CANCELLED
        else:
            if found is not None:
                assert self._stored(export).status is Status.CANCELLED
                self._see(found.export)

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def another_workspace_looks(self, data: st.DataObject) -> None:
        export = self._any(data)
        (other,) = set(WORKSPACES) - {export.workspace_id}
        with pytest.raises(ExportNotFoundError):
            self.system.exports.look(other, export.id)
        listed = self.system.exports.recent(other, limit=1000)
        assert {look.export.workspace_id for look in listed} <= {other}

    # -- What happens by itself --------------------------------------------------------------------

    @rule(disturbance=disturbances(40))
    def sweep(self, disturbance: Disturbance) -> None:
        self._do(self.system.sweep, disturbance)

    @rule(minutes=st.sampled_from([1, 10, 20, 90, 180]))
    def time_passes(self, minutes: int) -> None:
        self._pass(timedelta(minutes=minutes))
        self.happened.add("time passed")

    @rule(
        workspace=st.sampled_from(WORKSPACES),
        hour=st.integers(0, 31 * 24 - 1),
        count=st.sampled_from([1, 40, 99, 100, 101]),
    )
    def calls_arrive(self, workspace: str, hour: int, count: int) -> None:
        instant = JANUARY.start + timedelta(hours=hour)
        self.calls[workspace][instant] = self.calls[workspace].get(instant, 0) + count
        self.last_arrival = self.system.clock.time

    @rule(workspace=st.sampled_from(WORKSPACES))
    def enough_for_several_files_arrives(self, workspace: str) -> None:
        for hour in (1, 301, 601):
            self.calls_arrive(workspace, hour, 60)

    @rule(
        role=st.sampled_from(["summary", "rows"]),
        fates=FATES_OF_SOME,
    )
    def later_queries_go_other_ways(self, role: str, fates: list[str]) -> None:
        started = [Fate()] * len(self.system.athena.started(role))
        self.system.athena.fates[role] = started + [FATES[fate] for fate in fates]

    @rule(role=st.sampled_from(["summary", "rows"]), times=st.integers(1, 3))
    def athena_is_busy(self, role: str, times: int) -> None:
        self.system.athena.busy[role] = times

    @rule(
        role=st.sampled_from(["summary", "rows"]),
        is_refused=st.sampled_from([True, False, False]),
    )
    def a_permission_changes(self, role: str, *, is_refused: bool) -> None:
        if is_refused:
            self.system.athena.refused.add(role)
            self.happened.add("refused")
        else:
            self.system.athena.refused.discard(role)

    @precondition(lambda self: self.system.athena.running)
    @rule(data=st.data())
    def somebody_stops_a_query(self, data: st.DataObject) -> None:
        self.system.athena.stop(data.draw(st.sampled_from(self.system.athena.running)))
        self.happened.add("stopped by somebody")

    @precondition(lambda self: self.system.athena.running)
    @rule(data=st.data())
    def athena_queues_a_query_again(self, data: st.DataObject) -> None:
        query = self.system.athena.queries[data.draw(st.sampled_from(self.system.athena.running))]
        query.execution = replace(query.execution, state=QueryState.QUEUED)

    # -- What must always be true ------------------------------------------------------------------

    @invariant()
    def steps_are_counted(self) -> None:
        ExportsMachine.steps += 1

    @invariant()
    def every_query_is_one_of_an_attempt(self) -> None:
        """The same start always has the same token; so there is one pair for each attempt."""
        exports = [stored.export for stored in self.system.store.manifests.values()]
        tokens = {
            _request_token(export, part.model_copy(update={"attempt": attempt}), role)
            for export in exports
            for part in [Part(timeframe=export.timeframe), *export.parts]
            for attempt in range(1, part.attempt + 1 if len(export.parts) == 1 else 3)
            for role in ("summary", "rows")
        }
        assert self.system.athena.tokens.keys() <= tokens

    @invariant()
    def a_query_is_of_one_attempt_of_one_part_of_one_export(self) -> None:
        for stored in self.system.store.manifests.values():
            export = stored.export
            for part in export.parts:
                ids = [*part.begun, *(vars(part.queries).values() if part.queries else ())]
                whose = (export.id, part.timeframe.start, part.timeframe.end, part.attempt)
                for query in ids:
                    assert self.owners.setdefault(query, whose) == whose
                if part.queries is not None:
                    assert part.queries.summary != part.queries.rows
                    self.pairs.setdefault(whose, part.queries)
                assert self.pairs.get(whose) == part.queries, "a pair is known from then on"
                assert part.attempt <= 2

    @invariant()
    def no_query_runs_that_nobody_will_use(self) -> None:
        needed = set[str]()
        for (workspace, identity), stored in self.system.store.manifests.items():
            export = stored.export
            is_over = export.status.is_final
            if is_over and (workspace, identity) not in self.system.store.marked:
                continue
            for part in export.parts:
                needed |= {*part.begun, *(vars(part.queries).values() if part.queries else ())}
                tokens = (_request_token(export, part, role) for role in ("summary", "rows"))
                needed |= {
                    self.system.athena.tokens[token]
                    for token in tokens
                    if token in self.system.athena.tokens
                }
        assert set(self.system.athena.running) <= needed | self._lost()

    @invariant()
    def outcomes_stay_and_are_earned(self) -> None:
        for stored in self.system.store.manifests.values():
            export = stored.export
            if export.status.is_final:
                if export.id not in self.finals:
                    self._check_outcome(export)
                assert self.finals.setdefault(export.id, export) == export
            else:
                assert export.completed_at is None
                assert export.error is None

    @invariant()
    def what_is_not_concluded_is_marked(self) -> None:
        told = {outcome.export.id for outcome in self.system.outcomes}
        for (workspace, identity), stored in self.system.store.manifests.items():
            if (workspace, identity) not in self.system.store.marked:
                assert stored.export.status.is_final
                assert identity in told

    @invariant()
    def nothing_is_told_that_is_not_so(self) -> None:
        for outcome in self.system.outcomes:
            assert outcome.export == self._stored(outcome.export)
        first = [outcome.export.id for outcome in self.system.outcomes if not outcome.is_again]
        assert len(first) == len(set(first))

    def teardown(self) -> None:
        """Nobody comes back but the sweep: everything ends, is told, and nothing runs on."""
        self.system.athena.fates, self.system.athena.busy = {}, {}
        self.system.athena.refused.clear()
        self.happened.add("time passed")
        for _ in range(400):
            if not self.system.store.marked:
                break
            self._pass(timedelta(minutes=5))
            self.system.sweep()
        self.outcomes_stay_and_are_earned()
        self.what_is_not_concluded_is_marked()
        assert not self.system.store.marked
        assert set(self.system.athena.running) <= self._lost()

    # -- The model ---------------------------------------------------------------------------------

    def _pass(self, time: timedelta) -> None:
        """Time passes, and Athena ends what has run for too long, but not what is queued."""
        for query in self.system.athena.running:
            self.running_since.setdefault(query, self.system.clock.time)
        self.system.clock.time += time
        for query in self.system.athena.running:
            found = self.system.athena.queries[query]
            is_late = self.system.clock.time - self.running_since[query] > ATHENAS_TIME_OUT
            if is_late and found.execution.state is QueryState.RUNNING:
                found.execution = replace(
                    found.execution, state=QueryState.FAILED, reason="Query timeout"
                )

    def _do(self, act: Callable[[], _Result], disturbance: Disturbance) -> _Result | None:
        """What a caller gets; None where AWS or the process failed."""
        steps = self.system.steps
        if disturbance is not None:
            kind, step = disturbance
            at = len(steps.taken) + step if isinstance(step, int) else step
            steps.at(at, lambda: self._disturb(kind))
        try:
            with suppress(Crash, ServiceUnavailableError, RefusedError):
                return act()
        finally:
            steps.forget()
        return None

    def _disturb(self, kind: str) -> None:
        if kind == "crash":
            if not self.may_crash:
                return
            self.happened.add("crash")
            raise Crash
        with suppress(ServiceUnavailableError, RefusedError, ExportFinishedError):
            if kind == "sweep":
                self.system.sweep()
            for stored in list(self.system.store.manifests.values()):
                export = stored.export
                if kind == "look":
                    self.system.look(export)
                elif kind == "cancel":
                    self.cancelled.add(export.id)
                    self.system.exports.cancel(export.workspace_id, export.id)

    def _any(self, data: st.DataObject) -> Export:
        return self.seen[data.draw(st.sampled_from(sorted(self.seen)))]

    def _see(self, export: Export) -> None:
        self.seen[export.id] = export
        if export.status.is_final:
            assert self._stored(export).status is export.status

    def _stored(self, export: Export) -> Export:
        return self.system.stored(export)

    def _lost(self) -> set[str]:
        """Queries whose ids nobody wrote down, and that nobody could start again to find them.

        They died with a process, or their export ended by its age, for which Athena ends them.
        """
        ends = (":query-refused", ":timed-out") if "crash" in self.happened else (":timed-out",)
        tokens = [
            _request_token(export, part, role)
            for stored in self.system.store.manifests.values()
            if (export := stored.export).status.is_final
            if export.error is not None and export.error.type.endswith(ends)
            for part in export.parts
            if part.queries is None
            for role in ("summary", "rows")
        ]
        started = self.system.athena.tokens
        return {started[token] for token in tokens if token in started}

    def _check_outcome(self, export: Export) -> None:
        queries = self.system.athena.queries
        if export.status is Status.SUCCEEDED:
            for part in export.parts:
                assert part.queries is not None
                assert part.control_totals is not None
                assert part.file is not None
                summary, rows = queries[part.queries.summary], queries[part.queries.rows]
                assert summary.execution.state is rows.execution.state is QueryState.SUCCEEDED
                assert part.control_totals.rows == summary.row_count <= LIMIT
                assert rows.row_count in (summary.row_count, summary.row_count - 1)
                assert part.file.key == rows.execution.key
            assert export.control_totals is not None
            assert export.control_totals.rows == sum(
                queries[part.queries.summary].row_count for part in export.parts if part.queries
            )
            tiles = [part.timeframe for part in export.parts]
            assert (tiles[0].start, tiles[-1].end) == (JANUARY.start, JANUARY.end)
            assert all(one.end == other.start for one, other in pairwise(tiles))
            calls = self.calls[export.workspace_id]
            assert export.control_totals.rows <= sum(calls.values())
            if len(tiles) > 1:
                assert export.request.on_limit is OnLimit.SPLIT
                assert sum(calls.values()) > LIMIT
        elif export.status is Status.REJECTED:
            assert export.control_totals is not None
            assert export.control_totals.rows > LIMIT
            calls = self.calls[export.workspace_id]
            assert sum(calls.values()) >= export.control_totals.rows
            if export.request.on_limit is OnLimit.SPLIT:
                assert max(calls.values()) > LIMIT  # one hour alone
        elif export.status is Status.CANCELLED:
            assert export.id in self.cancelled
        else:
            assert export.error is not None
            self._check_cause(export, export.error.type.rpartition(":")[2])

    def _check_cause(self, export: Export, error: str) -> None:
        ends = [query.execution for query in self.system.athena.queries.values()]
        happened = self.happened | {
            cause
            for cause, state in {
                "failed": QueryState.FAILED,
                "cut off": QueryState.CANCELLED,
            }.items()
            if any(end.state is state for end in ends)
        }
        if self.last_arrival >= export.created_at:
            happened.add("calls arrived")
        assert CAUSES[error] in happened


def _run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        ExportsMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """What the code logs of refusals is of no interest here."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


def test_exports_keep_their_promises_whatever_happens() -> None:
    _run(examples=80, steps=40)


@pytest.mark.slow
def test_exports_keep_their_promises_for_long() -> None:
    before = ExportsMachine.steps
    _run(examples=300, steps=50)
    assert ExportsMachine.steps - before >= 10_000
