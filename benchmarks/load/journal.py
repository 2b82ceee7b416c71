"""What admins sent and got, a line of JSON for each: all that is judged afterwards.

Needs nothing but Python: it is written under locust, and read where locust is not installed.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Exchange:
    """One request and its answer.

    Attributes:
        call: The same for all attempts of one call, which an admin repeats until it is answered.
        subject: Of the token.
        workspace: Of the token.
        method: HTTP's.
        route: As the API's guide has it: `GET /exports/{id}` without the method.
        path: As sent, with the query.
        sent: The body; None for none.
        headers: As sent, but for the token.
        at: When it was sent, in seconds since 1970.
        seconds: Until it was answered.
        status: HTTP's; 0 where no answer came.
        media_type: Of the answer.
        retry_after: The header; None where there is none.
        answer: The answer, read; None where it was not JSON.
    """

    call: str
    subject: str
    workspace: str
    method: str
    route: str
    path: str
    sent: dict[str, Any] | None
    headers: Mapping[str, str]
    at: float
    seconds: float
    status: int
    media_type: str = ""
    retry_after: str | None = None
    answer: Any = None

    @property
    def name(self) -> str:
        """`GET /exports/{id}`."""
        return f"{self.method} {self.route}"

    @property
    def key(self) -> str | None:
        """The idempotency key."""
        return self.headers.get("Idempotency-Key")

    @property
    def is_problem(self) -> bool:
        """Whether it is the product that said no, not API Gateway."""
        return self.media_type == "application/problem+json"

    @property
    def is_passing(self) -> bool:
        """Whether the same request, sent again, may be answered: throttled, or still counting."""
        if self.status == 202:
            return self.is_problem  # `still-counting`: no export, which has a state of its own
        return self.status in {0, 429, 500, 503}


@dataclass(frozen=True)
class Download:
    """A file that an admin fetched.

    Attributes:
        subject: Who.
        workspace: Of the token.
        export_id: Whose file it is.
        name: The file's.
        content: SHA-256 of what came, which is also the name it is kept under.
        size: Bytes that came.
    """

    subject: str
    workspace: str
    export_id: str
    name: str
    content: str
    size: int


@dataclass
class Journal:
    """All that happened, in the order in which it ended."""

    exchanges: list[Exchange] = field(default_factory=list)
    downloads: list[Download] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> "Journal":
        journal = cls()
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                match json.loads(line):
                    case {"exchange": fields}:
                        journal.exchanges.append(Exchange(**fields))
                    case {"download": fields}:
                        journal.downloads.append(Download(**fields))
        return journal

    def calls(self) -> Iterator[list[Exchange]]:
        """The attempts of each call."""
        attempts: dict[str, list[Exchange]] = {}
        for exchange in self.exchanges:
            attempts.setdefault(exchange.call, []).append(exchange)
        yield from attempts.values()


class Writer:
    """Appends to a journal, a whole line at a time."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", encoding="utf-8")

    def write(self, entry: Exchange | Download) -> None:
        self._file.write(json.dumps({type(entry).__name__.lower(): asdict(entry)}) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()
