"""Athena and the export bucket in memory, with a clock that only moves when it is told to.

Both are subclasses of the adapters, so that the type checker holds their methods to the same
signatures, and keep the promises that the product builds on: a request token starts one query,
a conditional write that comes second is refused.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import ParamSpec, TypeVar

from shared.athena import Athena
from shared.aws_errors import RefusedError, ServiceUnavailableError
from shared.export import Export
from shared.export_store import Claim, ConflictError, ExportStore, Mark, Stored
from shared.query_execution import QueryExecution, QueryState
from tests.builders import JANUARY, NOW, hour_row, model_row

_P = ParamSpec("_P")
_T = TypeVar("_T")


class FakeClock:
    """Stands still but for sleeping, and for `tick`, which each reading of it takes."""

    def __init__(self, tick: timedelta = timedelta(0)) -> None:
        self.time = NOW
        self.tick = tick
        self.pauses: list[float] = []

    def now(self) -> datetime:
        self.time += self.tick
        return self.time

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += timedelta(seconds=seconds)


class InlineExecutor(ThreadPoolExecutor):
    """Runs everything at once in the caller's thread, so that tests know the order of things."""

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        future: Future[_T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - handed on to whoever asks for the result
            future.set_exception(error)
        return future


class Steps:
    """What happens, one by one: each call to AWS is a step before it and a step after it."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self._acts: dict[int | str, Callable[[], object]] = {}

    def at(self, step: int | str, act: Callable[[], object]) -> None:
        """Do something, once, at step number `step` (from 0), or at the next one of that name."""
        self._acts[step] = act

    def forget(self) -> None:
        """Do nothing more than what was done."""
        self._acts.clear()

    @contextmanager
    def around(self, call: str) -> Iterator[None]:
        """A call that takes effect between two steps."""
        self._take(f"before {call}")
        yield
        self._take(f"after {call}")

    def _take(self, step: str) -> None:
        act = self._acts.pop(step, None) or self._acts.pop(len(self.taken), None)
        self.taken.append(step)
        if act is not None:
            act()


@dataclass(frozen=True)
class Fate:
    """How a query goes: queued at the first look, running at the second, then this.

    Attributes:
        state: What it comes to.
        reason: Athena's words for that.
        is_retryable: Whether Athena says that the same query may succeed.
        looks: How many looks see it run, but for the last.
    """

    state: QueryState = QueryState.SUCCEEDED
    reason: str = ""
    is_retryable: bool = False
    looks: int = 1


@dataclass
class Query:
    """A query, and how it goes."""

    role: str
    statement: str
    fate: Fate
    execution: QueryExecution
    seen_running: int = 0
    found: Mapping[datetime, int] = field(default_factory=dict)

    @property
    def row_count(self) -> int:
        return sum(self.found.values())


@dataclass
class FakeAthena(Athena):
    """Athena over call logs of which only the number of calls matters.

    A query finds the calls of its own timeframe, as they are when it ends.

    Attributes:
        steps: Told of every call.
        files: Key → size of the result objects.
        calls: The call logs: instant → how many calls were made then.
        written_rows: Counted calls → what Athena says the rows query wrote.
        fates: Role, or role and first day of the timeframe (`rows 2026-01-13`) → how its first
            query goes, its second, …; the last goes for all later.
        refused: Roles whose queries are refused.
        busy: How many starts of a role's query are still throttled.
        queries: Query id → query, in the order of their starts.
        tokens: Request token → query id.
        stopped: Ids of the queries that were stopped while they ran.
        most_running: How many queries have ever been under way at the same time.
    """

    steps: Steps = field(default_factory=Steps)
    files: dict[str, int] = field(default_factory=dict)
    calls: Mapping[datetime, int] = field(default_factory=lambda: {JANUARY.start: 3})
    written_rows: Callable[[int], int | None] = lambda count: count
    fates: dict[str, list[Fate]] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    busy: dict[str, int] = field(default_factory=dict)
    queries: dict[str, Query] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    stopped: list[str] = field(default_factory=list)
    most_running: int = 0

    def started(self, role: str) -> list[str]:
        """Ids of the queries of a role."""
        return [identity for identity, query in self.queries.items() if query.role == role]

    @property
    def running(self) -> list[str]:
        """Ids of the queries that have not ended."""
        return [
            identity
            for identity, query in self.queries.items()
            if not query.execution.state.is_final
        ]

    def calls_of(self, _statement: str) -> Mapping[datetime, int]:
        """The call logs that a statement reads."""
        return self.calls

    def start(self, statement: str, request_token: str) -> str:
        role = "summary" if "GROUPING SETS" in statement else "rows"
        with self.steps.around(f"start {role}"):
            if self.busy.get(role, 0) > 0:
                self.busy[role] -= 1
                raise ServiceUnavailableError("StartQueryExecution: TooManyRequestsException")
            if role in self.refused:
                raise RefusedError("AccessDeniedException")
            identity = self.tokens.setdefault(request_token, f"{role}-{len(self.started(role))}")
            if identity not in self.queries:
                self.queries[identity] = self._new_query(identity, role, statement)
                self.most_running = max(self.most_running, len(self.running))
            elif self.queries[identity].statement != statement:
                raise RefusedError("Idempotent parameters do not match")
        return identity

    def look(self, query_ids: list[str]) -> dict[str, QueryExecution]:
        with self.steps.around("look"):
            for identity in query_ids:
                self._move_on(self.queries[identity])
        return {identity: self.queries[identity].execution for identity in query_ids}

    def output_rows(self, query_id: str) -> int | None:
        with self.steps.around("output rows"):
            return self.written_rows(self.queries[query_id].row_count)

    def stop(self, query_id: str) -> None:
        with self.steps.around("stop"):
            query = self.queries[query_id]
            if not query.execution.state.is_final:
                self.stopped.append(query_id)
                query.execution = replace(
                    query.execution,
                    state=QueryState.CANCELLED,
                    reason="Query was cancelled by user",
                )

    def result(self, query: QueryExecution, *, having: str) -> Iterator[dict[str, str]]:
        with self.steps.around("result"):
            hours: Counter[datetime] = Counter()
            for instant, count in self.queries[query.id].found.items():
                hours[instant.replace(minute=0, second=0, microsecond=0)] += count
            rows = [hour_row(hour, **_sums(count)) for hour, count in hours.items()]
            total = model_row("openai", "gpt-4o", **_sums(hours.total()))
        return iter([*rows, total] if rows else [])

    def _new_query(self, identity: str, role: str, statement: str) -> Query:
        earlier = self.started(role)
        fates = self.fates.get(role, [Fate()])
        if (timeframe := _timeframe(statement)) and (
            its_own := self.fates.get(f"{role} {timeframe[0]:%Y-%m-%d}")
        ):
            earlier = [one for one in earlier if self.queries[one].statement == statement]
            fates = its_own
        fate = fates[min(len(earlier), len(fates) - 1)]
        execution = QueryExecution(
            identity, QueryState.QUEUED, bucket="exports", key=f"athena/{identity}.csv"
        )
        return Query(role, statement, fate, execution)

    def _move_on(self, query: Query) -> None:
        execution, fate = query.execution, query.fate
        if execution.state is QueryState.QUEUED and fate.state is not QueryState.QUEUED:
            query.execution = replace(execution, state=QueryState.RUNNING, bytes_scanned=1000)
        elif execution.state is QueryState.RUNNING and query.seen_running + 1 < fate.looks:
            query.seen_running += 1
        elif execution.state is QueryState.RUNNING:
            query.execution = replace(
                execution,
                state=fate.state,
                reason=fate.reason,
                is_retryable=fate.is_retryable,
                bytes_scanned=20_000_000,
            )
            if fate.state is QueryState.SUCCEEDED:
                query.found = _in_timeframe(self.calls_of(query.statement), query.statement)
                self.files[execution.key] = 100 + query.row_count


def _in_timeframe(calls: Mapping[datetime, int], statement: str) -> dict[datetime, int]:
    """The calls that a statement asks for; all of them where it names no timeframe."""
    if (timeframe := _timeframe(statement)) is None:
        return dict(calls)
    start, end = timeframe
    return {instant: count for instant, count in calls.items() if start <= instant < end and count}


def _timeframe(statement: str) -> tuple[datetime, datetime] | None:
    """What a statement says of when the calls were made."""
    named = re.findall(r"called_at (?:>=|<) TIMESTAMP '(.+)'", statement)
    if not named:
        return None
    start, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in named)
    return start, end


def _sums(count: int) -> dict[str, int | str]:
    return {"rows": count, "input_tokens": 10 * count}


class FakeExportStore(ExportStore):
    """The export bucket; every object has a version, as S3's have an ETag."""

    def __init__(self, steps: Steps, files: dict[str, int]) -> None:
        self._bucket = "exports"
        self._steps = steps
        self._files = files
        self._writes = 0
        self.manifests: dict[tuple[str, str], Stored] = {}
        self.claims: dict[tuple[str, str], Claim] = {}
        self.marked: dict[tuple[str, str], datetime] = {}

    def mark(self, export: Export) -> None:
        with self._steps.around("mark"):
            self.marked[export.workspace_id, export.id] = export.created_at

    def unmark(self, workspace_id: str, export_id: str) -> None:
        with self._steps.around("unmark"):
            self.marked.pop((workspace_id, export_id), None)

    def marks(self) -> Iterator[Mark]:
        with self._steps.around("list marks"):
            found = [Mark(*key, since) for key, since in self.marked.items()]
        return iter(found)

    def create(self, export: Export) -> Stored:
        with self._steps.around("create manifest"):
            if (export.workspace_id, export.id) in self.manifests:
                raise ConflictError(export.id)
            return self._put_manifest(export)

    def save(self, stored: Stored, export: Export) -> Stored:
        with self._steps.around("save manifest"):
            if self.manifests[export.workspace_id, export.id].version != stored.version:
                raise ConflictError(export.id)
            return self._put_manifest(export)

    def load(self, workspace_id: str, export_id: str) -> Stored | None:
        with self._steps.around("load manifest"):
            return self.manifests.get((workspace_id, export_id))

    def list(self, workspace_id: str, *, limit: int, after: str | None = None) -> list[Stored]:
        with self._steps.around("list manifests"):
            mine = sorted(
                (stored for (owner, _), stored in self.manifests.items() if owner == workspace_id),
                key=lambda stored: stored.export.id,
            )
            return [stored for stored in mine if after is None or stored.export.id > after][:limit]

    def claim(self, workspace_id: str, idempotency_key: str, claim: Claim) -> Claim:
        with self._steps.around("claim key"):
            return self.claims.setdefault((workspace_id, idempotency_key), claim)

    def claimed(self, workspace_id: str, idempotency_key: str) -> Claim | None:
        with self._steps.around("read claim"):
            return self.claims.get((workspace_id, idempotency_key))

    def file_size(self, key: str) -> int | None:
        with self._steps.around("file size"):
            return self._files.get(key)

    def download_url(self, key: str, file_name: str) -> str:
        return f"https://exports.example/{key}?name={file_name}"

    def _put_manifest(self, export: Export) -> Stored:
        self._writes += 1
        stored = Stored(export, f"version-{self._writes}")
        as_read_back = Export.model_validate_json(export.model_dump_json())
        self.manifests[export.workspace_id, export.id] = replace(stored, export=as_read_back)
        return stored
