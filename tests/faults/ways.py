"""The ways in: what is there before, what is done, and how it ends where nothing fails."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from shared.query_execution import QueryState
from tests.builders import JANUARY
from tests.fake_unattended import DIRECT, SCHEDULED
from tests.fakes import Fate
from tests.faults.functions import ROW_LIMIT, Answer, System

MONTH = {"start": "2026-01-01", "end": "2026-01-31"}
RUNS_ON = Fate(QueryState.RUNNING)
GRACE = timedelta(minutes=16)
"""After which a sweep concludes what somebody else had begun to conclude."""


@dataclass(frozen=True)
class Way:
    """A way in.

    Attributes:
        name: As in the table.
        act: What is done; again, where its answer is an error.
        end: How its export ends, or empty where there is none.
        prepare: What is there before.
        fates: Of the queries.
        calls: How many there are in each of two months.
        is_http: Whether API Gateway waits for it.
    """

    name: str
    act: Callable[[System], Answer]
    end: str = "succeeded"
    prepare: Callable[[System], object] = lambda _: None
    fates: dict[str, list[Fate]] = field(default_factory=dict)
    calls: int = 3
    is_http: bool = True

    @property
    def reads_only(self) -> bool:
        """Whether it makes no export, and is answered 200 where nothing fails."""
        return self.is_http and not self.end

    def begin(self, system: System) -> System:
        """Everything up to what is done."""
        system.aws.athena.calls = dict.fromkeys((JANUARY.start, JANUARY.end), self.calls)
        system.aws.athena.fates = dict(self.fates)
        self.prepare(system)
        system.wire.attempts.clear()
        return system


def begun(system: System) -> Answer:
    return system.http("POST", "/exports", MONTH, Prefer="respond-async", Idempotency_Key="k")


def the_id(system: System) -> str:
    (export,) = system.exports()
    identity: str = export["id"]
    return identity


def look(system: System) -> Answer:
    return system.http("GET", f"/exports/{the_id(system)}")


def post(system: System) -> Answer:
    return system.http("POST", "/exports", MONTH, Prefer="wait=3", Idempotency_Key="k")


def post_and_wait(system: System) -> Answer:
    """As long as anybody may."""
    return system.http("POST", "/exports", MONTH, Prefer="wait=25", Idempotency_Key="k")


REFUSED: dict[str, Any] = {**SCHEDULED, "timezone": "Mars/Olympus"}

WAYS = [
    Way("POST /exports", post),
    Way("GET /exports/{id}", look, prepare=begun),
    Way(
        "DELETE /exports/{id}",
        lambda system: system.http("DELETE", f"/exports/{the_id(system)}"),
        "cancelled",
        prepare=begun,
        fates={"summary": [RUNS_ON], "rows": [RUNS_ON]},
    ),
    Way("GET /exports", lambda system: system.http("GET", "/exports"), prepare=begun),
    Way(
        "POST /exports/estimate", lambda system: system.http("POST", "/exports/estimate", MONTH), ""
    ),
    Way("GET /usage", lambda system: system.http("GET", "/usage"), ""),
    Way("invocation", lambda system: system.invoke(DIRECT), is_http=False),
    Way("schedule", lambda system: system.invoke(SCHEDULED), is_http=False),
    Way("refused schedule", lambda system: system.invoke(REFUSED), "", is_http=False),
    Way("sweep", System.sweep, prepare=begun, is_http=False),
    Way(
        "POST /exports over the limit",
        post,
        "rejected",
        fates={"rows": [RUNS_ON]},
        calls=ROW_LIMIT + 1,
    ),
]


QUERIED = [
    way for way in WAYS if way.name in ("POST /exports", "POST /exports/estimate", "GET /usage")
]
"""Those that wait for queries, each in its own manner."""

LONG_WAY = Way("POST /exports, waiting 25 s", post_and_wait)


def finish(system: System, way: Way, answer: Answer) -> Answer:
    """What callers and sweeps do once nothing fails any more; the last answer of the way."""
    if answer.error or answer.status >= 500:
        answer = way.act(system)
        assert not answer.error, answer
    for _ in range(20):
        if not system.marks():
            break
        system.clock.sleep(GRACE.total_seconds())
        assert system.sweep().body["failed"] == 0
    return answer
