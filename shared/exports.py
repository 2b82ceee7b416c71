"""The life of an export: gather what is known, decide, apply.

Every step can be repeated. Whoever looks at an export next, after a crash between any two
lines, carries it on: queries are found again by their request tokens, and a manifest is only
ever replaced by somebody who has seen its latest version.
"""

import hashlib
import json
import logging
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from shared.athena import Athena
from shared.aws_errors import RefusedError, ServiceUnavailableError
from shared.clock import Clock, looks
from shared.export import (
    RANDOM_BITS,
    ControlTotals,
    Export,
    ExportFile,
    Queries,
    ResolvedTimeframe,
    Status,
    Trigger,
    export_id,
    file_name,
    suggestions,
)
from shared.export_request import ExportRequest
from shared.export_store import Claim, ConflictError, ExportStore, Stored
from shared.outcome import (
    MAX_AGE,
    NOT_STARTED,
    RESULT_UNREADABLE,
    TIMED_OUT,
    Facts,
    Fail,
    Reject,
    Retry,
    Succeed,
    Wait,
    decide,
    row_limit_exceeded,
)
from shared.queries import rows_query, summary_query
from shared.query_execution import QueryState
from shared.timeframe import Timeframe, TimeframeLimits, data_through, resolve_timeframe
from shared.totals import Summary, read_summary
from shared.usd import athena_cost_usd

logger = logging.getLogger(__name__)


class ExportNotFoundError(LookupError):
    """The workspace has no such export."""


class ExportFinishedError(Exception):
    """The export has an outcome, which stays."""


class IdempotencyKeyReusedError(Exception):
    """The key stands for another request."""


@dataclass(frozen=True)
class Order:
    """Who asks for what.

    Attributes:
        workspace_id: Whose calls.
        request: Which of them, and how.
        trigger: The way in.
        requested_by: Subject of the token, or what stands for it.
        idempotency_key: The same key and request give the same export.
        period_of: The time a period is counted from, where that is not now.
    """

    workspace_id: str
    request: ExportRequest
    trigger: Trigger
    requested_by: str
    idempotency_key: str | None = None
    period_of: datetime | None = None

    @property
    def hash(self) -> str:
        """Of what is asked for; the order of a filter's values makes no difference."""
        asked = {
            name: sorted(value) if isinstance(value, list) else value
            for name, value in self.request.model_dump(mode="json").items()
        }
        period_of = self.period_of.isoformat() if self.period_of else ""
        return _hash(self.workspace_id, json.dumps(asked, sort_keys=True), period_of)


@dataclass(frozen=True)
class Look:
    """An export as it stands.

    Attributes:
        stored: Its manifest.
        facts: What AWS last said, while it runs.
        failure: Why the last look at AWS gave nothing new.
    """

    stored: Stored
    facts: Facts | None = None
    failure: ServiceUnavailableError | None = None

    @property
    def export(self) -> Export:
        return self.stored.export


OnOutcome = Callable[[Export, Facts | None], None]


