"""One query execution: its state, and how Athena describes it."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import RLock
from typing import Any, Final
from uuid import uuid4

from local.athena.engine import Column, ErrorKind, Query, QueryFailedError
from local.athena.moto_storage import Encryption

ENGINE_VERSION: Final = "Athena engine version 3"


@dataclass(frozen=True)
class ResultLocation:
    """Where a query's result goes.

    Attributes:
        bucket: The bucket.
        prefix: What the object's key starts with: empty, or ending in `/`.
        encryption: As Athena's API has it (`EncryptionOption`, `KmsKey`), or empty.
    """

    bucket: str
    prefix: str
    encryption: Mapping[str, str]

    @classmethod
    def parse(cls, address: str, encryption: Mapping[str, str]) -> "ResultLocation":
        """From `s3://bucket/prefix`. Raises `ValueError` where it is something else."""
        if not address.startswith("s3://"):
            raise ValueError(address)
        bucket, _, prefix = address.removeprefix("s3://").partition("/")
        return cls(
            bucket, prefix if not prefix or prefix.endswith("/") else prefix + "/", encryption
        )

    @property
    def object_encryption(self) -> Encryption | None:
        match self.encryption.get("EncryptionOption"):
            case "SSE_S3":
                return Encryption("AES256")
            case "SSE_KMS":
                return Encryption("aws:kms", self.encryption.get("KmsKey"))
        return None


@dataclass
class QueryExecution:
    """A query from its start until long after its end.

    Every change of state happens under `lock`; a final state never changes again.
    """

    sql: str
    context: Mapping[str, str]
    workgroup: str
    location: ResultLocation
    query: Query
    id: str = field(default_factory=lambda: str(uuid4()))
    state: str = "QUEUED"
    reason: str = ""
    error: ErrorKind | None = None
    stop_requested: bool = False
    submitted: float = field(default_factory=time.time)
    started: float | None = None
    completed: float | None = None
    columns: Sequence[Column] = ()
    output_rows: int | None = None
    output_bytes: int = 0
    lock: RLock = field(default_factory=RLock)

    @property
    def result_key(self) -> str:
        return f"{self.location.prefix}{self.id}.csv"

    @property
    def is_final(self) -> bool:
        return self.state not in ("QUEUED", "RUNNING")

    def begin(self) -> bool:
        """QUEUED → RUNNING; False where it was stopped in the queue."""
        with self.lock:
            if self.is_final:
                return False
            self.state, self.started = "RUNNING", time.time()
            return True

    def end(self, state: str, reason: str = "", error: ErrorKind | None = None) -> None:
        """Into a final state, unless it has one."""
        with self.lock:
            if not self.is_final:
                self.state, self.reason, self.error = state, reason, error
                self.completed = time.time()

    def fail(self, error: QueryFailedError) -> None:
        self.end("FAILED", str(error), error.kind)

    def description(self) -> dict[str, Any]:
        """The `QueryExecution` of Athena's API."""
        with self.lock:
            return {
                "QueryExecutionId": self.id,
                "Query": self.sql,
                "StatementType": "DML",
                "SubstatementType": "SELECT",
                "ResultConfiguration": {
                    "OutputLocation": f"s3://{self.location.bucket}/{self.result_key}",
                    **(
                        {"EncryptionConfiguration": dict(self.location.encryption)}
                        if self.location.encryption
                        else {}
                    ),
                },
                "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
                "QueryExecutionContext": dict(self.context),
                "Status": self._status(),
                "Statistics": {
                    "DataScannedInBytes": self.query.scanned.bytes,
                    **self._timeline(),
                    "ResultReuseInformation": {"ReusedPreviousResult": False},
                },
                "WorkGroup": self.workgroup,
                "EngineVersion": {
                    "SelectedEngineVersion": ENGINE_VERSION,
                    "EffectiveEngineVersion": ENGINE_VERSION,
                },
            }

    def runtime_statistics(self) -> dict[str, Any]:
        """The `QueryRuntimeStatistics` of Athena's API; `Rows` only once the query succeeded."""
        with self.lock:
            statistics: dict[str, Any] = {"Timeline": self._timeline()}
            if self.state == "SUCCEEDED":
                statistics["Rows"] = {
                    "InputRows": self.query.scanned.rows,
                    "InputBytes": self.query.scanned.bytes,
                    "OutputRows": self.output_rows,
                    "OutputBytes": self.output_bytes,
                }
            return statistics

    def _status(self) -> dict[str, Any]:
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.completed is not None:
            status["CompletionDateTime"] = self.completed
        if self.error is not None:
            status["AthenaError"] = {
                "ErrorCategory": self.error.category,
                "ErrorType": self.error.type,
                "Retryable": self.error.is_retryable,
                "ErrorMessage": self.reason,
            }
        return status

    def _timeline(self) -> dict[str, int]:
        now = self.completed or time.time()
        started = self.started or now
        return {
            "QueryQueueTimeInMillis": _milliseconds(started - self.submitted),
            "EngineExecutionTimeInMillis": _milliseconds(now - started),
            "TotalExecutionTimeInMillis": _milliseconds(now - self.submitted),
            "ServiceProcessingTimeInMillis": 0,
        }


def _milliseconds(seconds: float) -> int:
    return max(round(seconds * 1000), 0)
