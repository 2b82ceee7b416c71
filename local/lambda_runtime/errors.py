"""How an invocation fails: in the function (`LambdaError`), or before it reaches the function."""

from collections.abc import Sequence
from typing import Any


class LambdaError(Exception):
    """The function raised, ran out of time, exited, or answered with what Lambda refuses.

    `error_type` and `message` are Lambda's own words: a Python exception's name and text, or
    `Runtime.ExitError`, `Sandbox.Timedout`, `Function.ResponseSizeTooLarge` and the like. Only what
    the function itself could still report has a stack trace, if an empty one.
    """

    def __init__(
        self, error_type: str, message: str, stack_trace: Sequence[str] | None = None
    ) -> None:
        super().__init__(f"{error_type}: {message}")
        self.error_type = error_type
        self.message = message
        self.stack_trace = None if stack_trace is None else list(stack_trace)

    @property
    def payload(self) -> dict[str, Any]:
        """The error as Lambda's Invoke API returns it."""
        error: dict[str, Any] = {"errorMessage": self.message, "errorType": self.error_type}
        return error if self.stack_trace is None else error | {"stackTrace": self.stack_trace}


class LambdaTimeoutError(LambdaError):
    """The function was still running when its time was up, and was stopped."""


class TooManyRequestsError(Exception):
    """Every execution environment the function may have is busy."""


class RequestTooLargeError(Exception):
    """The event is larger than Lambda takes."""
