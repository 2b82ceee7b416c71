"""One execution environment from without: a process that answers one event at a time."""

import json
import math
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, Final

from local.lambda_runtime.errors import LambdaError, LambdaTimeoutError
from local.lambda_runtime.log import FunctionLog, LogStream
from local.lambda_runtime.variables import VERSION, lambda_variables, trace_id
from local.template import LambdaFunction

ACCOUNT_ID: Final = "123456789012"
INIT_SECONDS: Final = 10
"""What Lambda lets a handler's module take to load before it starts on the function's time."""

_PROCESS: Final = Path(__file__).with_name("process.py")


class ExecutionEnvironment:
    """A process of a function, from its start to its end.

    Between two events nobody reads its output, so a function that goes on after its answer comes
    to a halt sooner or later, much as Lambda freezes it.
    """

    def __init__(
        self,
        function: LambdaFunction,
        environment: Mapping[str, str],
        task_root: Path,
        log: FunctionLog,
    ) -> None:
        self._function = function
        self._region = environment["AWS_REGION"]
        self._initialised = False
        self._max_memory_mb = 0
        self._ending = Lock()
        self._process, self._events, self._replies, self._output = _start(
            lambda_variables(function, environment, task_root), task_root
        )
        self._log = LogStream(self._output, log)

    @property
    def alive(self) -> bool:
        """Whether the process can take an event. It says nothing unasked: if it does, it ended."""
        if self._process.returncode is not None:
            return False
        return not (self._initialised and _readable(self._replies))

    @property
    def log_tail(self) -> bytes:
        """The last 4 KB that the log got from the latest invocation, whose report is the end."""
        return self._log.tail

    def invoke(self, event: str, request_id: str) -> Any:
        """The handler's answer to an event in JSON. Raises `LambdaError`; see `alive` then."""
        started, notes = time.monotonic(), ""
        self._log.begin(f"START RequestId: {request_id} Version: {VERSION}")
        try:
            if not self._initialised:
                notes = f"Init Duration: {self._initialise(request_id):.2f} ms\t"
            started = time.monotonic()
            self._send(request_id, event)
            return self._receive(request_id, self._function.timeout)["response"]
        except LambdaError as error:
            notes += "Status: timeout" if isinstance(error, LambdaTimeoutError) else "Status: error"
            raise
        except BaseException:
            self.end()  # it still owes a reply, which the next caller would take for its own
            raise
        finally:
            self._report(request_id, (time.monotonic() - started) * 1000, notes)

    def end(self) -> None:
        """Ends the process and whatever it started. Safe from any thread, and a second time."""
        with self._ending:
            if self._process.returncode is None:
                # The group before the process: once that is waited for, its id may be another's.
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def close(self) -> None:
        """Ends the process and gives its pipes back. Not while a thread is in `invoke`."""
        self.end()
        for pipe in (self._events, self._replies, self._output):
            os.close(pipe)

    def _initialise(self, request_id: str) -> float:
        """Waits until the handler's module is loaded; milliseconds it took.

        Lambda stops a slow start after ten seconds and tries again on the function's own time.
        """
        try:
            reply = self._receive(request_id, INIT_SECONDS + self._function.timeout)
        except LambdaError:
            self.end()
            raise
        self._initialised = True
        return float(reply["init_ms"])

    def _send(self, request_id: str, event: str) -> None:
        name = self._function.logical_id
        invocation = {
            "request_id": request_id,
            "function_arn": f"arn:aws:lambda:{self._region}:{ACCOUNT_ID}:function:{name}",
            "trace_id": trace_id(),
            "deadline_ms": int((time.time() + self._function.timeout) * 1000),
        }
        unsent = memoryview(f'{{"event": {event}, {json.dumps(invocation)[1:]}\n'.encode())
        with suppress(BrokenPipeError):  # the process has ended: so have its replies
            while unsent:
                unsent = unsent[os.write(self._events, unsent) :]

    def _receive(self, request_id: str, seconds: float) -> dict[str, Any]:
        """The process's next line, taking its output meanwhile. Raises `LambdaError`."""
        deadline = time.monotonic() + seconds
        line = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(self._replies, selectors.EVENT_READ)
            selector.register(self._output, selectors.EVENT_READ)
            while not line.endswith(b"\n"):
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise self._timed_out(request_id, seconds)
                for key, _ in selector.select(remaining):
                    if key.fd == self._output:
                        if not self._log.take():
                            selector.unregister(self._output)
                    elif chunk := os.read(self._replies, 2**20):
                        line += chunk
                    else:
                        raise self._exited(request_id)
        reply: dict[str, Any] = json.loads(line)
        self._max_memory_mb = reply["max_memory_mb"]
        if error := reply.get("error"):
            raise LambdaError(error["errorType"], error["errorMessage"], error["stackTrace"])
        return reply

    def _timed_out(self, request_id: str, seconds: float) -> LambdaTimeoutError:
        self.end()
        message = f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds"
        self._log.write(message)
        return LambdaTimeoutError("Sandbox.Timedout", message)

    def _exited(self, request_id: str) -> LambdaError:
        self.end()
        status = self._process.returncode
        if status > 0:
            reason = f"Runtime exited with error: exit status {status}"
        elif status < 0:
            name = signal.strsignal(-status) or str(-status)
            reason = f"Runtime exited with error: signal: {name.lower()}"
        else:
            reason = "Runtime exited without providing a reason"
        message = f"RequestId: {request_id} Error: {reason}"
        self._log.write(message)
        return LambdaError("Runtime.ExitError", message)

    def _report(self, request_id: str, duration_ms: float, notes: str) -> None:
        self._log.write(
            f"END RequestId: {request_id}\n"
            f"REPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms"
            f"\tBilled Duration: {math.ceil(duration_ms)} ms"
            f"\tMemory Size: {self._function.memory} MB"
            f"\tMax Memory Used: {self._max_memory_mb} MB\t{notes}"
        )


def _start(
    variables: Mapping[str, str], task_root: Path
) -> tuple[subprocess.Popen[bytes], int, int, int]:
    """The process, and our ends of its pipes: events to it, replies and output from it."""
    (events, send), (receive, replies), (read, output) = os.pipe(), os.pipe(), os.pipe()
    options = ["-P", "-u", "-X", "utf8"]  # sys.path of its own; output unbuffered, as on Lambda
    try:
        process = subprocess.Popen(
            [sys.executable, *options, str(_PROCESS), str(events), str(replies)],
            cwd=task_root,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=(events, replies),
            # Away from the terminal: Ctrl-C is for whoever runs the stack, not for a handler.
            start_new_session=True,
        )
    except BaseException:
        for pipe in (send, receive, read):
            os.close(pipe)
        raise
    finally:
        for pipe in (events, replies, output):
            os.close(pipe)
    return process, send, receive, read


def _readable(pipe: int) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        return bool(selector.select(0))
