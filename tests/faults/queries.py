"""How a query may go, and what comes of it."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from shared.query_execution import QueryState
from tests.builders import NOW
from tests.fakes import Fate
from tests.faults.functions import Functions, System
from tests.faults.matrix import check_answer, check_urls, ends, outcome
from tests.faults.ways import Way

ATHENAS_TIME_OUT = timedelta(minutes=30)
LATER = timedelta(minutes=5)
A_DAY = timedelta(days=1)

FAILED_FOR_NOW = Fate(QueryState.FAILED, "INTERNAL_ERROR: no", is_retryable=True)


@dataclass(frozen=True)
class End:
    """How a query goes.

    Attributes:
        name: As in the table.
        fates: Of the first such query, and of later ones.
        bounces: Whether it goes back from RUNNING to QUEUED once.
    """

    name: str
    fates: list[Fate] = field(default_factory=lambda: [Fate()])
    bounces: bool = False

    @property
    def waits_or_succeeds(self) -> bool:
        """Whether whoever waits for it has no reason to be told of a failure."""
        bad = (QueryState.FAILED, QueryState.CANCELLED)
        return self.fates[-1].state not in bad


ENDS = [
    End("SUCCEEDED"),
    End("FAILED, retryable, once", [FAILED_FOR_NOW, Fate()]),
    End("FAILED, retryable, always", [FAILED_FOR_NOW]),
    End("FAILED for good", [Fate(QueryState.FAILED, "HIVE_BAD_DATA: no")]),
    End("CANCELLED by somebody", [Fate(QueryState.CANCELLED, "Query was cancelled by user")]),
    End(
        "CANCELLED by the cutoff", [Fate(QueryState.CANCELLED, "Bytes scanned limit was exceeded")]
    ),
    End("QUEUED for ever", [Fate(QueryState.QUEUED)]),
    End("RUNNING, until Athena ends it", [Fate(QueryState.RUNNING)]),
    End("RUNNING, then QUEUED again", bounces=True),
]


def query_cell(functions: Functions, way: Way, end: End, role: str = "summary") -> str:
    """What comes of a query that goes this way, on a way in, checked, in few words."""
    way = replace(way, fates={role: end.fates})
    system = way.begin(functions.system())
    if end.bounces:
        system.aws.athena.steps.at("after look", lambda: _back_to_queued(system))
    answer = way.act(system)
    check_answer(answer)
    check_urls(system, answer)
    first = outcome(system, way, answer)
    if way.reads_only:
        return first + _promise(answer.headers)
    begun_at = system.clock.time
    while system.marks():
        assert system.clock.time - begun_at < A_DAY, "an export that never ends"
        system.clock.sleep(LATER.total_seconds())
        _end_what_ran_too_long(system)
        assert system.sweep().body["failed"] == 0
    assert system.aws.athena.running == []
    (then,) = ends(system)
    return first if then in first else f"{first}, then {then}"


def _promise(headers: object) -> str:
    """When the caller is told to ask again."""
    assert isinstance(headers, dict)
    after = headers.get("Retry-After")
    return f", again in {after} s" if after else ""


def _back_to_queued(system: System) -> None:
    for query in system.aws.athena.queries.values():
        assert query.execution.state is QueryState.RUNNING
        query.execution = replace(query.execution, state=QueryState.QUEUED)


def _end_what_ran_too_long(system: System) -> None:
    """As Athena does: what waits in its queue may wait for ever."""
    if system.clock.time - NOW < ATHENAS_TIME_OUT:
        return
    for query in system.aws.athena.queries.values():
        if query.execution.state is QueryState.RUNNING:
            query.execution = replace(
                query.execution, state=QueryState.FAILED, reason="Query timeout"
            )
