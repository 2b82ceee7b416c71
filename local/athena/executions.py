"""Query executions: started, queued, run on worker threads, stopped, and looked at.

What Athena promises about them, over any engine.
"""

import json
import logging
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import IO, Any, Final, Protocol

from local.athena.engine import (
    BytesCutoffError,
    Column,
    Engine,
    ErrorKind,
    QueryCancelledError,
    QueryFailedError,
    Statement,
)
from local.athena.moto_storage import Encryption
from local.athena.query_execution import QueryExecution, ResultLocation
from local.athena.result_files import Row, metadata, read_rows, write_csv

ACTIVE_QUERIES: Final = 100
"""An account's quota differs by Region, and is of this order; it can be raised."""

_CONCURRENT_QUERIES: Final = 4
_PAGE_ROWS: Final = 1000
_BATCH_IDS: Final = 50
_STATEMENT_BYTES: Final = 262_144
_IN_MEMORY: Final = 2**20
"""Bytes of a result; a larger one is a file that is open for as long as its object is there."""

_STOPPED: Final = "Query cancelled by user"

logger = logging.getLogger(__name__)


class InvalidRequestError(Exception):
    """A request that Athena answers with an InvalidRequestException; its text is the message."""


class TooManyQueriesError(Exception):
    """As many queries run or wait as may: a TooManyRequestsException; its text is the message."""


class ResultStore(Protocol):
    """Where result files go."""

    def has_bucket(self, bucket: str) -> bool: ...

    def put(self, bucket: str, key: str, content: bytes, encryption: Encryption | None) -> None: ...

    def put_file(
        self, bucket: str, key: str, file: IO[bytes], encryption: Encryption | None
    ) -> None:
        """Takes the file over."""

    def read_range(self, bucket: str, key: str, start: int, size: int) -> bytes | None:
        """None where there is no such object."""


@dataclass(frozen=True)
class ResultPage:
    """A page of a result; the first row of the first page is the header."""

    columns: Sequence[Column]
    rows: list[Row]
    next_token: str | None


