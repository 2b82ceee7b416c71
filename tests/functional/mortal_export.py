"""The export function, in a process that may die: a Lambda handler around the real one.

Each event is answered in a fork of a process that has never called AWS, so that a death costs no
start. It is a program of the tests' own runtime; no test imports it.
"""

import json
import os
import sys
import traceback
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from unittest.mock import patch

from botocore.httpsession import URLLib3Session

from functions.export import app
from shared.clock import SystemClock

DEATH = 86


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Run the handler on `event["event"]`.

    Args:
        event: Beside the event, `dies_after`: how many answers of AWS the process lives to see,
            null for all; and `ahead_seconds`: how far its clock is ahead.
        context: Lambda's.

    Returns:
        `died`; else the handler's `answer`, or the type of the `error` that it raised.
    """
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        _live(event, context, write)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        reply = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.waitstatus_to_exitcode(status) == DEATH:
        return {"died": True}
    return {"died": False, **json.loads(reply)}


def _live(event: dict[str, Any], context: Any, reply: int) -> None:
    """All that the fork does; it never returns."""
    try:
        if event["dies_after"] is not None:
            _die_after(event["dies_after"])
        _set_clock_ahead(event["ahead_seconds"])
        try:
            text = json.dumps({"answer": app.handler(event["event"], context)})
        except Exception as error:  # noqa: BLE001 - whatever it raises is what the tests ask for
            traceback.print_exc()
            text = json.dumps({"error": type(error).__name__})
        with os.fdopen(reply, "wb") as pipe:
            pipe.write(text.encode())
    finally:
        sys.stdout.flush()
        os._exit(0)


def _die_after(answers: int) -> None:
    """End the process as soon as AWS has answered so often; at once for none."""
    send, lock = URLLib3Session.send, Lock()
    seen = 0

    def mortal_send(session: URLLib3Session, request: Any) -> Any:
        nonlocal seen
        if answers == 0:
            os._exit(DEATH)
        answer = send(session, request)
        with lock:
            seen += 1
            if seen == answers:
                os._exit(DEATH)
        return answer

    patch.object(URLLib3Session, "send", mortal_send).start()


def _set_clock_ahead(seconds: float) -> None:
    now = SystemClock.now

    def later(clock: SystemClock) -> datetime:
        return now(clock) + timedelta(seconds=seconds)

    patch.object(SystemClock, "now", later).start()
