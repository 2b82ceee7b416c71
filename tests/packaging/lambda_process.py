"""A function's artifact and its layer, run by Lambda's own runtime interface client."""

import json
import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from local.lambda_runtime.variables import lambda_variables
from local.template import LambdaFunction
from tests.packaging.runtime_api import Ending, RuntimeApi

_PATIENCE: Final = 120
"""Seconds until a silent process counts as hung; machines are shared."""


@dataclass(frozen=True)
class Environment:
    """The folders and programs that Lambda has, here.

    Attributes:
        python: Of Lambda's version.
        runtime: `/var/runtime`: the runtime interface client.
        task_root: `/var/task`: the function's artifact.
        opt: `/opt`: the layer's artifact.
    """

    python: str
    runtime: Path
    task_root: Path
    opt: Path


class LambdaProcess:
    """One execution environment, from a `with` block's start to its end.

    Args:
        function: What to run.
        environment: Where.
        stack: The variables by which it finds AWS.
        log: Where its output goes.
    """

    def __init__(
        self,
        function: LambdaFunction,
        environment: Environment,
        stack: Mapping[str, str],
        log: Path,
    ) -> None:
        self._function = function
        self._environment = environment
        self._stack = stack
        self._log = log
        self._api = RuntimeApi(
            f"arn:aws:lambda:eu-central-1:123456789012:function:{function.logical_id}"
        )

    def __enter__(self) -> Self:
        self._api.__enter__()
        try:
            self._process = self._start()
        except BaseException:
            self._api.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._api.__exit__(exception_type, exception, traceback)

    def started(self) -> int:
        """Waits until the function is loaded, as far as it is before any event; its process id."""
        assert self._api.is_asked.wait(_PATIENCE), self.output
        return self._process.pid

    def invoke(self, event: Any) -> Any:
        """The handler's answer. Fails the test where there is none."""
        request_id = self._api.send(event, self._function.timeout)
        ending = self._ending()
        assert ending.kind == "response", f"{ending}\n{self.output}"
        assert ending.request_id == request_id
        return ending.body

    def error(self, event: Any) -> Ending:
        """The error that the handler ends in. Fails the test where it answers."""
        request_id = self._api.send(event, self._function.timeout)
        ending = self._ending()
        assert ending.kind == "error", f"{ending}\n{self.output}"
        assert ending.request_id == request_id
        return ending

    def init_error(self) -> Ending:
        """Why the function did not start; its process has ended. Fails the test if it started."""
        ending = self._ending()
        assert ending.kind == "init_error", f"{ending}\n{self.output}"
        assert self._process.wait(_PATIENCE) != 0
        return ending

    @property
    def output(self) -> str:
        """What it has printed so far, all of it in its log group on Lambda."""
        return self._log.read_text()

    @property
    def log_lines(self) -> list[dict[str, Any]]:
        """Its output as CloudWatch Logs gets it, under `LogFormat: JSON`: an object a line."""
        return [json.loads(line) for line in self.output.splitlines()]

    def _ending(self) -> Ending:
        ending = self._api.ending(_PATIENCE, lambda: self._process.poll() is None)
        assert ending is not None, f"no answer; exit status {self._process.poll()}\n{self.output}"
        return ending

    def _start(self) -> subprocess.Popen[bytes]:
        where = self._environment
        # Lambda's search path: the function, its layers, the runtime, the standard library.
        search_path = [where.opt / "python", where.runtime]
        variables = lambda_variables(self._function, self._stack, where.task_root) | {
            "AWS_LAMBDA_LOG_FORMAT": "JSON",  # the template's LoggingConfig
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
            "LAMBDA_RUNTIME_DIR": str(where.runtime),
            "PYTHONPATH": os.pathsep.join(map(str, search_path)),
        }
        # -S: no site-packages of this machine; -B: Lambda's file system is read-only
        program = [where.python, "-S", "-B", "-m", "awslambdaric", variables["_HANDLER"]]
        with self._log.open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - our own build
                program,
                cwd=where.task_root,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
