"""Without its workspace, a statement is refused by the engine itself."""

from datetime import UTC, datetime

import pytest

from local.athena.engine import QueryFailedError
from local.stack import LocalStack
from shared.local_time import Granularity
from shared.queries import CallSelection, rows_query, summary_query
from shared.timeframe import Timeframe
from shared.usage_query import usage_query
from tests.functional.athena_caller import SINCE_SAMPLES, AthenaCaller
from tests.trino.both_engines import EitherEngine, found

pytestmark = pytest.mark.trino

JANUARY = Timeframe(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 5, tzinfo=UTC))
SELECTION = CallSelection("ws-acme", JANUARY, {"model": ("gpt-4o",)})
STATEMENTS = {
    "rows": rows_query(SELECTION, row_limit=10),
    "summary": summary_query(SELECTION),
    "usage": usage_query(SELECTION, Granularity.DAY, "Europe/Berlin"),
}
EQUALITY = "workspace_id = 'ws-acme'"
WEAKENED = {
    "removed": "1 = 1",
    "or anything": f"({EQUALITY} OR 1 = 1)",
    "a pattern": "workspace_id LIKE 'ws-%'",
    "another than": "workspace_id <> 'ws-globex'",
    "a range": "workspace_id >= 'ws-acme'",
}


@pytest.mark.parametrize("condition", WEAKENED.values(), ids=WEAKENED)
@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_a_statement_that_does_not_bind_its_workspace_is_refused(
    both: EitherEngine, statement: str, condition: str
) -> None:
    assert statement.count(EQUALITY) == 1
    found(both.trino, statement)  # as it is, it runs
    weakened = statement.replace(EQUALITY, condition)
    with pytest.raises(QueryFailedError, match="INVALID_COLUMN_PROPERTY: Column projection for"):
        found(both.trino, weakened)
    with pytest.raises(QueryFailedError, match="CONSTRAINT_VIOLATION: For the injected projected"):
        found(both.duckdb, weakened)


def test_the_refusal_is_a_failed_query_of_the_users(stack: LocalStack, both: EitherEngine) -> None:
    with both.on(both.trino):
        status = AthenaCaller(stack.aws).failure(STATEMENTS["summary"].replace(EQUALITY, "1 = 1"))
    assert status["StateChangeReason"].startswith("INVALID_COLUMN_PROPERTY: ")
    assert status["AthenaError"]["ErrorCategory"] == 2
    assert status["AthenaError"]["Retryable"] is False


def test_only_the_workspaces_own_calls_are_read(both: EitherEngine) -> None:
    sql = "SELECT DISTINCT workspace_id FROM api_calls WHERE workspace_id = '{}' AND {}"
    for workspace_id in ("ws-acme", "ws-globex"):
        answer = found(both.trino, sql.format(workspace_id, SINCE_SAMPLES))
        assert answer.rows == [(workspace_id,)]
