"""A query as Athena last saw it."""

from dataclasses import dataclass
from enum import StrEnum


class QueryState(StrEnum):
    """Athena's own states."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"

    @property
    def is_final(self) -> bool:
        return self not in (QueryState.QUEUED, QueryState.RUNNING)


@dataclass(frozen=True)
class QueryExecution:
    """What is known of a query.

    Attributes:
        id: Query execution id.
        state: Where it stands.
        reason: Athena's words on how it came to a bad end, or empty.
        is_retryable: Whether Athena says that the same query may succeed.
        bytes_scanned: So far.
        queued_ms: Time in Athena's queue.
        engine_ms: Time in the engine.
        bucket: Of the result object, known from the start.
        key: Of the result object.
    """

    id: str
    state: QueryState
    reason: str = ""
    is_retryable: bool = False
    bytes_scanned: int = 0
    queued_ms: int = 0
    engine_ms: int = 0
    bucket: str = ""
    key: str = ""

    @property
    def failed_for_now(self) -> bool:
        """Whether it failed, and the same query may succeed."""
        return self.state is QueryState.FAILED and self.is_retryable
