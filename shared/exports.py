"""The life of an export: gather what is known, decide, apply.

Every step can be repeated. Whoever looks at an export next, after a crash between any two
lines, carries it on: queries are found again by their request tokens, and a manifest is only
ever replaced by somebody who has seen its latest version.
"""

import hashlib
import json
import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from shared.athena import Athena
from shared.aws_errors import RefusedError, ServiceUnavailableError
from shared.clock import Clock, looks
from shared.export import (
    RANDOM_BITS,
    Export,
    ExportError,
    Part,
    ResolvedTimeframe,
    Status,
    Trigger,
    export_id,
)
from shared.export_request import ExportRequest
from shared.export_store import Claim, ConflictError, ExportStore, Mark, Stored
from shared.lifecycle import advanced, charged, ended, failed, in_turn, is_overdue
from shared.outcome import MAX_AGE, NOT_STARTED, RESULT_UNREADABLE, TIMED_OUT, Facts
from shared.part_queries import PartlyStartedError, PartQueries
from shared.timeframe import Timeframe, TimeframeLimits, data_through, resolve_timeframe

logger = logging.getLogger(__name__)

_EXPORTS_AT_ONCE = 5
_TIME_TO_CONCLUDE = timedelta(minutes=15)
"""As long as a Lambda may run: whoever has been at it for longer is gone."""


class ExportNotFoundError(LookupError):
    """The workspace has no such export."""


class ExportFinishedError(Exception):
    """The export has an outcome, which stays."""


class IdempotencyKeyReusedError(Exception):
    """The key stands for another request."""


class RowLimitRaisedError(ValueError):
    """An order may lower the row limit, never raise it."""


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
        row_limit: Rows the export may have, where that is fewer than any export may have.
    """

    workspace_id: str
    request: ExportRequest
    trigger: Trigger
    requested_by: str
    idempotency_key: str | None = None
    period_of: datetime | None = None
    row_limit: int | None = None

    @property
    def hash(self) -> str:
        """Of what is asked for; the order of a filter's values makes no difference."""
        asked = {
            name: sorted(value) if isinstance(value, list) else value
            for name, value in self.request.model_dump(mode="json", exclude_defaults=True).items()
        }
        if self.row_limit is not None:
            asked["row_limit"] = self.row_limit
        period_of = self.period_of.isoformat() if self.period_of else ""
        text = "\n".join([self.workspace_id, json.dumps(asked, sort_keys=True), period_of])
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True)
class Look:
    """An export as it stands.

    Attributes:
        stored: Its manifest.
        facts: Index of a part → what AWS last said of its queries, while they run.
        failure: Why the last look at AWS gave nothing new.
    """

    stored: Stored
    facts: Mapping[int, Facts] = field(default_factory=dict)
    failure: ServiceUnavailableError | RefusedError | None = None

    @property
    def export(self) -> Export:
        return self.stored.export

    @property
    def may_go_on(self) -> bool:
        """Whether another look can bring something new."""
        return not (self.export.status.is_final or isinstance(self.failure, RefusedError))


@dataclass(frozen=True)
class Outcome:
    """An export that has come to its end.

    Attributes:
        export: The export.
        facts: What AWS last said of the queries that were under way.
        is_again: Whether it may have been told before, by somebody who did not conclude.
    """

    export: Export
    facts: Sequence[Facts] = ()
    is_again: bool = False


