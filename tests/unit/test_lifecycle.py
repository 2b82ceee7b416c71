"""What an export is after a look at its queries, whatever they did."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.export import Export, Part, Queries, ResolvedTimeframe, Status
from shared.lifecycle import advanced, in_turn, is_overdue
from shared.outcome import Facts
from shared.query_execution import QueryExecution, QueryState
from tests.builders import JANUARY, NOW, a_query, a_summary, an_export, error_name

DAY = timedelta(days=1)
MILLISECOND = timedelta(milliseconds=1)
QUEUED = Facts(a_query(QueryState.QUEUED), a_query(QueryState.QUEUED))
RUNNING = Facts(a_query(QueryState.RUNNING), a_query(QueryState.RUNNING))
DONE = Facts(
    a_query(QueryState.SUCCEEDED, id="summary"),
    a_query(QueryState.SUCCEEDED, id="rows", key="athena/rows.csv"),
    a_summary(3),
    output_rows=3,
    file_size=100,
)


def in_parts(number: int, **values: object) -> Export:
    """An export of a day for each part."""
    days = [
        ResolvedTimeframe(start=JANUARY.start + DAY * day, end=JANUARY.start + DAY * (day + 1))
        for day in range(number)
    ]
    return an_export(parts=[Part(timeframe=day) for day in days], row_limit=100, **values)


AGES = [(1, 2), (2, 2), (5, 2), (6, 4), (10, 4), (11, 6), (99, 40), (100, 40)]


@pytest.mark.parametrize(("parts", "hours"), AGES)
def test_the_more_parts_the_longer_an_export_may_take(parts: int, hours: int) -> None:
    export = in_parts(parts)
    last = NOW + timedelta(hours=hours)
    assert not is_overdue(export, last)
    assert is_overdue(export, last + MILLISECOND)


@pytest.mark.parametrize(("parts", "hours"), AGES)
def test_an_export_that_takes_too_long_fails_though_some_of_it_is_done(
    parts: int, hours: int
) -> None:
    last = NOW + timedelta(hours=hours)
    facts = {0: QUEUED} if parts == 1 else {0: DONE, 1: RUNNING}
    assert not advanced(in_parts(parts), facts, last).status.is_final
    late = advanced(in_parts(parts), facts, last + MILLISECOND)
    assert late.status is Status.FAILED
    assert error_name(late) == "timed-out"
    assert late.completed_at == last + MILLISECOND


def test_an_old_export_that_has_its_files_succeeds_all_the_same() -> None:
    late = NOW + timedelta(days=30)
    assert advanced(in_parts(1), {0: DONE}, late).status is Status.SUCCEEDED
    assert advanced(in_parts(2), {0: DONE, 1: DONE}, late).status is Status.SUCCEEDED


TOO_MANY = replace(DONE, counted=a_summary(101))
FAILED = Facts(a_query(QueryState.FAILED, reason="SYNTAX_ERROR: line 1"), RUNNING.rows)


@pytest.mark.parametrize(
    ("parts", "facts"),
    [(1, DONE), (1, TOO_MANY), (2, TOO_MANY), (1, FAILED), (2, FAILED)],
    ids=["done", "over the limit", "over it meanwhile", "failed", "a part failed"],
)
def test_an_export_ends_when_it_is_seen_to_end(parts: int, facts: Facts) -> None:
    seen_at = NOW + timedelta(minutes=1)
    export = advanced(in_parts(parts), {0: facts}, seen_at)
    assert export.status.is_final
    assert export.completed_at == seen_at


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_a_failure_names_its_part_where_there_are_several(parts: int) -> None:
    export = advanced(in_parts(parts), {0: FAILED}, NOW)
    assert export.error is not None
    assert ("This was in the part from 2026-01-01T00:00:00" in export.error.detail) == (parts > 1)


def test_an_export_is_queued_until_a_query_of_it_runs() -> None:
    assert advanced(in_parts(1), {0: QUEUED}, NOW).status is Status.QUEUED
    assert advanced(in_parts(1), {0: RUNNING}, NOW).status is Status.RUNNING
    assert advanced(in_parts(2), {0: QUEUED, 1: RUNNING}, NOW).status is Status.RUNNING
    assert advanced(in_parts(2), {0: DONE, 1: QUEUED}, NOW).status is Status.RUNNING


def test_five_parts_have_their_turn_the_earliest_first() -> None:
    export = in_parts(7)
    assert in_turn(export) == [0, 1, 2, 3, 4]
    export = advanced(export, {1: DONE, 3: DONE}, NOW)
    assert in_turn(export) == [0, 2, 4, 5, 6]
    assert in_turn(in_parts(1)) == [0]


# What a query may do next, and how often that is: most run on, or succeed.
NEXT = st.sampled_from(
    [QueryState.RUNNING] * 4
    + [QueryState.SUCCEEDED] * 12
    + [QueryState.FAILED, QueryState.CANCELLED]
)


@dataclass
class Simulated:
    """Athena, in which every query ends when and as it is drawn."""

    data: st.DataObject
    queries: dict[str, QueryExecution]

    def start(self, export: Export) -> Export:
        """The queries of the parts whose turn it is, which scan some bytes each."""
        parts = list(export.parts)
        for index in in_turn(export):
            if parts[index].queries is None:
                ids = [f"{role}-{len(self.queries)}" for role in ("summary", "rows")]
                for identity in ids:
                    self.queries[identity] = a_query(QueryState.QUEUED, id=identity, key=identity)
                queries = Queries(summary=ids[0], rows=ids[1])
                parts[index] = parts[index].model_copy(update={"queries": queries})
        return export.model_copy(update={"parts": parts})

    def look(self, export: Export, *, is_last: bool) -> Mapping[int, Facts]:
        facts = {}
        for index in in_turn(export):
            queries = export.parts[index].queries
            assert queries is not None
            summary, rows = (self._next(one, is_last) for one in (queries.summary, queries.rows))
            seen = Facts(summary, rows)
            if summary.state is QueryState.SUCCEEDED:
                counted = self.data.draw(st.sampled_from([3] * 30 + [101]))
                seen = replace(seen, counted=a_summary(counted))
                if rows.state is QueryState.SUCCEEDED:
                    written = self.data.draw(st.sampled_from([counted] * 10 + [0]))
                    seen = replace(seen, output_rows=written, file_size=100)
            facts[index] = seen
        return facts

    def _next(self, identity: str, is_last: bool) -> QueryExecution:
        query = self.queries[identity]
        if not query.state.is_final:
            state = QueryState.SUCCEEDED if is_last else self.data.draw(NEXT)
            query = replace(
                query,
                state=state,
                is_retryable=self.data.draw(st.booleans()),
                bytes_scanned=query.bytes_scanned + self.data.draw(st.integers(0, 30_000_000)),
            )
            self.queries[identity] = query
        return query


@given(data=st.data(), number=st.integers(1, 12), is_slow=st.booleans())
def test_every_query_is_charged_exactly_once_whatever_order_they_end_in(
    data: st.DataObject, number: int, *, is_slow: bool
) -> None:
    athena, export, now = Simulated(data, {}), in_parts(number), NOW
    for round_number in range(60):
        export = athena.start(export)
        under_way = [part for part in export.parts if part.queries and part.file is None]
        assert len(under_way) <= 5
        facts = athena.look(export, is_last=round_number > 8)
        now += timedelta(minutes=40 if is_slow else 1)
        export = advanced(export, facts, now)
        if export.status.is_final:
            break
        open_ids = {
            query
            for part in export.parts
            if part.queries and part.file is None
            for query in (part.queries.summary, part.queries.rows)
        }
        closed = [query for query in athena.queries.values() if query.id not in open_ids]
        assert (export.bytes_scanned or 0) == sum(query.bytes_scanned for query in closed)
    assert export.status.is_final
    scanned = [query.bytes_scanned for query in athena.queries.values()]
    assert export.bytes_scanned == sum(scanned)
    assert export.athena_cost_usd is not None
    billed = sum(max(amount, 10_000_000) for amount in scanned)
    assert Fraction(export.athena_cost_usd) == Fraction(5 * billed, 10**12)
