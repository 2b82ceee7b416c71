"""The life of a query execution, over engines that do what a test tells them."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any

import pyarrow as pa
import pytest

from local.athena.engine import (
    BytesCutoffError,
    Column,
    QueryCancelledError,
    QueryFailedError,
    Result,
    Scanned,
    Statement,
)
from local.athena.executions import InvalidRequestError, QueryExecutions, TooManyQueriesError
from local.athena.moto_storage import Encryption
from local.athena.query_execution import QueryExecution

SCANNED = Scanned(bytes=42, rows=7)
SETTINGS = {"ResultConfiguration": {"OutputLocation": "s3://results/athena/"}}


@dataclass
class FakeQuery:
    """Waits until it is released or cancelled, then answers one row or raises `error`."""

    statement: Statement
    error: Exception | None = None
    started: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    cancelled: bool = False
    closed: bool = False
    scanned: Scanned = SCANNED

    def run(self) -> Result:
        self.started.set()
        assert self.released.wait(10)
        if self.cancelled:
            raise QueryCancelledError
        if self.error:
            raise self.error
        return Result([Column("answer", "integer", 10)], iter([pa.record_batch({"answer": [1]})]))

    def cancel(self) -> None:
        self.cancelled = True
        self.released.set()

    def close(self) -> None:
        self.closed = True


class FakeEngine:
    def __init__(self) -> None:
        self.queries: list[FakeQuery] = []
        self.error: Exception | None = None

    def query(self, statement: Statement) -> FakeQuery:
        query = FakeQuery(statement, self.error)
        self.queries.append(query)
        return query

    def close(self) -> None:
        pass


class FakeObjects:
    """Buckets in memory."""

    def __init__(self) -> None:
        self.stored: dict[str, bytes] = {}
        self.buckets = {"results"}

    def has_bucket(self, bucket: str) -> bool:
        return bucket in self.buckets

    def put(self, bucket: str, key: str, content: bytes, encryption: Encryption | None) -> None:
        self.stored[f"{bucket}/{key}"] = content

    def put_file(
        self, bucket: str, key: str, file: IO[bytes], encryption: Encryption | None
    ) -> None:
        with file:
            file.seek(0)
            self.put(bucket, key, file.read(), encryption)

    def read_range(self, bucket: str, key: str, start: int, size: int) -> bytes | None:
        content = self.stored.get(f"{bucket}/{key}")
        return content and content[start : start + size]


@dataclass
class Athena:
    executions: QueryExecutions
    engine: FakeEngine
    objects: FakeObjects

    def start(self, sql: str = "SELECT 1", **request: Any) -> str:
        return self.executions.start({"QueryString": sql, **request}, "primary", SETTINGS)

    def eventually(self, query_id: str, holds: Callable[[QueryExecution], bool]) -> QueryExecution:
        execution = self.executions.get(query_id)
        deadline = time.monotonic() + 10
        while not holds(execution):
            assert time.monotonic() < deadline, execution
            time.sleep(0.002)
        return execution

    def ended(self, query_id: str) -> QueryExecution:
        return self.eventually(query_id, lambda execution: execution.is_final)


@contextmanager
def running_athena(concurrency: int = 4, active: int = 100) -> Iterator[Athena]:
    engine, objects = FakeEngine(), FakeObjects()
    executions = QueryExecutions(engine, objects, concurrency=concurrency, active=active)
    yield Athena(executions, engine, objects)
    executions.close()


@pytest.fixture
def athena() -> Iterator[Athena]:
    with running_athena() as running:
        yield running


def test_a_query_is_running_until_the_engine_answers_and_then_its_result_is_in_s3(
    athena: Athena,
) -> None:
    query_id = athena.start()
    (query,) = athena.engine.queries
    assert query.started.wait(10)
    running = athena.executions.get(query_id).description()
    assert running["Status"]["State"] == "RUNNING"
    assert "CompletionDateTime" not in running["Status"]
    assert athena.objects.stored == {}

    query.released.set()
    description = athena.ended(query_id).description()

    assert description["Status"]["State"] == "SUCCEEDED"
    assert description["ResultConfiguration"]["OutputLocation"] == (
        f"s3://results/athena/{query_id}.csv"
    )
    assert athena.objects.stored[f"results/athena/{query_id}.csv"] == b'"answer"\n"1"\n'
    assert f"results/athena/{query_id}.csv.metadata" in athena.objects.stored
    assert query.closed


def test_the_times_add_up(athena: Athena) -> None:
    query_id = athena.start()
    athena.engine.queries[0].released.set()
    description = athena.ended(query_id).description()

    status, statistics = description["Status"], description["Statistics"]
    total = statistics["TotalExecutionTimeInMillis"]
    queued, engine = (
        statistics[f"{part}TimeInMillis"] for part in ("QueryQueue", "EngineExecution")
    )
    assert abs(queued + engine - total) <= 1  # each is rounded
    seconds = status["CompletionDateTime"] - status["SubmissionDateTime"]
    assert abs(seconds * 1000 - total) <= 1
    assert statistics["DataScannedInBytes"] == 42


def test_queries_beyond_the_concurrency_stay_queued_until_one_ends() -> None:
    with running_athena(concurrency=2) as athena:
        ids = [athena.start() for _ in range(3)]
        for query_id in ids[:2]:
            athena.eventually(query_id, lambda execution: execution.state == "RUNNING")
        assert athena.executions.get(ids[2]).state == "QUEUED"

        athena.engine.queries[0].released.set()

        athena.eventually(ids[2], lambda execution: execution.state == "RUNNING")
        athena.engine.queries[2].released.set()
        assert athena.ended(ids[2]).state == "SUCCEEDED"


def test_queries_that_run_or_wait_are_counted_and_one_more_than_may_be_is_refused() -> None:
    with running_athena(concurrency=1, active=2) as athena:
        running, waiting = athena.start(), athena.start("SELECT 2", ClientRequestToken="t" * 32)
        with pytest.raises(TooManyQueriesError, match="limit for the number of queries"):
            athena.start("SELECT 3")
        again = athena.start("SELECT 2", ClientRequestToken="t" * 32)
        assert again == waiting  # what is there already takes no place
        athena.engine.queries[0].released.set()
        athena.ended(running)
        athena.start("SELECT 3")
        assert len(athena.engine.queries) == 3


def test_a_queued_query_that_is_stopped_never_reaches_the_engine() -> None:
    with running_athena(concurrency=1) as athena:
        first, second = athena.start(), athena.start()
        athena.executions.stop(second)

        stopped = athena.executions.get(second)
        assert (stopped.state, stopped.reason) == ("CANCELLED", "Query cancelled by user")
        athena.engine.queries[0].released.set()
        assert athena.ended(first).state == "SUCCEEDED"
        assert not athena.engine.queries[1].started.is_set()


def test_a_running_query_that_is_stopped_is_cancelled_in_the_engine_and_leaves_no_file(
    athena: Athena,
) -> None:
    query_id = athena.start()
    assert athena.engine.queries[0].started.wait(10)
    athena.executions.stop(query_id)

    status = athena.ended(query_id).description()["Status"]
    assert (status["State"], status["StateChangeReason"]) == (
        "CANCELLED",
        "Query cancelled by user",
    )
    assert "AthenaError" not in status
    assert athena.objects.stored == {}


def test_stopping_a_query_that_has_ended_changes_nothing(athena: Athena) -> None:
    query_id = athena.start()
    athena.engine.queries[0].released.set()
    athena.ended(query_id)
    athena.executions.stop(query_id)
    assert athena.executions.get(query_id).state == "SUCCEEDED"


@pytest.mark.parametrize(
    ("error", "state", "reason", "category"),
    [
        (
            QueryFailedError("COLUMN_NOT_FOUND", "line 1:8: …"),
            "FAILED",
            "COLUMN_NOT_FOUND: line",
            2,
        ),
        (BytesCutoffError(), "CANCELLED", "Bytes scanned limit was exceeded", None),
        (ZeroDivisionError("surprise"), "FAILED", "GENERIC_INTERNAL_ERROR: surprise", 1),
    ],
)
def test_what_the_engine_raises_becomes_the_querys_end(
    athena: Athena, error: Exception, state: str, reason: str, category: int | None
) -> None:
    athena.engine.error = error
    query_id = athena.start()
    athena.engine.queries[0].released.set()

    status = athena.ended(query_id).description()["Status"]

    assert status["State"] == state
    assert status["StateChangeReason"].startswith(reason)
    assert status.get("AthenaError", {}).get("ErrorCategory") == category
    assert athena.engine.queries[0].closed


def test_a_result_bucket_that_is_gone_fails_the_query(athena: Athena) -> None:
    query_id = athena.start()
    athena.objects.buckets.clear()
    athena.engine.queries[0].released.set()
    assert "the bucket results does not exist" in athena.ended(query_id).reason


def test_the_statement_reaches_the_engine_unchanged_with_database_and_cutoff(
    athena: Athena,
) -> None:
    sql = "SELECT  'ü' -- as written\n"
    athena.executions.start(
        {"QueryString": sql, "QueryExecutionContext": {"Database": "api_usage"}},
        "primary",
        {**SETTINGS, "BytesScannedCutoffPerQuery": 10_000_000},
    )
    (query,) = athena.engine.queries
    assert query.statement == Statement(sql, "api_usage", 10_000_000)


class TestRequestToken:
    TOKEN = "t" * 32

    def test_the_same_token_with_the_same_parameters_is_the_same_query(
        self, athena: Athena
    ) -> None:
        ids = {athena.start(ClientRequestToken=self.TOKEN) for _ in range(3)}
        assert len(ids) == len(athena.engine.queries) == 1

    def test_threads_that_send_one_token_at_once_start_one_query(self, athena: Athena) -> None:
        threads = [
            threading.Thread(target=athena.start, kwargs={"ClientRequestToken": self.TOKEN})
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(athena.engine.queries) == 1

    @pytest.mark.parametrize(
        "other",
        [
            {"sql": "SELECT 2"},
            {"QueryExecutionContext": {"Database": "other"}},
            {"ResultConfiguration": {"OutputLocation": "s3://results/elsewhere/"}},
        ],
        ids=["statement", "database", "output"],
    )
    def test_the_same_token_with_other_parameters_is_refused(
        self, athena: Athena, other: dict[str, Any]
    ) -> None:
        athena.start(ClientRequestToken=self.TOKEN)
        with pytest.raises(InvalidRequestError, match="Idempotent parameters do not match"):
            athena.start(ClientRequestToken=self.TOKEN, **other)

    def test_a_token_holds_after_its_query_has_failed(self, athena: Athena) -> None:
        athena.engine.error = QueryFailedError("SYNTAX_ERROR", "no")
        query_id = athena.start(ClientRequestToken=self.TOKEN)
        athena.engine.queries[0].released.set()
        athena.ended(query_id)
        assert athena.start(ClientRequestToken=self.TOKEN) == query_id

    @pytest.mark.parametrize("length", [31, 129])
    def test_a_token_too_short_or_too_long_is_refused(self, athena: Athena, length: int) -> None:
        with pytest.raises(InvalidRequestError, match="32 to 128"):
            athena.start(ClientRequestToken="t" * length)

    @pytest.mark.parametrize("length", [32, 128])
    def test_the_shortest_and_the_longest_token_are_taken(
        self, athena: Athena, length: int
    ) -> None:
        athena.start(ClientRequestToken="t" * length)
        assert len(athena.engine.queries) == 1


def test_a_statement_over_athenas_size_limit_is_refused(athena: Athena) -> None:
    with pytest.raises(InvalidRequestError, match="262144"):
        athena.start("SELECT '" + "ü" * 131_072 + "'")


def test_execution_parameters_are_refused_and_never_ignored(athena: Athena) -> None:
    with pytest.raises(InvalidRequestError, match="ExecutionParameters"):
        athena.start("SELECT ?", ExecutionParameters=["1"])


def test_closing_cancels_what_runs_and_what_waits() -> None:
    with running_athena(concurrency=1) as athena:
        ids = [athena.start() for _ in range(2)]
        assert athena.engine.queries[0].started.wait(10)
    assert [athena.executions.get(query_id).state for query_id in ids] == ["CANCELLED"] * 2
