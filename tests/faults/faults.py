"""What may go wrong between botocore and AWS, one kind a name."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from tests.fakes import FakeClock
from tests.faults.fake_aws import FakeAws, Reply, Request, read_request, s3_error

EVERY_CALL = "every call"
TYPICAL_SECONDS = 0.05
"""What an answer of AWS takes."""


class Fault(StrEnum):
    """How a call goes wrong; but for the first kind, until the fault is mended."""

    THROTTLED_ONCE = "throttled once"
    THROTTLED = "throttled always"
    SERVER_ERROR = "5xx"
    CONNECT_TIMEOUT = "connect time-out"
    READ_TIMEOUT = "read time-out"
    DENIED = "access denied"
    MALFORMED = "malformed"
    CUT_OFF = "cut off"


@dataclass
class Wire:
    """The way to AWS: each attempt at a call goes wrong, or is answered.

    Attributes:
        aws: What answers.
        clock: Moves while something is waited for.
        fault: What goes wrong; None for nothing.
        struck: Name of the call that goes wrong, or `EVERY_CALL`.
        strikes_from: How many attempts, of all calls, are answered first.
        slow: What any other answer takes, in seconds.
        headers: Of answers that say no.
        attempts: Every attempt at a call: its name, and botocore's id of the call.
        ends: When each attempt would have been given up at the latest.
        pauses: botocore's, between attempts, in seconds.
    """

    aws: FakeAws
    clock: FakeClock
    fault: Fault | None = None
    struck: str = EVERY_CALL
    strikes_from: int = 0
    slow: float = TYPICAL_SECONDS
    headers: Mapping[str, str] = field(default_factory=dict)
    attempts: list[tuple[str, str]] = field(default_factory=list)
    ends: list[datetime] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def send(self, session: Any, sent: Any) -> AWSResponse:
        """In the place of botocore's HTTP session."""
        request = read_request(sent)
        connect, read = session._timeout.connect_timeout, session._timeout.read_timeout
        read = sent.context.get("read_timeout", read)
        self.attempts.append((request.name, request.headers["amz-sdk-invocation-id"]))
        waits = connect + read * (2 if sent.stream_output else 1)
        self.ends.append(self.clock.time + timedelta(seconds=waits))
        is_struck = self.struck in (EVERY_CALL, request.name)
        if self.fault is not None and is_struck and len(self.attempts) > self.strikes_from:
            match self.fault:
                case Fault.CONNECT_TIMEOUT:
                    self._pass(connect)
                    raise ConnectTimeoutError(endpoint_url=sent.url)
                case Fault.READ_TIMEOUT:  # the worse kind: it was done, but nobody hears of it
                    self._pass(read)
                    self.aws.answer(request)
                    raise ReadTimeoutError(endpoint_url=sent.url)
            self._pass(TYPICAL_SECONDS)
            return self._failing(self.fault, request).to(sent.url)
        if self.slow > read:
            self._pass(read)
            raise ReadTimeoutError(endpoint_url=sent.url)
        self._pass(self.slow)
        return self.aws.answer(request).to(sent.url)

    def _failing(self, fault: Fault, request: Request) -> Reply:
        if fault in (Fault.MALFORMED, Fault.CUT_OFF):  # it was done, but nobody can read it
            whole = self.aws.answer(request)
            return _page(request) if fault is Fault.MALFORMED else _cut_off(whole)
        if fault is Fault.THROTTLED_ONCE:
            self.fault = None
        return replace(_REFUSALS[fault](request), headers=self.headers)

    def sleep(self, seconds: float) -> None:
        """In the place of botocore's own."""
        self.pauses.append(seconds)
        self._pass(seconds)

    def mend(self) -> None:
        """Nothing goes wrong from now on."""
        self.fault, self.slow = None, TYPICAL_SECONDS
        self.attempts.clear()

    def _pass(self, seconds: float) -> None:
        self.clock.sleep(seconds)


def _throttled(request: Request) -> Reply:
    codes = {"athena": "ThrottlingException", "s3": "SlowDown", "sns": "Throttled"}
    statuses = {"athena": 400, "s3": 503, "sns": 429}
    return _error(request, statuses[request.service], codes[request.service])


def _server_error(request: Request) -> Reply:
    codes = {"athena": "InternalServerException", "s3": "InternalError", "sns": "InternalError"}
    return _error(request, 500, codes[request.service])


def _denied(request: Request) -> Reply:
    codes = {"athena": "AccessDeniedException", "s3": "AccessDenied", "sns": "AuthorizationError"}
    statuses = {"athena": 400, "s3": 403, "sns": 403}
    return _error(request, statuses[request.service], codes[request.service])


def _page(request: Request) -> Reply:
    """A page of something in between, with a status that means success."""
    body = b"" if request.method == "HEAD" else b"<html>an answer of something else"
    return Reply(200, body, has_length=False)


def _cut_off(whole: Reply) -> Reply:
    """The first half of an answer."""
    headers = {"Content-Length": str(len(whole.body)), **whole.headers}
    return replace(whole, body=whole.body[: len(whole.body) // 2], headers=headers)


_REFUSALS = {
    Fault.THROTTLED_ONCE: _throttled,
    Fault.THROTTLED: _throttled,
    Fault.SERVER_ERROR: _server_error,
    Fault.DENIED: _denied,
}


def _error(request: Request, status: int, code: str) -> Reply:
    if request.method == "HEAD":
        return Reply(status)
    if request.service == "athena":
        return Reply(status, json.dumps({"__type": code, "message": "no"}).encode())
    if request.service == "s3":
        return Reply(status, s3_error(code))
    return Reply(status, f"<ErrorResponse>{s3_error(code).decode()}</ErrorResponse>".encode())
