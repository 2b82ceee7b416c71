"""Fetching the issuer's keys from a server on this machine that misbehaves in every known way."""

import datetime as dt
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from functions.authorizer.app import authorize
from functions.authorizer.key_set_endpoint import MAX_BYTES, TIMEOUT_SECONDS, fetch_key_set
from functions.authorizer.signing_keys import (
    FRESH_SECONDS,
    KeySetError,
    KeysUnavailableError,
    SigningKeys,
)
from tests.authorizer_tokens import ALLOW, DENY, RSA, SETTINGS, claims, event, key, key_set

SHORT = 0.2
"""Seconds, in place of the authorizer's time-out."""

Behaviour = Callable[[socket.socket], None]


class Server:
    """Accepts connections on 127.0.0.1, and lets `behaviour` answer each."""

    def __init__(self, behaviour: Behaviour, certificate: Path | None = None) -> None:
        self.behaviour = behaviour
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if certificate else None
        if self.tls and certificate:
            self.tls.load_cert_chain(certificate)
        self.requests: list[bytes] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        scheme = "https" if certificate else "http"
        self.url = f"{scheme}://127.0.0.1:{self.socket.getsockname()[1]}/keys?client=7"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    def answer(self, connection: socket.socket) -> None:
        with connection, suppress(OSError):  # the client may go at any time
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            with connection:
                self.requests.append(connection.recv(65536))
                self.behaviour(connection)


@contextmanager
def serving(behaviour: Behaviour, certificate: Path | None = None) -> Iterator[Server]:
    server = Server(behaviour, certificate)
    threading.Thread(target=server.serve, daemon=True).start()
    try:
        yield server
    finally:
        server.socket.shutdown(socket.SHUT_RDWR)
        server.socket.close()


def answer(
    body: bytes = b"", status: str = "200 OK", length: int | None = None, headers: str = ""
) -> Behaviour:
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body) if length is None else length}\r\n"
    return send(head.encode() + headers.encode() + b"\r\n" + body)


def send(content: bytes) -> Behaviour:
    return lambda connection: connection.sendall(content)


def hang(connection: socket.socket) -> None:
    connection.recv(1)  # until the client closes


def drip(content: bytes, after: bytes = b"") -> Behaviour:
    """Each byte comes in time, the whole does not."""

    def behaviour(connection: socket.socket) -> None:
        connection.sendall(after)
        for byte in content:
            connection.sendall(bytes([byte]))
            time.sleep(SHORT / 10)

    return behaviour


def hang_after(content: bytes) -> Behaviour:
    def behaviour(connection: socket.socket) -> None:
        connection.sendall(content)
        hang(connection)

    return behaviour


GOOD = key_set(RSA)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n"


def test_the_document_is_what_a_plain_get_of_the_whole_address_gives() -> None:
    with serving(answer(GOOD)) as server:
        assert fetch_key_set(server.url, timeout=TIMEOUT_SECONDS) == GOOD

    (request,) = server.requests
    assert request.startswith(b"GET /keys?client=7 HTTP/1.1\r\n")
    assert b"User-Agent: api-usage-export\r\n" in request
    assert b"authorization" not in request.lower()


