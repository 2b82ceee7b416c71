"""Lambda's queue of events: how often and how long one is tried, and what is reported of it."""

import json
from contextlib import closing
from threading import Thread
from typing import Any

import pytest

from local.lambda_api import EventQueue, QueueSettings
from local.lambda_runtime import Invocation, LambdaError, TooManyRequestsError
from tests.functional.lambda_probe import NAME, eventually

QUEUE = "arn:aws:sqs:eu-central-1:123456789012:failed"


class Runs:
    """Stands for a runtime: what each attempt comes to, the last of them again and again."""

    def __init__(self, *outcomes: str) -> None:
        self.outcomes = list(outcomes)
        self.attempts = 0

    def __call__(self, function: str, event: Any, request_id: str) -> Invocation:
        outcome = self.outcomes[min(self.attempts, len(self.outcomes) - 1)]
        self.attempts += 1
        if outcome == "throttled":
            raise TooManyRequestsError("Rate Exceeded.")
        error = LambdaError("ValueError", "no", []) if outcome == "failed" else None
        return Invocation(request_id, None, error, b"")


def reports(runs: Runs, settings: QueueSettings, *retry_seconds: float) -> list[dict[str, Any]]:
    """What is sent to the failed events' queue until an event is done with."""
    sent: list[dict[str, Any]] = []
    queue = EventQueue(
        runs,
        lambda _, message: sent.append(json.loads(message)),
        {NAME: settings},
        retry_seconds=retry_seconds,
    )
    with closing(queue):
        queue._try(NAME, {}, "an-id")
    return [record["requestContext"] for record in sent]


def test_a_retry_may_succeed() -> None:
    runs = Runs("failed", "failed", "done")
    assert reports(runs, QueueSettings(on_failure=QUEUE), 0) == []
    assert runs.attempts == 3


def test_the_template_says_how_often_an_event_is_tried() -> None:
    runs = Runs("failed")
    (report,) = reports(runs, QueueSettings(retries=0, on_failure=QUEUE), 99)
    assert report["approximateInvokeCount"] == runs.attempts == 1


def test_an_attempt_without_a_process_to_spare_does_not_count() -> None:
    runs = Runs("throttled", "failed")
    (report,) = reports(runs, QueueSettings(retries=1, on_failure=QUEUE), 0)
    assert report["approximateInvokeCount"] == 2
    assert report["condition"] == "RetriesExhausted"
    assert runs.attempts == 3


@pytest.mark.parametrize(("outcome", "count"), [("failed", 1), ("throttled", 0)])
def test_an_event_that_would_be_too_old_is_not_tried_again(outcome: str, count: int) -> None:
    runs = Runs(outcome)
    (report,) = reports(runs, QueueSettings(max_age=0.5, on_failure=QUEUE), 60)
    assert report["condition"] == "EventAgeExceeded"
    assert report["approximateInvokeCount"] == count
    assert runs.attempts == 1


def test_a_closed_queue_forgets_what_waits() -> None:
    runs, sent = Runs("failed"), list[str]()
    queue = EventQueue(
        runs,
        lambda _, message: sent.append(message),
        {NAME: QueueSettings(on_failure=QUEUE)},
        retry_seconds=[600],
    )
    trying = Thread(target=queue._try, args=(NAME, {}, "an-id"), daemon=True)
    trying.start()
    assert eventually(lambda: runs.attempts, 30)
    queue.close()
    trying.join(30)
    assert not trying.is_alive()
    assert runs.attempts == 1
    assert sent == []
