"""AWS out of memory: answers that were recorded once, so that only our side takes time."""

import io
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from botocore import xform_name
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.endpoint import Endpoint

Clients = dict[str, Any]
"""botocore's name of a service → a client of it."""


class _Body(io.BytesIO):
    """A response's content, as botocore reads it."""

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self.read()


@dataclass
class CannedAws:
    """Takes the place of the network under every client: first records, then answers by itself.

    An answer is found by the method and the operation, or the first folder of an S3 key: what a
    request is told does not depend on ids.

    Attributes:
        is_recording: Whether requests still go out.
        latency: Seconds until an answer by itself.
    """

    is_recording: bool = True
    latency: float = 0.0
    _answers: dict[object, tuple[int, Any, bytes]] = field(default_factory=dict)

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """While it is open, requests come here."""
        sender: Any = Endpoint  # whose `_send` is where every request leaves botocore
        really = sender._send  # noqa: SLF001

        def send(endpoint: Any, request: AWSPreparedRequest) -> AWSResponse:
            kind = _kind(request)
            if self.is_recording:
                given = really(endpoint, request)
                self._answers[kind] = (given.status_code, given.headers, given.content)
            else:
                time.sleep(self.latency)
            status, headers, content = self._answers[kind]
            return AWSResponse(request.url, status, headers, _Body(content))

        sender._send = send  # noqa: SLF001
        try:
            yield
        finally:
            sender._send = really  # noqa: SLF001


@dataclass(frozen=True)
class Call:
    """A call of a client's method, or the signing of its URL."""

    service: str
    method: str
    params: dict[str, Any]
    is_presigned: bool


def calls_of(clients: Clients, act: Callable[[], object]) -> list[Call]:
    """The calls that the clients are asked for while something is done."""
    calls: list[Call] = []

    def note(params: dict[str, Any], model: Any, context: dict[str, Any], **_: object) -> None:
        is_presigned = bool(context.get("is_presign_request"))
        service = model.service_model.service_name
        calls.append(Call(service, xform_name(model.name), dict(params), is_presigned))

    for client in clients.values():
        client.meta.events.register("provide-client-params", note, unique_id="noted")
    try:
        act()
    finally:
        for client in clients.values():
            client.meta.events.unregister("provide-client-params", unique_id="noted")
    return calls


def repeat(clients: Clients, calls: list[Call]) -> None:
    """The bare calls, one after the other, with what comes back read."""
    for call in calls:
        client = clients[call.service]
        if call.is_presigned:
            client.generate_presigned_url(call.method, Params=call.params)
            continue
        answer = getattr(client, call.method)(**call.params)
        if call.method == "get_object":
            answer["Body"].read()


def _kind(request: AWSPreparedRequest) -> object:
    path = urlsplit(request.url).path.split("/")  # /bucket/folder/…
    return request.method, request.headers.get("X-Amz-Target"), tuple(path[2:3])
