"""The Athena queries of an export's parts: start them once, look at them, stop them."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass

from shared.athena import Athena
from shared.aws_errors import RefusedError, ServiceUnavailableError
from shared.export import Export, Part, Queries, Status
from shared.export_store import ExportStore
from shared.lifecycle import in_turn
from shared.outcome import Facts
from shared.queries import A_SUMMARY_HAS, rows_query, summary_query
from shared.query_execution import QueryExecution, QueryState
from shared.totals import read_summary

_ROLES = ("summary", "rows")


class PartlyStartedError(ServiceUnavailableError):
    """Not all queries could be started, for now.

    Attributes:
        begun: Index of a part → ids of its queries that were, now or before.
    """

    def __init__(self, begun: Mapping[int, list[str]]) -> None:
        super().__init__("not all queries could be started")
        self.begun = begun


@dataclass(frozen=True)
class PartQueries:
    """Runs the queries of parts.

    Attributes:
        athena: Runs them.
        store: Knows the size of the files.
        executor: For calls that do not depend on each other.
    """

    athena: Athena
    store: ExportStore
    executor: ThreadPoolExecutor

    def start(self, export: Export, indexes: Collection[int]) -> dict[int, Queries]:
        """Start both queries of some parts, or find them again.

        Raises:
            PartlyStartedError: Not all could be started; starting again finds those that were.
            RefusedError: Athena says no for good; those that were started are stopped again.
        """
        starts = {
            (index, role): self.executor.submit(self.athena.start, statement, token)
            for index in indexes
            for role, statement, token in _statements(export, export.parts[index])
        }
        wait(starts.values())
        ids = {key: start.result() for key, start in starts.items() if not start.exception()}
        failures = [failure for start in starts.values() if (failure := start.exception())]
        begun = {
            index: sorted({*export.parts[index].begun, *_of_part(index, ids)}) for index in indexes
        }
        for failure in failures:  # first: what did not answer may have been started
            if isinstance(failure, ServiceUnavailableError):
                raise PartlyStartedError(begun) from failure
        if failures:
            self._stop(query for queries in begun.values() for query in queries)
            raise failures[0]
        return {index: Queries(**{role: ids[index, role] for role in _ROLES}) for index in indexes}

    def look(self, export: Export, known: Mapping[int, Facts]) -> dict[int, Facts]:
        """Index of a part whose queries are under way → what AWS says about them.

        Args:
            export: The export.
            known: What the last look gave; a summary that it read is not read again.

        Raises:
            ServiceUnavailableError: AWS did not answer.
            RefusedError: AWS said no.
            ValueError: A summary's result is not one.
        """
        running = {
            index: queries
            for index in in_turn(export)
            if (queries := export.parts[index].queries) is not None
        }
        if not running:
            return {}
        found = self.athena.look([query for queries in running.values() for query in _ids(queries)])
        return {
            index: self._facts(found[queries.summary], found[queries.rows], known.get(index))
            for index, queries in running.items()
        }

    def stop(
        self, export: Export, known: Mapping[int, Facts], *, but: Collection[int] = ()
    ) -> None:
        """Stop what is not known to have ended, for all parts but those at the indexes `but`.

        Raises:
            ServiceUnavailableError: Something may still run.
            RefusedError: AWS said no.
        """
        over = {
            query.id for facts in known.values() for query in facts.queries if query.state.is_final
        }
        for index, part in enumerate(export.parts):
            if part.queries is None:
                self._stop(part.begun)
            elif part.file is None and index not in but:
                self._stop(query for query in _ids(part.queries) if query not in over)
        if export.status is Status.CANCELLED:  # any other end comes after Athena's own time-out
            self._stop_unwritten(export)

    def _stop_unwritten(self, export: Export) -> None:
        """Stop what may have been started by somebody who could not write down the ids.

        Its request token finds such a query; where there is none it is started, to be stopped.
        """
        for index in in_turn(export):
            part = export.parts[index]
            if part.queries is None:
                for _, statement, token in _statements(export, part):
                    try:
                        query = self.athena.start(statement, token)
                    except RefusedError:
                        continue  # it cannot have been started before either
                    self.athena.stop(query)

    def _facts(self, summary: QueryExecution, rows: QueryExecution, known: Facts | None) -> Facts:
        if summary.state is not QueryState.SUCCEEDED:
            return Facts(summary, rows)
        counted = known.counted if known and known.summary.id == summary.id else None
        counted = counted or read_summary(self.athena.result(summary, having=A_SUMMARY_HAS))
        if rows.state is not QueryState.SUCCEEDED:
            return Facts(summary, rows, counted)
        output_rows = self.executor.submit(self.athena.output_rows, rows.id)
        file_size = self.store.file_size(rows.key)
        return Facts(summary, rows, counted, output_rows.result(), file_size)

    def _stop(self, query_ids: Iterable[str]) -> None:
        for query_id in query_ids:
            self.athena.stop(query_id)


def _statements(export: Export, part: Part) -> list[tuple[str, str, str]]:
    """Role, SQL and request token of each query."""
    selection = export.request.selection(export.workspace_id, part.timeframe.value())
    rows = rows_query(
        selection,
        row_limit=export.row_limit,
        columns=export.request.columns,
        spreadsheet_safe=export.request.spreadsheet_safe,
    )
    texts = zip(_ROLES, (summary_query(selection), rows), strict=True)
    return [(role, text, _request_token(export, part, role)) for role, text in texts]


def _request_token(export: Export, part: Part, role: str) -> str:
    """The same for every start of a query of an attempt, and for no other query."""
    timeframe = part.timeframe.model_dump_json()
    intent = "\n".join([export.workspace_id, export.id, timeframe, role, str(part.attempt)])
    return hashlib.sha256(intent.encode()).hexdigest()


def _of_part(index: int, ids: Mapping[tuple[int, str], str]) -> list[str]:
    return [query for (part, _), query in ids.items() if part == index]


def _ids(queries: Queries) -> tuple[str, str]:
    return queries.summary, queries.rows
