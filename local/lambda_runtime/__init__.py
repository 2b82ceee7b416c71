"""Lambda on this machine: functions in processes of their own, none the wiser."""

from local.lambda_runtime.errors import (
    LambdaError,
    LambdaTimeoutError,
    RequestTooLargeError,
    TooManyRequestsError,
)
from local.lambda_runtime.runtime import (
    MAX_CONCURRENCY,
    REQUEST_LIMIT,
    Invocation,
    LambdaRuntime,
)

__all__ = [
    "MAX_CONCURRENCY",
    "REQUEST_LIMIT",
    "Invocation",
    "LambdaError",
    "LambdaRuntime",
    "LambdaTimeoutError",
    "RequestTooLargeError",
    "TooManyRequestsError",
]
