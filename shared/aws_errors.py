"""What AWS calls may end in: try again later, or never."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

# What passes by itself; anything else that Athena answers with an error is for good.
_TRANSIENT = {
    "InternalServerException",
    "InternalError",
    "RequestTimeout",
    "ServiceUnavailable",
    "SlowDown",
    "TooManyRequestsException",
}
_THROTTLED = "Throttl"  # ThrottlingException of Athena, Throttled of SNS, KMSThrottling of its key


class ServiceUnavailableError(Exception):
    """AWS is busy or not reachable: the same call may succeed a little later."""


class RefusedError(Exception):
    """AWS says no, and would later too: a permission, a name or a statement is wrong."""


@contextmanager
def translated_errors() -> Iterator[None]:
    """Turn botocore's errors, and those of reading an answer, into this module's.

    Raises:
        ServiceUnavailableError: AWS is busy or not reachable, or its answer is garbled.
        RefusedError: Anything else that AWS answers with an error.
    """
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in _TRANSIENT or _THROTTLED in code or status >= 500:
            raise ServiceUnavailableError(f"{error.operation_name}: {code}") from error
        raise RefusedError(str(error)) from error
    except BotoCoreError as error:  # no connection, time-outs, a body that breaks off
        raise ServiceUnavailableError(str(error)) from error
    except (ResponseParserError, KeyError, ValueError) as error:
        raise ServiceUnavailableError(f"an answer of AWS that is none: {error!r}") from error
