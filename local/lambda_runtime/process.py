"""One execution environment from within: what Lambda's Python runtime does around a handler.

A program, started by `local.lambda_runtime` with the file descriptors of two pipes: events come
in by the first and replies go out by the second, one JSON object a line. Standard output stays
the function's own, so that nothing a handler prints can be taken for a reply.
"""

import importlib
import json
import logging
import os
import queue
import resource
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

RESPONSE_LIMIT: Final = 6_291_556
"""Bytes; Lambda's 6 MB and a little more, as its error message says."""

Handler = Callable[[Any, "LambdaContext"], Any]


class LambdaContext:
    """The second argument of a handler. `memory_limit_in_mb` is text, as on Lambda."""

    def __init__(self, invocation: dict[str, Any]) -> None:
        self.aws_request_id: str = invocation["request_id"]
        self.invoked_function_arn: str = invocation["function_arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = SimpleNamespace(cognito_identity_id=None, cognito_identity_pool_id=None)
        self.client_context = None
        self._deadline_ms: int = invocation["deadline_ms"]

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until Lambda stops the function; never below 0."""
        return max(0, self._deadline_ms - time.time_ns() // 1_000_000)

    def log(self, message: object) -> None:
        """Writes to the function's log as it is, without a line end."""
        sys.stdout.write(str(message))


class _RuntimeFaultError(Exception):
    """What the runtime, not the function, has to complain about."""

    def __init__(self, error_type: str, message: str) -> None:
        super().__init__(message)
        self.error_type = error_type


class _RequestIds(logging.Filter):
    """Gives every log record the id of the request it belongs to."""

    current = ""

    def filter(self, record: logging.LogRecord) -> bool:
        record.aws_request_id = self.current
        return True


def main(events_fd: int, replies_fd: int) -> None:
    """Loads the handler, says so, then answers events until the runtime goes away."""
    for fd in (events_fd, replies_fd):
        os.set_inheritable(fd, False)  # noqa: FBT003  the parameter has no name
    events: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read_events, args=(events_fd, events), daemon=True).start()
    request_ids = _set_up_logging()
    started = time.perf_counter()
    try:
        handler = _load_handler(os.environ["_HANDLER"])
    except Exception as error:  # noqa: BLE001  whatever a module raises goes to the caller
        _reply(replies_fd, "error", json.dumps(_report(error)))
        return
    _reply(replies_fd, "init_ms", json.dumps((time.perf_counter() - started) * 1000))
    while True:
        invocation = json.loads(events.get())
        request_ids.current = invocation["request_id"]
        os.environ["_X_AMZN_TRACE_ID"] = invocation["trace_id"]
        _reply(replies_fd, *_run(handler, invocation))


def _read_events(events_fd: int, events: queue.SimpleQueue[bytes]) -> None:
    """Takes events from the pipe; its end means that the runtime is gone, so nobody waits.

    A thread of its own, for the runtime may be killed while a handler is at work.
    """
    unfinished = b""
    while chunk := os.read(events_fd, 2**20):
        *lines, unfinished = (unfinished + chunk).split(b"\n")
        for line in lines:
            events.put(line)
    os._exit(0)


def _run(handler: Handler, invocation: dict[str, Any]) -> tuple[str, str]:
    """The reply's kind and JSON. `SystemExit` passes: on Lambda it ends the process, too."""
    try:
        return "response", _to_json(handler(invocation["event"], LambdaContext(invocation)))
    except Exception as error:  # noqa: BLE001  whatever a handler raises goes to the caller
        return "error", json.dumps(_report(error))


def _to_json(response: Any) -> str:
    try:
        text = json.dumps(response, ensure_ascii=False)
        size = len(text.encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise _RuntimeFaultError(
            "Runtime.MarshalError", f"Unable to marshal response: {error}"
        ) from error
    if size > RESPONSE_LIMIT:
        raise _RuntimeFaultError(
            "Function.ResponseSizeTooLarge",
            "Response payload size exceeded maximum allowed payload size"
            f" ({RESPONSE_LIMIT} bytes).",
        )
    return text


def _load_handler(name: str) -> Handler:
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise _RuntimeFaultError(
            "Runtime.MalformedHandlerName",
            f"Bad handler '{name}': not enough values to unpack (expected 2, got 1)",
        )
    try:
        module = importlib.import_module(module_name)
    except ImportError as error:
        raise _RuntimeFaultError(
            "Runtime.ImportModuleError", f"Unable to import module '{module_name}': {error}"
        ) from error
    except SyntaxError as error:
        raise _RuntimeFaultError(
            "Runtime.UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}"
        ) from error
    try:
        handler: Handler = getattr(module, function_name)
    except AttributeError as error:
        raise _RuntimeFaultError(
            "Runtime.HandlerNotFound",
            f"Handler '{function_name}' missing on module '{module_name}'",
        ) from error
    return handler


def _report(error: Exception) -> dict[str, Any]:
    """The error as the caller gets it; the function's log gets it, too."""
    if isinstance(error, _RuntimeFaultError):
        error_type, stack_trace = error.error_type, []
    else:
        error_type = type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)
        stack_trace = traceback.format_list([f for f in frames if f.filename != __file__])
    headline = f"[ERROR] {error_type}: {error}\nTraceback (most recent call last):\n"
    sys.stdout.write(headline + "".join(stack_trace))
    return {"errorMessage": str(error), "errorType": error_type, "stackTrace": stack_trace}


def _reply(replies_fd: int, kind: str, value: str) -> None:
    """Sends a line. The descriptor is never closed, so that its end is the process's end."""
    sys.stdout.flush()
    sys.stderr.flush()
    reply = f'{{"max_memory_mb": {_max_memory_mb()}, "{kind}": {value}}}\n'
    unsent = memoryview(reply.encode())
    while unsent:
        unsent = unsent[os.write(replies_fd, unsent) :]


def _max_memory_mb() -> int:
    """The most memory this process has used.

    On Linux `ru_maxrss` would do, had it not a memory of its own: it starts from the process that
    started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        high_water_mark = status.read_text(encoding="ascii", errors="replace").split("VmHWM:")[1]
        return int(high_water_mark.split()[0]) // 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 2**20


def _set_up_logging() -> _RequestIds:
    """The root logger as Lambda sets it up: a handler and a format, and no level of its own."""
    log = logging.StreamHandler(sys.stdout)
    line = "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s"
    log.setFormatter(logging.Formatter(line, "%Y-%m-%dT%H:%M:%S"))
    request_ids = _RequestIds()
    log.addFilter(request_ids)
    logging.getLogger().addHandler(log)
    return request_ids


if __name__ == "__main__":
    sys.path.insert(0, os.environ["LAMBDA_TASK_ROOT"])
    main(int(sys.argv[1]), int(sys.argv[2]))
