"""What is too large, too slow or no HTTP at all, and what is not too much."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from local.gateway import Gateway
from tests.functional.lambda_probe import NAME, running
from tests.functional.served_api import TOKEN, Reply, ServedApi


def pieces(size: int) -> Iterator[bytes]:
    for start in range(0, size, 2**20):
        yield b"x" * min(2**20, size - start)


@pytest.mark.parametrize("chunked", [False, True])
def test_ten_megabytes_pass_and_more_is_a_413(chunked: bool) -> None:
    limit = 10 * 1024 * 1024
    headers = TOKEN | {"Content-Type": "text/plain"}
    with ServedApi() as api:

        def send(size: int) -> Reply:
            body = pieces(size) if chunked else b"x" * size
            return api.request("/exports", "POST", headers=headers, body=body)

        assert send(limit).status == 200
        assert len(api.event["body"]) == limit
        reply = send(limit + 1)
    assert (reply.status, reply.body) == (413, b'{"message":"Request Entity Too Large"}')
    assert len(api.authorizer_events) == 1


def test_request_line_and_headers_over_10240_bytes_are_a_431() -> None:
    with ServedApi() as api:
        host = "{}:{}".format(*api.address)
        rest = len("GET /exports HTTP/1.1") + len(host) + len("identity") + len("Bearer a.b.c")
        fitting = TOKEN | {"X-Padding": "x" * (10_240 - rest)}
        assert api.request("/exports", headers=fitting).status == 200
        reply = api.request("/exports?", headers=fitting)
    assert (reply.status, reply.body) == (431, b'{"message":"Request Header Fields Too Large"}')


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"POST /exports HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /exports HTTP/1.1\r\nContent-Length: 10\r\n\r\nshort",
        b"GET http://[ HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_http_is_a_400(request_bytes: bytes, capfd: pytest.CaptureFixture[str]) -> None:
    with ServedApi() as api, socket.create_connection(api.address, 20) as connection:
        connection.sendall(request_bytes)
        connection.shutdown(socket.SHUT_WR)
        reply = connection.makefile("rb").read()
    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert body == b'{"message":"Bad Request"}'
    assert "Traceback" not in capfd.readouterr().err


def test_requests_are_answered_side_by_side() -> None:
    meeting = threading.Barrier(3)

    def meet(event: dict[str, Any]) -> str:
        meeting.wait(5)
        return "met"

    with ServedApi(meet) as api, ThreadPoolExecutor() as clients:
        replies = clients.map(lambda _: api.request("/exports"), range(3))
        assert [reply.body for reply in replies] == [b"met"] * 3


def test_a_port_that_is_taken_is_an_os_error() -> None:
    with ServedApi() as api, pytest.raises(OSError, match="in use"):
        Gateway(api.definition, lambda name, event: None, api.address[1])


def test_real_processes_answer_through_the_gateway(tmp_path: Path) -> None:
    with (
        running("probe.count", tmp_path) as runtime,
        ServedApi(lambda event: runtime.invoke(NAME, event)) as api,
    ):
        assert [api.request("/exports").json["calls"] for _ in range(2)] == [1, 2]


def test_a_function_that_takes_too_long_is_a_503_and_goes_on_by_itself() -> None:
    finished = threading.Event()

    def linger(event: dict[str, Any]) -> None:
        time.sleep(0.4)
        finished.set()

    with ServedApi(linger, integration_timeout=0.1) as api:
        started = time.monotonic()
        reply = api.request("/exports")
        assert time.monotonic() - started < 0.4
        assert (reply.status, reply.body) == (503, b'{"message":"Service Unavailable"}')
        assert finished.wait(5)
