"""Gets the issuer's key set over HTTP, within hard bounds of time and size."""

import ssl
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from queue import Empty, SimpleQueue
from threading import Thread
from urllib.parse import urlsplit

from functions.authorizer.signing_keys import KeySetError

TIMEOUT_SECONDS = 2.0
MAX_BYTES = 256 * 1024


def fetch_key_set(url: str, *, timeout: float = TIMEOUT_SECONDS) -> bytes:
    """The document at `url`, in at most `timeout` seconds from the name look-up to the last byte.

    Only an answer of 200 counts; redirects are not followed, proxies not used.

    Raises:
        KeySetError: there is no such answer, or it is too slow or larger than MAX_BYTES.
    """
    # A socket's time-out bounds one read, not the sum of many, and no name look-up at all.
    # Only another thread can be left behind.
    outcome: SimpleQueue[bytes | KeySetError] = SimpleQueue()
    Thread(target=lambda: outcome.put(_attempt(url, timeout)), daemon=True).start()
    try:
        result = outcome.get(timeout=timeout)
    except Empty:
        raise _too_slow(url, timeout) from None
    if isinstance(result, KeySetError):
        raise result
    return result


def _attempt(url: str, timeout: float) -> bytes | KeySetError:
    try:
        return _get(url, timeout)
    except KeySetError as error:
        return error
    except TimeoutError:
        return _too_slow(url, timeout)
    except (OSError, HTTPException, ValueError) as error:
        return KeySetError(f"{url} could not be read: {error!r}")


def _too_slow(url: str, timeout: float) -> KeySetError:
    return KeySetError(f"{url} did not answer within {timeout:g} seconds")


def _get(url: str, timeout: float) -> bytes:
    with closing(_connection(url, timeout)) as connection:
        connection.request("GET", _target(url), headers={"User-Agent": "api-usage-export"})
        with connection.getresponse() as response:
            if response.status != 200:
                raise KeySetError(f"{url} answered {response.status}")
            document = response.read(MAX_BYTES + 1)
    if len(document) > MAX_BYTES:
        raise KeySetError(f"{url} answered more than {MAX_BYTES} bytes")
    return document


def _connection(url: str, timeout: float) -> HTTPConnection:
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        certificates = ssl.create_default_context()
        return HTTPSConnection(host, parts.port, timeout=timeout, context=certificates)
    return HTTPConnection(host, parts.port, timeout=timeout)


def _target(url: str) -> str:
    parts = urlsplit(url)
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
