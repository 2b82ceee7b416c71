"""How Trino's pages become a query of the local Athena, told by a server that only plays Trino."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from local.athena.engine import (
    BytesCutoffError,
    Column,
    ErrorKind,
    QueryCancelledError,
    QueryFailedError,
    Scanned,
    Statement,
)
from local.trino.client import TrinoClient
from local.trino.engine import TrinoQuery

COLUMNS = [
    {"name": "n", "type": "bigint", "typeSignature": {"rawType": "bigint", "arguments": []}},
    {
        "name": "cost",
        "type": "decimal(38, 6)",
        "typeSignature": {"rawType": "decimal", "arguments": [{"value": 38}, {"value": 6}]},
    },
]


class Stage:
    """What Trino plays: the answers to give, page by page, and what was asked of it."""

    def __init__(self) -> None:
        self.pages: list[dict[str, Any]] = []
        self.statuses: list[int] = []
        self.asked: list[tuple[str, str, str]] = []
        self.headers: dict[str, str] = {}
        self.on_page = threading.Event()
        self.url = ""

    def answer(self, number: int) -> dict[str, Any]:
        stats = {"physicalInputBytes": 100 * (number + 1), "processedRows": number}
        following = {"nextUri": f"{self.url}/page/{number + 1}"}
        return {
            "id": "query-1",
            "stats": stats,
            **(following if number + 1 < len(self.pages) else {}),
            **self.pages[number],
        }


@pytest.fixture
def stage() -> Iterator[Stage]:
    stage = Stage()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            stage.asked.append(("POST", self.path, body))
            stage.headers = dict(self.headers)
            self._answer(0)

        def do_GET(self) -> None:
            stage.asked.append(("GET", self.path, ""))
            self._answer(int(self.path.rpartition("/")[2]))

        def do_DELETE(self) -> None:
            stage.asked.append(("DELETE", self.path, ""))
            self.send_response(204)
            self.end_headers()

        def _answer(self, number: int) -> None:
            status = stage.statuses.pop(0) if stage.statuses else 200
            content = json.dumps(stage.answer(number)).encode() if status == 200 else b"busy"
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            stage.on_page.set()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        stage.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield stage
        server.shutdown()
        thread.join()


@pytest.fixture
def client(stage: Stage) -> Iterator[TrinoClient]:
    client = TrinoClient(stage.url)
    yield client
    client.close()


def query(client: TrinoClient, cutoff: int | None = None) -> TrinoQuery:
    return TrinoQuery(Statement("SELECT  'ü' -- as written\n", "api_usage", cutoff), client)


def test_the_statement_goes_in_as_it_is_and_rows_come_out_page_by_page(
    stage: Stage, client: TrinoClient
) -> None:
    stage.pages = [
        {},
        {"columns": COLUMNS, "data": [[1, "0.000001"], [None, None]]},
        {"columns": COLUMNS},
        {"columns": COLUMNS, "data": [[3, "-1.500000"]]},
    ]
    running = query(client)
    result = running.run()
    assert result.columns == [Column("n", "bigint", 19), Column("cost", "decimal", 38, 6)]
    assert [batch.to_pylist() for batch in result.batches] == [
        [{"n": 1, "cost": "0.000001"}, {"n": None, "cost": None}],
        [{"n": 3, "cost": "-1.500000"}],
    ]
    assert running.scanned == Scanned(bytes=400, rows=3)
    assert stage.asked[0] == ("POST", "/v1/statement", "SELECT  'ü' -- as written\n")
    assert stage.headers["X-Trino-Catalog"] == "awsdatacatalog"
    assert stage.headers["X-Trino-Schema"] == "api_usage"
    running.close()
    assert not any(method == "DELETE" for method, _, _ in stage.asked)  # it had ended


@pytest.mark.parametrize(
    ("error", "reason", "kind"),
    [
        (("COLUMN_NOT_FOUND", "line 1:8: Column 'x'", "USER_ERROR"), None, ErrorKind.SYNTAX),
        (("DIVISION_BY_ZERO", "Division by zero", "USER_ERROR"), None, ErrorKind.USER),
        (("HIVE_BAD_DATA", "Not valid Parquet file", "EXTERNAL"), None, ErrorKind.DATA),
        (("EXCEEDED_MEMORY_LIMIT", "out", "INSUFFICIENT_RESOURCES"), None, ErrorKind.EXHAUSTED),
        (("GENERIC_INTERNAL_ERROR", None, "INTERNAL_ERROR"), "no message", ErrorKind.INTERNAL),
    ],
)
def test_an_error_becomes_athenas_reason_and_category(
    stage: Stage,
    client: TrinoClient,
    error: tuple[str, str | None, str],
    reason: str | None,
    kind: ErrorKind,
) -> None:
    name, message, error_type = error
    failure = {"errorName": name, "errorType": error_type, "message": message}
    stage.pages = [{}, {"error": failure}]
    with pytest.raises(QueryFailedError) as raised:
        query(client).run()
    assert str(raised.value) == f"{name}: {reason or message}"
    assert raised.value.kind is kind


def test_reading_more_than_the_cutoff_ends_it(stage: Stage, client: TrinoClient) -> None:
    stage.pages = [{"columns": COLUMNS, "data": [[1, "1"]]}] * 4
    running = query(client, cutoff=250)
    batches = running.run().batches
    next(batches)
    next(batches)
    with pytest.raises(BytesCutoffError):
        next(batches)
    running.close()
    assert stage.asked[-1] == ("DELETE", "/page/3", "")


def test_cancelled_by_another_thread_it_is_ended_in_trino(
    stage: Stage, client: TrinoClient
) -> None:
    stage.pages = [{"columns": COLUMNS, "data": [[1, "1"]]}] * 3
    running = query(client)
    batches = running.run().batches
    next(batches)
    other = threading.Thread(target=running.cancel)
    other.start()
    other.join()
    with pytest.raises(QueryCancelledError):
        next(batches)
    assert ("DELETE", "/page/1", "") in stage.asked


def test_a_server_that_is_busy_is_asked_again(stage: Stage, client: TrinoClient) -> None:
    stage.pages = [{}, {"columns": COLUMNS, "data": [[1, "1"]]}]
    stage.statuses = [503, 200, 502, 200]
    assert [batch.num_rows for batch in query(client).run().batches] == [1]


def test_a_server_that_is_gone_is_an_internal_error(client: TrinoClient, stage: Stage) -> None:
    stage.pages = [{}]
    stage.statuses = [404]
    with pytest.raises(QueryFailedError, match="GENERIC_INTERNAL_ERROR: Trino answered 404") as e:
        query(client).run()
    assert e.value.kind is ErrorKind.INTERNAL


def test_nobody_there_to_run_it_yet_is_waited_for(stage: Stage, client: TrinoClient) -> None:
    failure = {"errorName": "NO_NODES_AVAILABLE", "errorType": "INTERNAL_ERROR", "message": "no"}
    stage.pages = [{"columns": COLUMNS}, {"error": failure}]
    batches = query(client).run().batches
    threading.Timer(
        0.2, lambda: stage.pages.__setitem__(1, {"columns": COLUMNS, "data": [[1, "1"]]})
    ).start()
    assert [batch.num_rows for batch in batches] == [1]
    assert [method for method, _, _ in stage.asked].count("POST") == 2
