"""Athena, as the product uses it: start, look, stop, and read a small result."""

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from shared.aws_errors import RefusedError, ServiceUnavailableError, translated_errors
from shared.query_execution import QueryExecution, QueryState

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_athena.type_defs import QueryExecutionTypeDef
    from mypy_boto3_s3 import S3Client


class Athena:
    """One workgroup's queries over one database."""

    def __init__(
        self, athena: "AthenaClient", s3: "S3Client", *, workgroup: str, database: str
    ) -> None:
        self._athena = athena
        self._s3 = s3
        self._workgroup = workgroup
        self._database = database

    def start(self, statement: str, request_token: str) -> str:
        """Start a query, or find the one that this token started before.

        Args:
            statement: SQL, complete.
            request_token: 32 to 128 characters, the same for the same intent.

        Returns:
            The query execution id.

        Raises:
            ServiceUnavailableError: Athena's queue is full, or it does not answer.
            RefusedError: Athena says no for good.
        """
        with translated_errors():
            return self._athena.start_query_execution(
                QueryString=statement,
                ClientRequestToken=request_token,
                WorkGroup=self._workgroup,
                QueryExecutionContext={"Database": self._database},
                ResultReuseConfiguration={
                    # a reused result could be another workspace's
                    "ResultReuseByAgeConfiguration": {"Enabled": False}
                },
            )["QueryExecutionId"]

    def look(self, query_ids: list[str]) -> dict[str, QueryExecution]:
        """The present state of up to 50 queries, in one call.

        Raises:
            ServiceUnavailableError: Also where Athena left one out of its answer.
        """
        with translated_errors():
            answer = self._athena.batch_get_query_execution(QueryExecutionIds=query_ids)
            found = {query.id: query for query in map(_query, answer["QueryExecutions"])}
        if missing := set(query_ids) - found.keys():
            raise ServiceUnavailableError(f"Athena does not say how {sorted(missing)} stand")
        return found

    def output_rows(self, query_id: str) -> int | None:
        """How many rows a finished query wrote; None where Athena does not know (yet)."""
        with translated_errors():
            answer = self._athena.get_query_runtime_statistics(QueryExecutionId=query_id)
            return answer["QueryRuntimeStatistics"].get("Rows", {}).get("OutputRows")

    def stop(self, query_id: str) -> None:
        """Stop a query; one that has ended stays as it ended."""
        try:
            with translated_errors():
                self._athena.stop_query_execution(QueryExecutionId=query_id)
        except RefusedError:
            if not self.look([query_id])[query_id].state.is_final:
                raise

    def result(self, query: QueryExecution, *, having: str) -> Iterator[dict[str, str]]:
        """The rows of a succeeded query's result object; NULL reads as an empty string.

        The object is read whole: for small results only. It must have the column `having`: of
        anything else that answers, a page of a proxy, no row would be left, which is a result.
        """
        with translated_errors():
            body = self._s3.get_object(Bucket=query.bucket, Key=query.key)["Body"].read()
            lines = csv.reader(io.StringIO(body.decode(), newline=""))
            header = next(lines, [])
            if having not in header:
                raise ValueError(f"{query.key} has no column {having}")
            # not by DictReader, which takes twice as long for the hours of a year
            return iter([dict(zip(header, line, strict=True)) for line in lines])


def _query(execution: "QueryExecutionTypeDef") -> QueryExecution:
    status = execution["Status"]
    statistics = execution.get("Statistics", {})
    location = execution.get("ResultConfiguration", {}).get("OutputLocation", "")
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return QueryExecution(
        id=execution["QueryExecutionId"],
        state=QueryState(status["State"]),
        reason=status.get("StateChangeReason", ""),
        is_retryable=status.get("AthenaError", {}).get("Retryable", False),
        bytes_scanned=statistics.get("DataScannedInBytes", 0),
        queued_ms=statistics.get("QueryQueueTimeInMillis", 0),
        engine_ms=statistics.get("EngineExecutionTimeInMillis", 0),
        bucket=bucket,
        key=key,
    )
