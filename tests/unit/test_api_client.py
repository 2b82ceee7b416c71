"""The client of the API, against whatever may answer at an address."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest

from local.api_client import AnswerTooLargeError, ApiClient

LARGEST = 10 * 2**20


class Endless(BaseHTTPRequestHandler):
    """Answers with as many bytes as the path says, or with no end."""

    def do_GET(self) -> None:
        size = self.path.strip("/")
        self.send_response(200)
        if size:
            self.send_header("Content-Length", size)
        self.end_headers()
        left = int(size) if size else -1
        try:
            while left:
                block = b"x" * min(left, 1 << 16) if left > 0 else b"x" * (1 << 16)
                self.wfile.write(block)
                left -= len(block) if left > 0 else 0
        except ConnectionError:  # the client has seen enough
            pass

    def log_message(self, *_: object) -> None:
        """Not to the terminal."""


@pytest.fixture
def url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Endless) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_largest_answer_that_api_gateway_gives_is_read_whole(url: str) -> None:
    assert ApiClient(url, None).call("GET", f"/{LARGEST}").text == "x" * LARGEST


@pytest.mark.parametrize("path", [f"/{LARGEST + 1}", "/"], ids=["a byte more", "without end"])
def test_a_larger_answer_is_not_read(url: str, path: str) -> None:
    with pytest.raises(AnswerTooLargeError, match="over 10,485,760 bytes"):
        ApiClient(url, None).call("GET", path)
