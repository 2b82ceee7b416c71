"""Lambda's queue of events that nobody waits for: `InvocationType` `Event`."""

import json
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Event, Thread
from typing import Any, Final

from local.aws.local_aws import ACCOUNT_ID, REGION
from local.lambda_api.function_reference import LATEST
from local.lambda_runtime import Invocation, TooManyRequestsError

RETRY_SECONDS: Final = (60, 120)
"""How long Lambda waits after a first and a second failure."""
_LONGEST_THROTTLE_SECONDS: Final = 300

Run = Callable[[str, Any, str], Invocation]
"""Runs a function on an event, under a request id. Raises `TooManyRequestsError`."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class QueueSettings:
    """How often and how long an event is tried, and where it goes that failed every time."""

    retries: int = 2
    max_age: float = 21_600
    """Seconds."""
    on_failure: str | None = None
    """ARN."""

    @classmethod
    def of_function(cls, properties: Mapping[str, Any]) -> "QueueSettings":
        """Those of a function's properties in a template, with Lambda's own defaults."""
        config = properties.get("EventInvokeConfig", {})
        return cls(
            retries=config.get("MaximumRetryAttempts", cls.retries),
            max_age=config.get("MaximumEventAgeInSeconds", cls.max_age),
            on_failure=config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination"),
        )


class EventQueue:
    """Runs events in the background, each until it succeeds, has failed too often or is too old.

    As in Lambda, all attempts at one event have one request id; an attempt that found no process
    to spare does not count. Events that are still waiting when the queue is closed are forgotten.
    """

    def __init__(
        self,
        run: Run,
        send: Callable[[str, str], None],
        settings: Mapping[str, QueueSettings],
        *,
        retry_seconds: Sequence[float] = RETRY_SECONDS,
    ) -> None:
        """`send` takes an ARN and a message; `settings` are by function."""
        self._run = run
        self._send = send
        self._settings = settings
        self._retry_seconds = retry_seconds
        self._closed = Event()

    def add(self, function: str, event: Any, request_id: str) -> None:
        """Starts the first attempt and returns."""
        Thread(target=self._try, args=(function, event, request_id), daemon=True).start()

    def close(self) -> None:
        """Starts no attempt any more. Those under way end with their processes."""
        self._closed.set()

    def _try(self, function: str, event: Any, request_id: str) -> None:
        settings = self._settings.get(function, QueueSettings())
        give_up_at = time.monotonic() + settings.max_age
        attempts, throttled, last, condition = 0, 0, None, "EventAgeExceeded"
        while not self._closed.is_set():
            try:
                last = self._run(function, event, request_id)
            except TooManyRequestsError:
                wait = float(min(2**throttled, _LONGEST_THROTTLE_SECONDS))
                throttled += 1
            else:
                attempts, throttled = attempts + 1, 0
                if last.error is None:
                    return
                if attempts > settings.retries:
                    condition = "RetriesExhausted"
                    break
                wait = self._retry_seconds[min(attempts, len(self._retry_seconds)) - 1]
            if time.monotonic() + wait > give_up_at:
                break
            self._closed.wait(wait)
        if settings.on_failure and not self._closed.is_set():
            record = _record(function, event, request_id, condition, attempts, last)
            try:
                self._send(settings.on_failure, json.dumps(record, ensure_ascii=False))
            except Exception:  # noqa: BLE001  nobody is left to be told, and it must not end silently
                _log.exception("%s: a failed event did not reach %s", function, settings.on_failure)


def _record(
    function: str,
    event: Any,
    request_id: str,
    condition: str,
    attempts: int,
    last: Invocation | None,
) -> dict[str, Any]:
    """What Lambda sends to an on-failure destination."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    record = {
        "version": "1.0",
        "timestamp": now.replace("+00:00", "Z"),
        "requestContext": {
            "requestId": request_id,
            "functionArn": f"arn:aws:lambda:{REGION}:{ACCOUNT_ID}:function:{function}:{LATEST}",
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": event,
    }
    if last is not None:
        record["responseContext"] = {
            "statusCode": 200,
            "executedVersion": LATEST,
            "functionError": "Unhandled",
        }
        record["responsePayload"] = last.payload
    return record
