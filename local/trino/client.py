"""Trino's client protocol: a statement is sent, then pages are fetched until there is no next."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import urllib3

# Without `X-Trino-Client-Capabilities`, times come with milliseconds, as Athena has them.
_HEADERS: Final = {"X-Trino-User": "local", "X-Trino-Source": "local-athena"}
_CATALOG: Final = "awsdatacatalog"
_TIMEOUT: Final = urllib3.Timeout(connect=10, read=120)  # a page comes within a second or so
_BUSY: Final = (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT)


class UnavailableError(Exception):
    """Trino does not answer."""


class Failure(Exception):  # noqa: N818 - not ours: what Trino says of a statement
    """A statement that Trino ended with an error.

    Attributes:
        name: Such as `COLUMN_NOT_FOUND`.
        message: Such as `line 1:8: Column 'nope' cannot be resolved`.
        type: `USER_ERROR`, `INSUFFICIENT_RESOURCES`, `EXTERNAL` or `INTERNAL_ERROR`.
    """

    def __init__(self, error: Mapping[str, Any]) -> None:
        self.name: str = error["errorName"]
        self.message: str = error.get("message") or "no message"
        self.type: str = error["errorType"]
        super().__init__(f"{self.name}: {self.message}")


@dataclass(frozen=True)
class Page:
    """One answer on the way.

    Attributes:
        query_id: Trino's own id of the statement.
        columns: Name, `type` and `typeSignature` of each, once known.
        rows: Lists of values as JSON has them; often none.
        statistics: So far, such as `physicalInputBytes`.
        next_uri: Where the next page is; None after the last.
    """

    query_id: str
    columns: list[dict[str, Any]] | None
    rows: list[list[Any]]
    statistics: Mapping[str, Any]
    next_uri: str | None


class TrinoClient:
    """Speaks with one server; from any thread."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._http = urllib3.PoolManager(
            maxsize=16,
            timeout=_TIMEOUT,
            retries=urllib3.Retry(
                connect=0, read=0, status=5, status_forcelist=_BUSY, backoff_factor=0.05,
                allowed_methods=None, raise_on_status=False,
            ),
        )  # fmt: skip

    def start(self, sql: str, schema: str | None = None) -> Page:
        """Send a statement.

        Args:
            sql: As it is.
            schema: For tables that are named without one.

        Raises:
            Failure: Trino refuses it.
            UnavailableError: Trino does not answer.
        """
        headers = {**_HEADERS, "X-Trino-Catalog": _CATALOG}
        if schema:
            headers["X-Trino-Schema"] = schema
        return self._page("POST", f"{self._url}/v1/statement", sql.encode(), headers)

    def following(self, next_uri: str) -> Page:
        """The page after one that named it. Waits up to a second; raises as `start` does."""
        return self._page("GET", next_uri, None, _HEADERS)

    def cancel(self, next_uri: str) -> None:
        """End a statement, known by the page that would follow; one that has ended stays so."""
        self._request("DELETE", next_uri, None, _HEADERS)

    def close(self) -> None:
        """Give the connections back."""
        self._http.clear()

    def _page(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Page:
        answer = self._request(method, url, body, headers)
        if answer.status != HTTPStatus.OK:
            raise UnavailableError(f"Trino answered {answer.status}: {answer.data.decode()[:200]}")
        page = json.loads(answer.data)
        if "error" in page:
            raise Failure(page["error"])
        return Page(
            query_id=page["id"],
            columns=page.get("columns"),
            rows=page.get("data", []),
            statistics=page["stats"],
            next_uri=page.get("nextUri"),
        )

    def _request(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]
    ) -> urllib3.BaseHTTPResponse:
        try:
            return self._http.request(method, url, body=body, headers=headers)
        except urllib3.exceptions.HTTPError as error:
            raise UnavailableError(f"Trino does not answer: {error}") from error