@dataclass(frozen=True)
class Exports:
    """Starts exports and sees them through.

    Attributes:
        athena: Runs the queries.
        store: Keeps the manifests.
        row_limit: Rows an export may have.
        limits: What timeframes may be.
        clock: Time.
        executor: For calls to AWS that do not depend on each other.
        on_outcome: Told, once, of every export that becomes final, and of its queries.
    """

    athena: Athena
    store: ExportStore
    row_limit: int
    limits: TimeframeLimits
    clock: Clock
    executor: ThreadPoolExecutor
    on_outcome: OnOutcome

    def create(self, order: Order) -> Look:
        """Take an order. Its queries start at the first look, which `wait` takes.

        Raises:
            TimeframeError: The timeframe cannot be exported.
            IdempotencyKeyReusedError: The key was used for something else.
        """
        now, identity = self.clock.now(), None
        if order.idempotency_key is not None:
            claim = self._claim(order, order.idempotency_key)
            if (stored := self.store.load(order.workspace_id, claim.export_id)) is not None:
                return Look(stored)
            now, identity = claim.created_at, claim.export_id
        export = self._new_export(order, now, identity or _new_id(now))
        try:
            return Look(self.store.create(export))
        except ConflictError:  # the same order came twice at once
            return self._load(order.workspace_id, export.id)

    def look(self, workspace_id: str, export_id: str) -> Look:
        """See how an export stands, and carry it on as far as it goes without waiting.

        Raises:
            ExportNotFoundError: The workspace has none with this id.
        """
        return self._advance(self._load(workspace_id, export_id))

    def recent(self, workspace_id: str, *, limit: int, after: str | None = None) -> list[Look]:
        """The workspace's exports as last written down, newest first, after the id `after`."""
        return [Look(stored) for stored in self.store.list(workspace_id, limit=limit, after=after)]

    def wait(self, look: Look, until: datetime) -> Look:
        """Carry an export on until it is final or the time is over; look once in any case."""
        for _ in looks(self.clock, until):
            try:
                look = replace(self._advance(look), failure=None)
            except ServiceUnavailableError as failure:
                look = replace(look, failure=failure)
            if look.export.status.is_final:
                break
        return look

    def cancel(self, workspace_id: str, export_id: str) -> Look:
        """End an export that is not final. Cancelling it again does no harm.

        Raises:
            ExportNotFoundError: The workspace has none with this id.
            ExportFinishedError: It has another outcome.
        """
        look = self._load(workspace_id, export_id)
        while not look.export.status.is_final:
            look = self._finish(look, Status.CANCELLED)
        if look.export.status is not Status.CANCELLED:
            raise ExportFinishedError(look.export.status)
        if look.export.queries is not None:
            self._stop_both(look.export.queries)
        return look

    def _claim(self, order: Order, key: str) -> Claim:
        claim = self.store.claimed(order.workspace_id, key)
        if claim is None:
            now = self.clock.now()
            self._resolve(order, now)  # what cannot be exported claims no key
            new = Claim(export_id=_new_id(now), created_at=now, request_hash=order.hash)
            claim = self.store.claim(order.workspace_id, key, new)
        if claim.request_hash != order.hash:
            raise IdempotencyKeyReusedError
        return claim

    def _new_export(self, order: Order, as_of: datetime, identity: str) -> Export:
        return Export(
            id=identity,
            workspace_id=order.workspace_id,
            trigger=order.trigger,
            requested_by=order.requested_by,
            created_at=self.clock.now(),
            request=order.request,
            timeframe=ResolvedTimeframe.of(self._resolve(order, as_of)),
            data_through=data_through(as_of, self.limits.settle),
            row_limit=self.row_limit,
        )

    def _resolve(self, order: Order, now: datetime) -> Timeframe:
        request = order.request.timeframe_request()
        return resolve_timeframe(request, now=now, limits=self.limits, period_of=order.period_of)

    def _load(self, workspace_id: str, identity: str) -> Look:
        stored = self.store.load(workspace_id, identity)
        if stored is None:
            raise ExportNotFoundError(identity)
        return Look(stored)

    def _advance(self, look: Look) -> Look:
        """One look at AWS, and what follows from it."""
        if look.export.status.is_final:
            return look
        if look.export.queries is None:
            look = self._start(look)
        if look.export.queries is None or look.export.status.is_final:
            return look  # refused, or it has waited for too long, or was cancelled meanwhile
        try:
            facts = self._gather(look.export.queries, look.facts)
        except (RefusedError, ValueError):  # no permission, or a result that is not one
            logger.exception("what became of an export's queries cannot be read")
            return self._finish(look, Status.FAILED, error=RESULT_UNREADABLE)
        look = replace(look, facts=facts)
        match decide(look.export, facts, self.clock.now()):
            case Wait(status):
                export = look.export.model_copy(update={"status": status})
                return replace(look, stored=replace(look.stored, export=export))
            case Retry():
                return self._retry(look, facts)
            case Reject(counted):
                return self._reject(look, counted)
            case Succeed(counted, file_size):
                return self._succeed(look, facts, counted, file_size)
            case Fail(error):
                return self._finish(look, Status.FAILED, error=error)

    def _start(self, look: Look) -> Look:
        """Start both queries at once, or find them again, and write down their ids."""
        export = look.export
        if self.clock.now() - export.created_at > MAX_AGE:
            return self._finish(look, Status.FAILED, error=TIMED_OUT)
        selection = export.request.selection(export.workspace_id, export.timeframe.value())
        statements = {
            "summary": summary_query(selection),
            "rows": rows_query(
                selection,
                row_limit=export.row_limit,
                columns=export.request.columns,
                spreadsheet_safe=export.request.spreadsheet_safe,
            ),
        }
        starts = {
            role: self.executor.submit(self.athena.start, statement, _request_token(export, role))
            for role, statement in statements.items()
        }
        wait(starts.values())
        try:
            queries = Queries(**{role: start.result() for role, start in starts.items()})
        except RefusedError:
            logger.exception("Athena refused a query")
            for start in starts.values():
                if start.exception() is None:
                    self.athena.stop(start.result())
            return self._finish(look, Status.FAILED, error=NOT_STARTED)
        started = self._save(look, queries=queries)
        if started.export.status.is_final:  # ended by somebody who did not know of these queries
            self._stop_both(queries)
        return started

    def _gather(self, queries: Queries, known: Facts | None) -> Facts:
        found = self.athena.look([queries.summary, queries.rows])
        summary, rows = found[queries.summary], found[queries.rows]
        if summary.state is not QueryState.SUCCEEDED:
            return Facts(summary, rows)
        same = known is not None and known.summary.id == summary.id
        counted = known.counted if known and same else None
        counted = counted or read_summary(self.athena.result(summary))
        if rows.state is not QueryState.SUCCEEDED:
            return Facts(summary, rows, counted)
        output_rows = self.executor.submit(self.athena.output_rows, rows.id)
        file_size = self.store.file_size(rows.key)
        return Facts(summary, rows, counted, output_rows.result(), file_size)

    def _retry(self, look: Look, facts: Facts) -> Look:
        self._stop(facts)
        look = self._save(look, attempt=look.export.attempt + 1, queries=None)
        return replace(look, facts=None)

    def _reject(self, look: Look, counted: Summary) -> Look:
        export, limit = look.export, look.export.row_limit
        crowded = [hour for hour, totals in counted.by_hour.items() if totals.rows > limit]
        return self._finish(
            look,
            Status.REJECTED,
            control_totals=ControlTotals.of(counted),
            suggested_timeframes=suggestions(
                export.timeframe.value(), counted, limit, export.request.timezone
            ),
            error=row_limit_exceeded(counted.totals.rows, limit, crowded),
        )

    def _succeed(self, look: Look, facts: Facts, counted: Summary, file_size: int) -> Look:
        file = ExportFile(key=facts.rows.key, name=file_name(look.export), size_bytes=file_size)
        return self._finish(
            look, Status.SUCCEEDED, control_totals=ControlTotals.of(counted), file=file
        )

    def _finish(self, look: Look, status: Status, **outcome: Any) -> Look:
        """Write down an outcome. Queries stop first: if that fails, the next look does it all."""
        if look.facts is not None:
            self._stop(look.facts)
            scanned = [query.bytes_scanned for query in look.facts.queries]
            outcome |= {"bytes_scanned": sum(scanned), "athena_cost_usd": athena_cost_usd(scanned)}
        revision = _new_revision()
        finished = self._save(
            look, status=status, completed_at=self.clock.now(), revision=revision, **outcome
        )
        if finished.export.revision == revision:  # it is this look that wrote it down
            self.on_outcome(finished.export, look.facts)
        return finished

    def _stop_both(self, queries: Queries) -> None:
        for query_id in (queries.summary, queries.rows):
            self.athena.stop(query_id)

    def _stop(self, facts: Facts) -> None:
        for query in facts.queries:
            if not query.state.is_final:
                self.athena.stop(query.id)

    def _save(self, look: Look, **changes: Any) -> Look:
        export = look.export.model_copy(update=changes)
        try:
            return replace(look, stored=self.store.save(look.stored, export))
        except ConflictError:  # somebody else looked at the same time: what they wrote stands
            return self._load(export.workspace_id, export.id)


def _new_id(now: datetime) -> str:
    return export_id(now, secrets.randbits(RANDOM_BITS))


def _new_revision() -> str:
    return secrets.token_hex(8)


def _request_token(export: Export, role: str) -> str:
    return _hash(export.workspace_id, export.id, role, str(export.attempt))


def _hash(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
