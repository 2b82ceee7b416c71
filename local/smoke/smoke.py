"""A deployment under test, and what has been seen of it so far."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import boto3
import urllib3
from botocore.config import Config

from local.api_client import ApiClient
from local.deployment import DeploymentError, aws_errors_for_people
from local.smoke.csv_file import CsvFile
from local.smoke.seen import NotCheckedError
from shared.aws_clients import PRESIGNING

_LONGEST_INVOCATION = 900
_PATIENCE = Config(retries={"mode": "standard"})
_FOR_LAMBDA = Config(  # to ask again would export again
    read_timeout=_LONGEST_INVOCATION + 10, retries={"mode": "standard", "total_max_attempts": 1}
)
_PRESIGNED: Final = re.compile(r"\S*X-Amz-\S*", re.IGNORECASE)


def boto3_client(service: str) -> Any:
    """A client of a service, with the shell's own credentials."""
    config = {"lambda": _FOR_LAMBDA, "s3": _PATIENCE.merge(PRESIGNING)}.get(service, _PATIENCE)
    return boto3.client(service, config=config)


@dataclass
class Smoke:
    """What the checks are told, and what they tell each other.

    Attributes:
        api_url: The API's address, without a slash at its end.
        function: The export function, by name or ARN.
        outputs: Of the stack; None where no stack was named.
        folder: Takes what is downloaded.
        day: The UTC day that is exported.
        workspace: Whose calls; None where nobody said.
        token: Of an admin of the workspace; None where there is none.
        member_token: Of somebody who is no admin; None where there is none.
        cutoff_workgroup: A workgroup with a low cutoff; None where there is none.
        usd_left: What downloads may still cost.
        client: Makes a boto3 client of a service.
        poll_seconds: Between two looks at what takes time.
        url_seconds: The life of the URL that is watched to its end.
        export: The day's export by the API, once it is made.
        direct: The day's export by direct invocation, once it is made.
        file: The one of them that was downloaded.
    """

    api_url: str
    function: str
    outputs: Mapping[str, str] | None
    folder: Path
    day: date
    workspace: str | None = None
    token: str | None = None
    member_token: str | None = None
    cutoff_workgroup: str | None = None
    usd_left: Decimal = Decimal("0.01")
    client: Callable[[str], Any] = boto3_client
    poll_seconds: float = 2
    url_seconds: int = 3
    export: Mapping[str, Any] | None = field(default=None, init=False)
    direct: Mapping[str, Any] | None = field(default=None, init=False)
    file: CsvFile | None = field(default=None, init=False)

    def api(self, token: str | None) -> ApiClient:
        """The API, asked with a token or without one."""
        return ApiClient(self.api_url, token, poll_seconds=self.poll_seconds)

    def web(self) -> ApiClient:
        """Whatever has a whole URL, asked without a token."""
        return ApiClient("", None)

    def admin(self) -> ApiClient:
        """The API, asked by an admin of the workspace."""
        if self.token is None:
            raise NotCheckedError("no admin's token was given: --token or SMOKE_TOKEN")
        self.named_workspace()
        return self.api(self.token)

    def named_workspace(self) -> str:
        """The workspace whose day is exported."""
        if self.workspace is None:
            raise NotCheckedError("no workspace was named: --workspace")
        return self.workspace

    def timeframe(self) -> dict[str, str]:
        """The day, as a request has it; once it is exported, exactly that timeframe."""
        if self.export is not None:
            return {name: self.export["timeframe"][name] for name in ("start", "end")}
        return {"start": self.day.isoformat(), "end": self.day.isoformat()}

    def made(self) -> Mapping[str, Any]:
        """An export of the day that has succeeded."""
        export = self.export or self.direct
        if export is None:
            raise NotCheckedError("there is no export of the day")
        return export

    def downloaded(self) -> CsvFile:
        """The file of an export of the day."""
        if self.file is None:
            raise NotCheckedError("no file was downloaded")
        return self.file

    def output(self, name: str, hint: str = "") -> str:
        """An output of the stack; `hint` follows where there is none."""
        if self.outputs is None:
            raise NotCheckedError("no stack was named: --stack")
        if name not in self.outputs:
            raise NotCheckedError(f"the stack has no output {name}{hint}")
        return self.outputs[name]

    def stored_at(self) -> tuple[str, str]:
        """Bucket and key of an export's file, as its download URL has them."""
        parts = urlsplit(self.made()["file"]["download_url"])
        path = unquote(parts.path).lstrip("/")
        bucket, is_virtual, _ = (parts.hostname or "").partition(".s3.")
        if is_virtual:
            return bucket, path
        bucket, _, key = path.partition("/")
        return bucket, key

    def rows_query(self) -> str:
        """The id of the query that wrote an export's file, which has its name."""
        return Path(self.stored_at()[1]).stem

    @cached_property
    def athena_place(self) -> tuple[str, str]:
        """Workgroup and database of the exports: as the stack says, or else an export's query."""
        if self.outputs is not None:
            return self.output("WorkGroupName"), self.output("DatabaseName")
        query = self.rows_query()
        with aws_errors_for_people("athena:GetQueryExecution", f"the query {query}"):
            found = self.client("athena").get_query_execution(QueryExecutionId=query)
        execution = found["QueryExecution"]
        return execution["WorkGroup"], execution["QueryExecutionContext"]["Database"]

    def secretless(self, text: str) -> str:
        """What somebody else says, without the tokens and download URLs that it may repeat."""
        for token in filter(None, (self.token, self.member_token)):
            text = text.replace(token, "(the token)")
        return _PRESIGNED.sub("(a presigned URL)", text)

    @property
    def tomorrow(self) -> date:
        """A day that the table has, and that has no calls yet."""
        return datetime.now(UTC).date() + timedelta(days=1)


@contextmanager
def reached(url: str) -> Iterator[None]:
    """Says in a sentence that there is nobody at an address."""
    try:
        yield
    except urllib3.exceptions.HTTPError as error:
        host = urlsplit(url).netloc or url
        said = type(error).__name__.removesuffix("Error")
        raise DeploymentError(f"{host} cannot be reached: {said}.") from error
