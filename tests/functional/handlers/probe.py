"""Handlers that tell what they see, or go wrong in the way the event says."""

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

print("probe is loaded")  # noqa: T201  to see where it goes
calls = 0


def echo(event: Any, context: Any) -> Any:
    return event


def count(event: Any, context: Any) -> dict[str, int]:
    global calls  # noqa: PLW0603  that it lives on is what is tested
    calls += 1
    return {"calls": calls, "pid": os.getpid()}


def look_around(event: Any, context: Any) -> dict[str, Any]:
    return {
        "environ": dict(os.environ),
        "directory": str(Path.cwd()),
        "modules_from": sys.path[0],
        "home": str(Path("~").expanduser()),
        "hour_offset": time.localtime().tm_gmtoff,
    }


def describe_context(event: Any, context: Any) -> dict[str, Any]:
    before = context.get_remaining_time_in_millis()
    time.sleep(0.05)
    return {
        "aws_request_id": context.aws_request_id,
        "function_name": context.function_name,
        "function_version": context.function_version,
        "invoked_function_arn": context.invoked_function_arn,
        "memory_limit_in_mb": context.memory_limit_in_mb,
        "log_group_name": context.log_group_name,
        "log_stream_name": context.log_stream_name,
        "identity": context.identity.cognito_identity_id,
        "client_context": context.client_context,
        "remaining": [before, context.get_remaining_time_in_millis()],
    }


def fail(event: Any, context: Any) -> None:
    raise ValueError(event["message"])


def answer_what_is_no_json(event: Any, context: Any) -> Any:
    return {"cost": Decimal("0.01325")}


def answer_text_of(event: int, context: Any) -> str:
    return "x" * event


def sleep(event: float, context: Any) -> str:
    time.sleep(event)
    return "slept"


def close_output(event: float, context: Any) -> str:
    """Its answer comes later than the end of its output."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    time.sleep(event)
    return "closed"


def spin(event: Any, context: Any) -> None:
    while True:
        pass


def exit_with(event: int, context: Any) -> None:
    sys.exit(event)


def exit_at_once_with(event: int, context: Any) -> None:
    os._exit(event)


def kill_itself(event: Any, context: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def start_another_program(event: str, context: Any) -> None:
    command = f"sleep 1.3; touch {event}"
    subprocess.Popen(["/bin/sh", "-c", command])  # noqa: S603  ours
    time.sleep(60)


def meet(event: dict[str, Any], context: Any) -> int:
    """Waits until as many as are expected are here at the same time."""
    place = Path(event["place"])
    (place / str(os.getpid())).touch()
    while len(list(place.iterdir())) < event["expected"]:
        time.sleep(0.005)
    return os.getpid()


def beat(event: str, context: Any) -> None:
    """Writes the time into a file until it is ended."""
    while True:
        Path(event).write_text(f"{os.getpid()} {time.time()}", encoding="ascii")
        time.sleep(0.02)


def talk(event: Any, context: Any) -> str:
    print('{"max_memory_mb": 1, "response": "a forgery"}')  # noqa: T201  what is tested
    os.write(1, b"straight to descriptor 1\n")
    print("an error", file=sys.stderr)  # noqa: T201  what is tested
    logging.getLogger("probe").warning("a warning")
    logging.getLogger("probe").info("nobody asked for this")
    print("no end of line", end="")  # noqa: T201  what is tested
    return "an answer"


def talk_much(event: int, context: Any) -> str:
    for _ in range(event):
        print("x" * 99)  # noqa: T201  what is tested
    return "said it all"


def talk_for_ever(event: Any, context: Any) -> str:
    def go_on() -> None:
        while True:
            print("still here")  # noqa: T201  what is tested

    threading.Thread(target=go_on, daemon=True).start()
    return "started"


def beat_or_echo(event: str | None, context: Any) -> str | None:
    if event:
        beat(event, context)
    return event