OnOutcome = Callable[[Outcome], None]


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
        on_outcome: Told of every export that becomes final; again where it raises.
    """

    athena: Athena
    store: ExportStore
    row_limit: int
    limits: TimeframeLimits
    clock: Clock
    executor: ThreadPoolExecutor
    on_outcome: OnOutcome

    @property
    def queries(self) -> PartQueries:
        """The queries of the exports' parts."""
        return PartQueries(self.athena, self.store, self.executor)

    def create(self, order: Order) -> Look:
        """Take an order. Its queries start at the first look, which `wait` takes.

        Raises:
            TimeframeError: The timeframe cannot be exported.
            RowLimitRaisedError: The order has a higher row limit than there is.
            IdempotencyKeyReusedError: The key was used for something else.
        """
        if order.row_limit is not None and order.row_limit > self.row_limit:
            raise RowLimitRaisedError(
                f"is above {self.row_limit:,}, the most rows that an export may have here"
            )
        now, identity = self.clock.now(), None
        if order.idempotency_key is not None:
            claim = self._claim(order, order.idempotency_key)
            if (stored := self.store.load(order.workspace_id, claim.export_id)) is not None:
                return Look(stored)
            now, identity = claim.created_at, claim.export_id
        export = self._new_export(order, now, identity or _new_id(now))
        self.store.mark(export)  # first: what is not marked nobody carries on
        try:
            return Look(self.store.create(export))
        except ConflictError:  # the same order came twice at once
            return self._load(order.workspace_id, export.id)

    def look(self, workspace_id: str, export_id: str) -> Look:
        """See how an export stands, and carry it on as far as it goes without waiting.

        Raises:
            ExportNotFoundError: The workspace has none with this id.
        """
        return _raised(self._advance(self._load(workspace_id, export_id)))

    def recent(self, workspace_id: str, *, limit: int, after: str | None = None) -> list[Look]:
        """The workspace's exports as last written down, newest first, after the id `after`."""
        return [Look(stored) for stored in self.store.list(workspace_id, limit=limit, after=after)]

    def wait(self, look: Look, until: datetime) -> Look:
        """Carry an export on until it is final or the time is over; look once in any case.

        Raises:
            RefusedError: AWS said no.
        """
        (look,) = self.wait_for_all([look], until)
        if isinstance(look.failure, RefusedError):
            raise look.failure
        return look

    def wait_for_all(self, exports: Sequence[Look], until: datetime) -> list[Look]:
        """Carry several exports on, some at a time, until all are final or the time is over.

        One that AWS refuses something to does not stop the others: see its `failure`.
        """
        found = list(exports)
        for _ in looks(self.clock, until):
            going = [index for index, look in enumerate(found) if look.may_go_on]
            for index in going[:_EXPORTS_AT_ONCE]:
                found[index] = self._try_to_advance(found[index])
            if not any(look.may_go_on for look in found):
                break
        return found

    def cancel(self, workspace_id: str, export_id: str) -> Look:
        """End an export that is not final. Cancelling it again does no harm.

        Raises:
            ExportNotFoundError: The workspace has none with this id.
            ExportFinishedError: It has another outcome, or its queries had just come to one.
        """
        look = self._load(workspace_id, export_id)
        while not look.export.status.is_final:
            with suppress(ServiceUnavailableError):  # then it is cancelled as it stands
                look = self._judge(look)
            if not look.export.status.is_final:
                export = charged(look.export, look.facts.values())
                look = self._finish(look, ended(export, self.clock.now(), Status.CANCELLED))
        if look.export.status is not Status.CANCELLED:
            raise ExportFinishedError(look.export.status)
        return look

    def unfinished(self) -> list[Mark]:
        """The exports, of every workspace, that are not over and told; the oldest first."""
        return sorted(self.store.marks(), key=lambda mark: mark.since)

    def resume(self, mark: Mark) -> None:
        """Carry on an export that its caller may have left, without waiting.

        Raises:
            ServiceUnavailableError: AWS did not answer.
            RefusedError: AWS said no.
        """
        now = self.clock.now()
        stored = self.store.load(mark.workspace_id, mark.export_id)
        if stored is None:
            if now - mark.since > MAX_AGE:  # its caller was gone before the export was made
                self.store.unmark(mark.workspace_id, mark.export_id)
            return
        completed_at = stored.export.completed_at
        if completed_at is None:
            look = _raised(self._advance(Look(stored)))
            if not look.export.status.is_final:  # what has become free, before the next comes by
                _raised(self._start(look))
        elif now - completed_at > _TIME_TO_CONCLUDE:
            self._conclude(Look(stored), is_again=True)

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
        timeframe = ResolvedTimeframe.of(self._resolve(order, as_of))
        return Export(
            id=identity,
            workspace_id=order.workspace_id,
            trigger=order.trigger,
            requested_by=order.requested_by,
            created_at=self.clock.now(),
            request=order.request,
            timeframe=timeframe,
            data_through=data_through(as_of, self.limits.settle),
            row_limit=order.row_limit or self.row_limit,
            parts=[Part(timeframe=timeframe)],
        )

    def _resolve(self, order: Order, now: datetime) -> Timeframe:
        request = order.request.timeframe_request()
        return resolve_timeframe(request, now=now, limits=self.limits, period_of=order.period_of)

    def _load(self, workspace_id: str, identity: str) -> Look:
        stored = self.store.load(workspace_id, identity)
        if stored is None:
            raise ExportNotFoundError(identity)
        return Look(stored)

    def _try_to_advance(self, look: Look) -> Look:
        try:
            return self._advance(look)
        except (ServiceUnavailableError, RefusedError) as failure:
            return replace(look, failure=failure)

    def _advance(self, look: Look) -> Look:
        """One look at AWS, and what follows from it."""
        if not look.export.status.is_final:
            look = self._start(replace(look, failure=None))
        if look.failure is None and not look.export.status.is_final:
            look = self._judge(look)
        return look

    def _start(self, look: Look) -> Look:
        """Start the queries of the parts whose turn it is, and write down their ids."""
        export, now = look.export, self.clock.now()
        idle = [index for index in in_turn(export) if export.parts[index].queries is None]
        if not idle:
            return look
        if is_overdue(export, now):
            return self._fail(look, TIMED_OUT)
        failure = None
        try:
            begun = _with_parts(export, "queries", self.queries.start(export, idle))
        except RefusedError:
            logger.exception("Athena refused a query")
            return self._fail(look, NOT_STARTED)
        except PartlyStartedError as partly:
            begun, failure = _with_parts(export, "begun", partly.begun), partly
        look = look if begun == export else self._save(look, begun)
        if look.export.status.is_final:  # ended by somebody who did not know of these queries
            self.queries.stop(begun, look.facts)
            return look
        return replace(look, failure=failure)

    def _judge(self, look: Look) -> Look:
        """See how the queries stand, and apply what follows."""
        try:
            look = replace(look, facts=self.queries.look(look.export, look.facts))
        except (RefusedError, ValueError):  # no permission, or a result that is not one
            logger.exception("what became of an export's queries cannot be read")
            return self._fail(look, RESULT_UNREADABLE)
        export = advanced(look.export, look.facts, self.clock.now())
        if export.status.is_final:
            return self._finish(look, export)
        if export.parts == look.export.parts:
            return replace(look, stored=replace(look.stored, export=export))
        still = {
            index: facts
            for index, facts in look.facts.items()
            if export.parts[index] == look.export.parts[index]
        }
        self.queries.stop(look.export, look.facts, but=still)
        return self._save(replace(look, facts=still), export)

    def _fail(self, look: Look, error: ExportError) -> Look:
        export = charged(look.export, look.facts.values())
        return self._finish(look, failed(export, self.clock.now(), error))

    def _finish(self, look: Look, export: Export) -> Look:
        """Write down an outcome, and conclude the export if it is this outcome that was kept.

        Written down before the queries stop, or somebody else's look could take the stopped
        queries for a failure.
        """
        revision = secrets.token_hex(8)
        finished = self._save(look, export.model_copy(update={"revision": revision}))
        if finished.export.revision == revision:
            self._conclude(finished)
        return finished

    def _conclude(self, look: Look, *, is_again: bool = False) -> None:
        """Stop what still runs, tell of the outcome, and take the mark away.

        What fails here is repeated by a later `resume`, since the mark is still there.
        """
        try:
            self.queries.stop(look.export, look.facts)
            self.on_outcome(Outcome(look.export, list(look.facts.values()), is_again))
            self.store.unmark(look.export.workspace_id, look.export.id)
        except (ServiceUnavailableError, RefusedError):
            logger.exception("an export that has ended is still to be concluded")

    def _save(self, look: Look, export: Export) -> Look:
        try:
            return replace(look, stored=self.store.save(look.stored, export))
        except ConflictError:  # somebody else looked at the same time: what they wrote stands
            return self._load(export.workspace_id, export.id)


def _raised(look: Look) -> Look:
    """A look that gave something new.

    Raises:
        ServiceUnavailableError: It did not.
        RefusedError: It did not.
    """
    if look.failure is not None:
        raise look.failure
    return look


def _with_parts(export: Export, field_name: str, values: Mapping[int, object]) -> Export:
    """An export whose parts at some indexes have other values in a field."""
    parts = [
        part.model_copy(update={field_name: values[index]}) if index in values else part
        for index, part in enumerate(export.parts)
    ]
    return export.model_copy(update={"parts": parts})


def _new_id(now: datetime) -> str:
    return export_id(now, secrets.randbits(RANDOM_BITS))
