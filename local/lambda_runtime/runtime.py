"""Lambda as its callers see it: a name and an event in, an answer or an error out."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Final, Self
from uuid import uuid4

from local.lambda_runtime.environment import ExecutionEnvironment
from local.lambda_runtime.errors import LambdaError, RequestTooLargeError, TooManyRequestsError
from local.lambda_runtime.log import FunctionLog
from local.template import LambdaFunction

REQUEST_LIMIT: Final = 6 * 2**20
"""Bytes of an event."""

MAX_CONCURRENCY: Final = 8
"""Processes of each function, as many as a laptop bears."""

TASK_ROOT: Final = Path(__file__).parents[2]


@dataclass(frozen=True)
class Invocation:
    """What became of one event."""

    request_id: str
    response: Any
    """The function's answer; None where there is an error."""
    error: LambdaError | None
    log_tail: bytes
    """The last 4 KB of its log, from its START line on."""

    @property
    def payload(self) -> Any:
        """The answer, or the error as Lambda puts it into one."""
        if self.error is None:
            return self.response
        if self.error.stack_trace is None:
            return self.error.payload
        return self.error.payload | {"requestId": self.request_id}


class LambdaRuntime:
    """Runs functions, each event in a process that does nothing else meanwhile.

    Processes are started when they are needed, kept for the next event, and ended by `close`,
    which a `with` block does. They also end when this process is killed.

    >>> with LambdaRuntime(template.functions(), aws.environment, logs) as runtime:
    ...     runtime.invoke("ExportFunction", {"workspace_id": "ws-acme"})
    """

    def __init__(
        self,
        functions: Mapping[str, LambdaFunction],
        environment: Mapping[str, str],
        log_directory: Path,
        *,
        max_concurrency: int = MAX_CONCURRENCY,
        task_root: Path = TASK_ROOT,
    ) -> None:
        """`environment` is added to each function's variables, and has at least AWS_REGION.

        A function's output goes to `<its name>.log` in `log_directory`, which is made if need be;
        its modules are looked for in `task_root`.
        """
        log_directory.mkdir(parents=True, exist_ok=True)
        self._fleets = {
            name: _Fleet(function, environment, log_directory, max_concurrency, task_root)
            for name, function in functions.items()
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        exception_traceback: TracebackType | None,
    ) -> None:
        self.close()

    def invoke(self, logical_id: str, event: Any) -> Any:
        """The function's answer.

        Raises:
            LambdaError: the function failed; `LambdaTimeoutError` when its time was up.
            TooManyRequestsError: it is busy in as many processes as it may have.
            RequestTooLargeError: the event is over 6 MB.
            KeyError: there is no such function.
        """
        fleet = self._fleets[logical_id]
        payload = json.dumps(event)
        if len(payload) > REQUEST_LIMIT:
            raise RequestTooLargeError(
                f"Request must be smaller than {REQUEST_LIMIT} bytes"
                " for the InvokeFunction operation"
            )
        invocation = _invoke(fleet, payload, str(uuid4()))
        if invocation.error:
            raise invocation.error
        return invocation.response

    def run(self, logical_id: str, event: Any, request_id: str) -> Invocation:
        """As `invoke`, of any size, and telling all that the Invoke API tells.

        Raises:
            TooManyRequestsError: it is busy in as many processes as it may have.
            KeyError: there is no such function.
        """
        return _invoke(self._fleets[logical_id], json.dumps(event), request_id)

    def warm(self, logical_id: str) -> None:
        """Starts a process ahead of the first event, without waiting for it."""
        self._fleets[logical_id].warm()

    def close(self) -> None:
        """Ends all processes, also those at work: their callers get a `LambdaError`."""
        for fleet in self._fleets.values():
            fleet.close()


def _invoke(fleet: "_Fleet", payload: str, request_id: str) -> Invocation:
    environment = fleet.acquire()
    try:
        response, error = environment.invoke(payload, request_id), None
    except LambdaError as raised:
        response, error = None, raised
    finally:
        log_tail = environment.log_tail
        fleet.release(environment)
    return Invocation(request_id, response, error, log_tail)


class _Fleet:
    """The execution environments of one function."""

    def __init__(
        self,
        function: LambdaFunction,
        environment: Mapping[str, str],
        log_directory: Path,
        size: int,
        task_root: Path,
    ) -> None:
        self._function = function
        self._environment = environment
        self._log = FunctionLog(log_directory / f"{function.logical_id}.log")
        self._size = size
        self._task_root = task_root
        self._lock = Lock()
        self._idle: list[ExecutionEnvironment] = []
        self._busy: set[ExecutionEnvironment] = set()
        self._closed = False

    def acquire(self) -> ExecutionEnvironment:
        """The environment used last, if it is free; else another. Raises `TooManyRequestsError`."""
        with self._lock:
            while self._idle:
                environment = self._idle.pop()
                if environment.alive:
                    break
                environment.close()
            else:
                environment = self._start()
            self._busy.add(environment)
            return environment

    def release(self, environment: ExecutionEnvironment) -> None:
        with self._lock:
            self._busy.remove(environment)
            if environment.alive and not self._closed:
                self._idle.append(environment)
            else:
                environment.close()

    def warm(self) -> None:
        with self._lock:
            if not self._idle and len(self._busy) < self._size:
                self._idle.append(self._start())

    def close(self) -> None:
        with self._lock:
            self._closed = True
            while self._idle:
                self._idle.pop().close()
            for environment in self._busy:
                environment.end()

    def _start(self) -> ExecutionEnvironment:
        if self._closed:
            raise TooManyRequestsError("The runtime is closed.")
        if len(self._busy) >= self._size:
            raise TooManyRequestsError("Rate Exceeded.")
        return ExecutionEnvironment(self._function, self._environment, self._task_root, self._log)