class QueryExecutions:
    """All query executions of one local Athena.

    Args:
        engine: Runs the SQL.
        store: Takes the results.
        concurrency: How many queries run at the same time.
        active: How many may run or wait for their turn.
    """

    def __init__(
        self,
        engine: Engine,
        store: ResultStore,
        *,
        concurrency: int = _CONCURRENT_QUERIES,
        active: int = ACTIVE_QUERIES,
    ) -> None:
        self._engine = engine
        self._store = store
        self._active = active
        self._workers = ThreadPoolExecutor(concurrency, thread_name_prefix="local-athena")
        self._executions: dict[str, QueryExecution] = {}
        self._tokens: dict[str, tuple[str, str]] = {}
        self._start_lock = Lock()

    def start(self, request: Mapping[str, Any], workgroup: str, settings: Mapping[str, Any]) -> str:
        """Start a query, or find the one that its token started before.

        Args:
            request: The parameters of Athena's StartQueryExecution.
            workgroup: The name of an existing workgroup.
            settings: The workgroup's `Configuration`.

        Returns:
            The query execution id.

        Raises:
            InvalidRequestError: The request cannot be taken.
            TooManyQueriesError: It can be taken later.
        """
        if len(request["QueryString"].encode(errors="surrogatepass")) > _STATEMENT_BYTES:
            raise InvalidRequestError(f"QueryString must have at most {_STATEMENT_BYTES} bytes")
        token = request.get("ClientRequestToken")
        if token is not None and not 32 <= len(token) <= 128:
            raise InvalidRequestError("ClientRequestToken must have 32 to 128 characters")
        parameters = {key: request[key] for key in request.keys() - {"ClientRequestToken"}}
        fingerprint = json.dumps([workgroup, parameters], sort_keys=True)
        with self._start_lock:
            if token in self._tokens:
                execution_id, known_fingerprint = self._tokens[token]
                if fingerprint != known_fingerprint:
                    raise InvalidRequestError("Idempotent parameters do not match")
                return execution_id
            active = sum(not execution.is_final for execution in self._executions.values())
            if active >= self._active:
                raise TooManyQueriesError(
                    "You have exceeded the limit for the number of queries you can run concurrently"
                )
            execution = self._accept(request, workgroup, settings)
            if token is not None:
                self._tokens[token] = (execution.id, fingerprint)
        self._workers.submit(self._run, execution)
        return execution.id

    def get(self, execution_id: str) -> QueryExecution:
        """Raises `InvalidRequestError` where there is none of that id."""
        if execution_id not in self._executions:
            raise InvalidRequestError(f"QueryExecution {execution_id} was not found")
        return self._executions[execution_id]

    def get_batch(self, execution_ids: Sequence[str]) -> tuple[list[QueryExecution], list[str]]:
        """Up to 50 at once: those found, and the ids of the others."""
        if not 1 <= len(execution_ids) <= _BATCH_IDS:
            raise InvalidRequestError(f"QueryExecutionIds must have 1 to {_BATCH_IDS} ids")
        found = [self._executions[i] for i in execution_ids if i in self._executions]
        return found, [i for i in execution_ids if i not in self._executions]

    def ids(self, workgroup: str) -> list[str]:
        """The ids of a workgroup's queries, the newest first."""
        mine = [e for e in list(self._executions.values()) if e.workgroup == workgroup]
        return [execution.id for execution in reversed(mine)]

    def stop(self, execution_id: str) -> None:
        """Cancel a query, in the queue or in the engine; without effect once it has ended."""
        execution = self.get(execution_id)
        with execution.lock:
            execution.stop_requested = True
            if execution.state == "QUEUED":
                execution.end("CANCELLED", _STOPPED)
        if not execution.is_final:
            execution.query.cancel()

    def results(self, execution_id: str, token: str | None, limit: int | None) -> ResultPage:
        """A page of a succeeded query's result, read from its object in S3."""
        execution = self.get(execution_id)
        if not execution.is_final:
            raise InvalidRequestError(
                f"Query has not yet finished. Current state: {execution.state}"
            )
        if execution.state != "SUCCEEDED":
            raise InvalidRequestError(
                f"Query did not finish successfully. Final query state: {execution.state}"
            )
        limit = _PAGE_ROWS if limit is None else limit
        if not 1 <= limit <= _PAGE_ROWS:
            raise InvalidRequestError(f"MaxResults must be 1 to {_PAGE_ROWS}")
        if token is not None and not token.isdecimal():
            raise InvalidRequestError("NextToken is not one that was given out")

        def read(start: int, size: int) -> bytes:
            part = self._store.read_range(
                execution.location.bucket, execution.result_key, start, size
            )
            if part is None:
                raise InvalidRequestError(
                    f"Could not find results: s3://{execution.location.bucket}/"
                    f"{execution.result_key} does not exist"
                )
            return part

        rows, next_start = read_rows(read, int(token or 0), limit)
        next_token = None if next_start is None else str(next_start)
        return ResultPage(execution.columns, rows, next_token)

    def close(self) -> None:
        """Cancel what runs, and wait until the workers have ended."""
        for execution_id in list(self._executions):
            self.stop(execution_id)
        self._workers.shutdown()

    def _accept(
        self, request: Mapping[str, Any], workgroup: str, settings: Mapping[str, Any]
    ) -> QueryExecution:
        if request.get("ExecutionParameters"):
            raise InvalidRequestError("The local Athena does not take ExecutionParameters")
        context = request.get("QueryExecutionContext") or {}
        execution = QueryExecution(
            sql=request["QueryString"],
            context=context,
            workgroup=workgroup,
            location=self._location(request, settings),
            query=self._engine.query(
                Statement(
                    request["QueryString"],
                    context.get("Database"),
                    settings.get("BytesScannedCutoffPerQuery"),
                )
            ),
        )
        self._executions[execution.id] = execution
        return execution

    def _location(self, request: Mapping[str, Any], settings: Mapping[str, Any]) -> ResultLocation:
        ours = settings.get("ResultConfiguration") or {}
        theirs = request.get("ResultConfiguration") or {}
        chosen = ours if settings.get("EnforceWorkGroupConfiguration") else {**ours, **theirs}
        try:
            location = ResultLocation.parse(
                chosen.get("OutputLocation", ""), chosen.get("EncryptionConfiguration") or {}
            )
        except ValueError:
            raise InvalidRequestError(
                "No output location provided. An output location is required either through the "
                "Workgroup result configuration setting or as an API input."
            ) from None
        if not self._store.has_bucket(location.bucket):
            raise InvalidRequestError(f"Unable to verify/create output bucket {location.bucket}")
        return location

    def _run(self, execution: QueryExecution) -> None:
        if not execution.begin():
            return
        try:
            self._answer(execution)
        except QueryCancelledError:
            execution.end("CANCELLED", _STOPPED)
        except BytesCutoffError:
            execution.end("CANCELLED", "Bytes scanned limit was exceeded")
        except QueryFailedError as error:
            execution.fail(error)
        except Exception as error:  # a query always ends in a state, whatever happened to it
            logger.exception("The local Athena could not run query %s", execution.id)
            execution.fail(
                QueryFailedError("GENERIC_INTERNAL_ERROR", str(error), ErrorKind.INTERNAL)
            )
        finally:
            execution.query.close()

    def _answer(self, execution: QueryExecution) -> None:
        result = execution.query.run()
        execution.columns = tuple(result.columns)
        file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - becomes the object in S3
        try:
            execution.output_rows = write_csv(result, file)
            execution.output_bytes = file.tell()
            self._succeed(execution, file)
        except BaseException:
            file.close()
            raise

    def _succeed(self, execution: QueryExecution, file: IO[bytes]) -> None:
        """The result into S3 and the query to its end, at once: a stop comes before or after."""
        bucket, encryption = execution.location.bucket, execution.location.object_encryption
        with execution.lock:
            if execution.stop_requested:
                raise QueryCancelledError
            if not self._store.has_bucket(bucket):
                raise QueryFailedError(
                    "PERMISSION_DENIED",
                    f"Unable to write the result: the bucket {bucket} does not exist",
                    ErrorKind.RESULT_WRITE,
                )
            about = metadata(execution.columns)
            self._store.put(bucket, f"{execution.result_key}.metadata", about, encryption)
            self._store.put_file(bucket, execution.result_key, file, encryption)
            execution.end("SUCCEEDED")
