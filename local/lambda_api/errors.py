"""Why an invocation is refused, in Lambda's words."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from werkzeug.wrappers import Response

from local.lambda_api.answer import json_response

_CAPITAL: Final = {
    "AccessDeniedException",
    "RequestEntityTooLargeException",
    "ResourceNotFoundException",
}
"""Errors that say `Message`; the others say `message`."""


class InvokeError(Exception):
    """An error of the Invoke API, by the name that SDKs know it by."""

    def __init__(
        self,
        status: int,
        error_type: str,
        message: str,
        *,
        fields: Mapping[str, Any] = MappingProxyType({"Type": "User"}),
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        super().__init__(f"{error_type}: {message}")
        self._status = status
        self._error_type = error_type
        self._body = {**fields, "Message" if error_type in _CAPITAL else "message": message}
        self._headers = headers

    def response(self) -> Response:
        return json_response(
            self._body, self._status, {"x-amzn-errortype": self._error_type, **self._headers}
        )


def invalid(parameter: str, value: str, constraint: str) -> InvokeError:
    """A parameter that is not what the API's model says."""
    message = (
        f"1 validation error detected: Value '{value}' at '{parameter}'"
        f" failed to satisfy constraint: {constraint}"
    )
    return InvokeError(400, "ValidationException", message, fields={})


def one_of(allowed: Iterable[str]) -> str:
    """A constraint."""
    return f"Member must satisfy enum value set: [{', '.join(allowed)}]"
