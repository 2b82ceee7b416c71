"""Each call to AWS × each fault: what comes of it, and what must be so whatever comes."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Any

from tests.faults.faults import Fault
from tests.faults.functions import ROW_LIMIT, Answer, Functions, System
from tests.faults.ways import WAYS, Way, finish
from tests.functional.documented import assert_documented

GATEWAY = timedelta(seconds=30)
LAMBDA = timedelta(seconds=900)
COLD_START = timedelta(seconds=1)
MAX_ATTEMPTS = 3


@dataclass
class Matrix:
    """Runs its cells once.

    Attributes:
        functions: What is held to its promises.
        pauses: botocore's between attempts, in seconds.
    """

    functions: Functions
    pauses: list[float] = field(default_factory=list)
    _cells: dict[tuple[str, str, Fault], str] = field(default_factory=dict)
    _undisturbed: dict[str, str] = field(default_factory=dict)

    @cached_property
    def calls(self) -> dict[str, list[str]]:
        """Name of a way in → the calls that it makes where nothing fails, each once."""
        return {way.name: self._calls(way) for way in WAYS}

    @cached_property
    def homes(self) -> dict[str, Way]:
        """Call → the first way in that makes it."""
        homes: dict[str, Way] = {}
        for way in WAYS:
            for call in self.calls[way.name]:
                homes.setdefault(call, way)
        return homes

    def cell(self, way: Way, call: str, fault: Fault) -> str:
        """What comes of a fault of a call on a way in, checked, in few words."""
        if (way.name, call, fault) not in self._cells:
            self._cells[way.name, call, fault] = self._run(way, call, fault)
        return self._cells[way.name, call, fault]

    def undisturbed(self, way: Way) -> str:
        """What comes of a way in where nothing fails."""
        if way.name not in self._undisturbed:
            system = way.begin(self.functions.system())
            self._undisturbed[way.name] = outcome(system, way, way.act(system))
        return self._undisturbed[way.name]

    def _calls(self, way: Way) -> list[str]:
        system = way.begin(self.functions.system())
        way.act(system)
        return list(dict.fromkeys(name for name, _ in system.wire.attempts))

    def _run(self, way: Way, call: str, fault: Fault) -> str:
        system = way.begin(self.functions.system())
        system.wire.fault = fault
        system.wire.struck = call
        started_at = system.clock.time
        answer = way.act(system)
        took = system.clock.time - started_at
        assert took <= (GATEWAY - COLD_START if way.is_http else LAMBDA), took
        check_attempts(system)
        check_answer(answer)
        check_urls(system, answer)
        self.pauses += system.wire.pauses
        first = outcome(system, way, answer)
        system.wire.mend()
        last = finish(system, way, answer)
        check_answer(last)
        check_end(system)
        then = " / ".join(ends(system)) or outcome(system, way, last)
        if fault is not Fault.DENIED:
            assert then == (way.end or self.undisturbed(way)), (first, then)
        if fault is Fault.THROTTLED_ONCE:
            assert first == self.undisturbed(way)
        return first if then in first else f"{first}, then {then}"


def outcome(system: System, way: Way, answer: Answer) -> str:
    """What a caller is told."""
    if answer.error:
        return "error"
    body = answer.body
    if "unfinished" in body:
        return "error" if body["failed"] else " / ".join(ends(system))
    name = body.get("type", "").rpartition(":")[2] or body.get("status", "")
    return f"{answer.status or ''} {name}".strip() + _cause(body)


def ends(system: System) -> list[str]:
    """How its exports stand."""
    return [export["status"] + _cause(export) for export in system.exports()]


def _cause(export: dict[str, Any]) -> str:
    error = export.get("error")
    if error is None or export["status"] != "failed":
        return ""
    return f" ({error['type'].rpartition(':')[2]})"


def check_attempts(system: System) -> None:
    """No call is tried more than three times."""
    assert max(Counter(system.wire.attempts).values(), default=0) <= MAX_ATTEMPTS


def check_answer(answer: Answer) -> None:
    """It is one that the API's document has, and promises to be repeated where that may help."""
    if not answer.status:
        return
    assert_documented(*answer.request, answer.status, answer.headers, answer.text)
    is_problem = answer.headers["Content-Type"] == "application/problem+json"
    if answer.status >= 400:
        assert is_problem
        assert answer.body["status"] == answer.status
        assert answer.body["detail"].endswith(".")
    assert ("Retry-After" in answer.headers) == (
        answer.status in (202, 503) or answer.body.get("status") in ("queued", "running")
    )


def check_urls(system: System, answer: Answer) -> None:
    """No URL but of a file whose queries have succeeded within the limit, and that is there."""
    body = answer.body if isinstance(answer.body, dict) else {}
    files = body.get("files", [])
    assert ("X-Amz-Signature" in str(body)) == bool(files)
    if not files:
        return
    (export,) = [export for export in system.exports() if export["id"] == body["id"]]
    assert export["status"] == "succeeded"
    for part, told in zip(export["parts"], files, strict=True):
        queries = system.aws.athena.queries
        summary, rows = (queries[part["queries"][role]] for role in ("summary", "rows"))
        assert summary.execution.state == rows.execution.state == "SUCCEEDED"
        assert told["rows"] == summary.row_count <= ROW_LIMIT
        assert told["size_bytes"] == system.aws.athena.files[rows.execution.key]
        assert f"/{rows.execution.key}?" in told["download_url"]


def check_end(system: System) -> None:
    """One export at most, with one pair of queries; nothing runs on, and nothing is to be done."""
    athena = system.aws.athena
    assert athena.running == []
    assert system.marks() == []
    assert len(system.exports()) <= 1
    assert (
        max(Counter(query.statement for query in athena.queries.values()).values(), default=0) <= 1
    )
