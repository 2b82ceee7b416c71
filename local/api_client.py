"""A client of the export API, as an admin frontend would write one."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3

_POLL_SECONDS = 0.2
_CHUNK = 1 << 20
_LARGEST_ANSWER = 10 * 2**20
"""Bytes that API Gateway lets through."""


class DownloadError(Exception):
    """The file could not be downloaded whole."""


class AnswerTooLargeError(urllib3.exceptions.HTTPError):
    """The answer is larger than an API's can be."""


@dataclass(frozen=True)
class Answer:
    """What the API answered.

    Attributes:
        status: HTTP status.
        text: The body as it came.
        headers: By whatever case.
    """

    status: int
    text: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """The body, read; API Gateway's own errors, and whatever is not JSON, have a `message`."""
        try:
            read = json.loads(self.text)
        except ValueError:
            read = None
        if not isinstance(read, dict):
            return {"message": f"The API answered with status {self.status}."}
        return read


class ApiClient:
    """Calls the API with a bearer token.

    Args:
        url: The API's address, without a slash at its end.
        token: Of an admin; None to send none.
        poll_seconds: Between two looks at an export.
    """

    def __init__(self, url: str, token: str | None, *, poll_seconds: float = _POLL_SECONDS) -> None:
        self._url = url
        self._poll_seconds = poll_seconds
        self._headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        self._http = urllib3.PoolManager(retries=False, timeout=urllib3.Timeout(35))

    def export(
        self, request: Mapping[str, Any], on_progress: Callable[[dict[str, Any]], None]
    ) -> Answer:
        """Start an export and wait for its outcome.

        Args:
            request: The body of `POST /exports`.
            on_progress: Told of the export at each look.

        Returns:
            The last answer: an export that is final, or a problem.
        """
        answer = self.call(
            "POST",
            "/exports",
            json.dumps(request),
            {"Prefer": "respond-async", "Idempotency-Key": str(uuid.uuid4())},
        )
        while answer.status == 202 or (answer.status == 200 and answer.body.get("progress")):
            on_progress(answer.body)
            time.sleep(self._poll_seconds)
            answer = self.call("GET", f"/exports/{answer.body['id']}")
        return answer

    def download(self, file: Mapping[str, Any], output: Path) -> None:
        """Download a finished file; `output` is only there once it is whole.

        Raises:
            DownloadError: It did not arrive, or not as large as announced.
            OSError: It cannot be written.
        """
        partial = output.with_name(f".{output.name}.{uuid.uuid4().hex[:8]}.partial")
        try:
            response = self._http.request("GET", file["download_url"], preload_content=False)
            with partial.open("wb") as target:
                for chunk in response.stream(_CHUNK):
                    target.write(chunk)
            size = partial.stat().st_size
            if response.status != 200 or size != file["size_bytes"]:
                raise DownloadError(
                    f"{size} of {file['size_bytes']} bytes arrived (status {response.status})"
                )
            partial.replace(output)
        except urllib3.exceptions.HTTPError as error:
            raise DownloadError(str(error)) from error
        finally:
            partial.unlink(missing_ok=True)

    def call(
        self,
        method: str,
        path: str,
        body: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request to a path of the API, or where there is no address, to a whole URL.

        Raises:
            AnswerTooLargeError: Whatever answers is no API.
            urllib3.exceptions.HTTPError: No answer came.
        """
        sent = {**self._headers, "Content-Type": "application/json", **(headers or {})}
        response = self._http.request(
            method, self._url + path, body=body, headers=sent, preload_content=False
        )
        content = response.read(_LARGEST_ANSWER + 1, decode_content=True)
        if len(content) > _LARGEST_ANSWER:
            response.close()
            raise AnswerTooLargeError(f"The answer is over {_LARGEST_ANSWER:,} bytes.")
        response.release_conn()
        return Answer(response.status, content.decode(errors="replace"), response.headers)