def test_an_address_without_a_path_is_the_root() -> None:
    with serving(answer(GOOD)) as server:
        assert fetch_key_set(server.url.removesuffix("/keys?client=7")) == GOOD

    assert server.requests[0].startswith(b"GET / HTTP/1.1\r\n")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_connection_that_is_given_up_does_not_stay_open(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed_certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    closed = threading.Event()

    def hang_until_closed(connection: socket.socket) -> None:
        hang(connection)
        closed.set()

    with serving(hang_until_closed, certificate if scheme == "https" else None) as server:
        with pytest.raises(KeySetError):
            fetch_key_set(server.url, timeout=SHORT)
        assert closed.wait(timeout=5)


def test_what_is_still_under_way_when_time_is_up_keeps_no_process_alive() -> None:
    before = set(threading.enumerate())

    with serving(drip(GOOD, after=HEAD + b"\r\n")) as server:
        with pytest.raises(KeySetError):
            fetch_key_set(server.url, timeout=SHORT)
        left_behind = set(threading.enumerate()) - before

        assert any(thread.is_alive() for thread in left_behind)
        assert all(thread.daemon for thread in left_behind)


FAULTS: list[tuple[str, Behaviour, str]] = [
    ("hangs before it answers", hang, "within 0.2 seconds"),
    ("hangs in its headers", hang_after(HEAD), "within 0.2 seconds"),
    ("hangs in its body", hang_after(HEAD + b"\r\n" + GOOD[:50]), "within 0.2 seconds"),
    ("drips its headers", drip(HEAD), "within 0.2 seconds"),
    ("drips its body", drip(GOOD[:40], after=HEAD + b"\r\n"), "within 0.2 seconds"),
    ("closes at once", send(b""), "could not be read"),
    ("speaks no HTTP", send(b"220 smtp.example ESMTP\r\n"), "could not be read"),
    ("sends endless headers", send(HEAD + b"X: y\r\n" * 1000 + b"\r\n"), "could not be read"),
    (
        "breaks off between chunks",
        send(HEAD[:17] + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"),
        "could not be read",
    ),
    ("answers 503", answer(GOOD, "503 Service Unavailable"), "answered 503"),
    ("answers 404", answer(GOOD, "404 Not Found"), "answered 404"),
    ("answers 204", answer(b"", "204 No Content"), "answered 204"),
    ("answers 1 MB", answer(GOOD + b" " * 1_000_000), "more than 262144 bytes"),
    (
        "answers 1 MB without a length",
        send(b"HTTP/1.0 200 OK\r\n\r\n" + GOOD + b" " * 1_000_000),
        "more than 262144 bytes",
    ),
    ("answers one byte too many", answer(GOOD.ljust(MAX_BYTES + 1)), "more than 262144 bytes"),
]


@pytest.mark.parametrize(
    ("behaviour", "cause"),
    [pytest.param(behaviour, cause, id=name) for name, behaviour, cause in FAULTS],
)
def test_a_server_that_fails_is_given_up_in_time_and_nobody_is_denied_for_it(
    behaviour: Behaviour, cause: str
) -> None:
    with serving(behaviour) as server:
        keys = SigningKeys(partial(fetch_key_set, server.url, timeout=SHORT), time.time)
        started = time.monotonic()

        with pytest.raises(KeysUnavailableError, match=f"{re.escape(server.url)}.*{cause}"):
            authorize(event(f"Bearer {RSA.sign(claims())}"), SETTINGS, keys)

        assert time.monotonic() - started < SHORT + 1  # a busy machine's grace


@pytest.mark.parametrize(
    "status", ["301 Moved", "302 Found", "303 See Other", "307 Moved", "308 Moved"]
)
def test_a_redirect_is_not_followed(status: str) -> None:
    with serving(answer(GOOD)) as elsewhere:
        redirect = answer(b"", status, headers=f"Location: {elsewhere.url}\r\n")
        with serving(redirect) as server, pytest.raises(KeySetError, match=status[:3]):
            fetch_key_set(server.url, timeout=TIMEOUT_SECONDS)

    assert elsewhere.requests == []


def test_a_document_cut_off_by_the_server_is_no_key_set() -> None:
    with serving(answer(GOOD[:-20], length=len(GOOD))) as server:
        keys = SigningKeys(partial(fetch_key_set, server.url), time.time)

        with pytest.raises(KeysUnavailableError, match="not JSON"):
            keys.matching("rsa", "RS256")


def test_the_largest_document_is_read_whole() -> None:
    with serving(answer(GOOD.ljust(MAX_BYTES))) as server:
        assert len(fetch_key_set(server.url)) == MAX_BYTES


def test_a_server_that_is_not_there_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/keys"

    with pytest.raises(KeySetError, match="could not be read"):
        fetch_key_set(url)


def test_a_host_that_has_no_address_is_a_failure() -> None:
    with pytest.raises(KeySetError):
        fetch_key_set("https://no-such-host.invalid/keys", timeout=SHORT)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(key_set())) as proxy, serving(answer(GOOD)) as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)

        assert fetch_key_set(server.url) == GOOD
        assert proxy.requests == []


def test_only_a_certificate_of_a_known_authority_for_this_host_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = self_signed_certificate(tmp_path)

    with serving(answer(GOOD), certificate) as server:
        with pytest.raises(KeySetError, match="CERTIFICATE_VERIFY_FAILED"):
            fetch_key_set(server.url)

        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert fetch_key_set(server.url) == GOOD
        with pytest.raises(KeySetError, match="CERTIFICATE_VERIFY_FAILED"):
            fetch_key_set(server.url.replace("127.0.0.1", "localhost"))


def self_signed_certificate(directory: Path) -> Path:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    this_address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    for_this_address = x509.SubjectAlternativeName([this_address])
    today = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(RSA.private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .add_extension(for_this_address, critical=False)
        .sign(RSA.private_key, hashes.SHA256())
    )
    path = directory / "certificate.pem"
    private_key = RSA.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private_key + certificate.public_bytes(Encoding.PEM))
    return path


def test_a_rotation_is_followed_and_an_outage_is_ridden_out() -> None:
    next_key = key("next")
    now = 1_700_000_000.0

    with serving(answer(key_set(RSA))) as server:
        keys = SigningKeys(partial(fetch_key_set, server.url), clock=lambda: now)

        def answers() -> list[object]:
            tokens = (RSA.sign(claims()), next_key.sign(claims()))
            return [authorize(event(f"Bearer {token}"), SETTINGS, keys) for token in tokens]

        assert answers() == [ALLOW, DENY]

        server.behaviour = answer(key_set(RSA, next_key))
        now += FRESH_SECONDS
        assert answers() == [ALLOW, ALLOW]

        server.behaviour = answer(b"", "503 Service Unavailable")
        now += FRESH_SECONDS
        assert answers() == [ALLOW, ALLOW]

        server.behaviour = answer(key_set(next_key))
        now += FRESH_SECONDS
        assert answers() == [DENY, ALLOW]
