"""moto's Athena, with query executions that really run.

Workgroups, named queries, catalogs and tags stay moto's.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, cast

from moto.athena.models import AthenaBackend, athena_backends
from moto.athena.responses import AthenaResponse
from moto.core.base_backend import BackendDict
from moto.core.common_types import TYPE_RESPONSE
from moto.core.exceptions import JsonRESTError

from local.athena.engine import Column
from local.athena.executions import InvalidRequestError, QueryExecutions, TooManyQueriesError


@contextmanager
def athena_running_on(executions: QueryExecutions) -> Iterator[None]:
    """While it is open, moto's Athena is ours; moto's state starts and ends empty.

    Raises:
        RuntimeError: It is open already: moto keeps one state per process.
    """
    if athena_backends.backend is LocalAthenaBackend:
        raise RuntimeError("A local AWS is running in this process already; stop that one first.")
    LocalAthenaBackend.query_executions = executions
    athena_backends.backend = LocalAthenaBackend
    BackendDict.reset()
    try:
        yield
    finally:
        athena_backends.backend = AthenaBackend
        del LocalAthenaBackend.query_executions
        BackendDict.reset()


class LocalAthenaBackend(AthenaBackend):
    """moto's backend, but queries run."""

    query_executions: ClassVar[QueryExecutions]

    @property
    def url_paths(self) -> dict[str, Callable[[Any, str, Any], TYPE_RESPONSE]]:
        """One address for everything, as for every service whose requests name their action."""
        return {"/$": LocalAthenaResponse.dispatch}

    def settings(self, workgroup: str) -> dict[str, Any]:
        """A workgroup's configuration. Raises `InvalidRequestError` where there is none."""
        if workgroup not in self.work_groups:
            raise InvalidRequestError(f"WorkGroup {workgroup} is not found.")
        return self.work_groups[workgroup].configuration


class LocalAthenaResponse(AthenaResponse):
    """The requests about query executions, in Athena's JSON."""

    def call_action(self) -> TYPE_RESPONSE:
        try:
            return super().call_action()
        except InvalidRequestError as error:
            return self._refuse(str(error))
        except TooManyQueriesError as error:
            body = {
                "__type": "TooManyRequestsException",
                "Message": str(error),
                "Reason": "CONCURRENT_QUERY_LIMIT_EXCEEDED",
            }
            return 400, self.response_headers, json.dumps(body)
        except NotImplementedError:  # which would be a 500, and every SDK would try again
            return self._refuse(f"The local Athena has no {self._get_action()}")

    def _refuse(self, message: str) -> TYPE_RESPONSE:
        refusal = JsonRESTError("InvalidRequestException", message)
        return 400, {**self.response_headers, **dict(refusal.get_headers())}, refusal.get_body()

    def get_work_group(self) -> str:
        name = self._required("WorkGroup")
        cast("LocalAthenaBackend", self.athena_backend).settings(name)  # which refuses unknown ones
        return super().get_work_group()

    def start_query_execution(self) -> str:
        workgroup = self._request.get("WorkGroup") or "primary"
        self._required("QueryString")
        settings = cast("LocalAthenaBackend", self.athena_backend).settings(workgroup)
        execution_id = self._executions.start(self._request, workgroup, settings)
        return json.dumps({"QueryExecutionId": execution_id})

    def stop_query_execution(self) -> str:
        self._executions.stop(self._required("QueryExecutionId"))
        return "{}"

    def get_query_execution(self) -> str:
        execution = self._executions.get(self._required("QueryExecutionId"))
        return json.dumps({"QueryExecution": execution.description()})

    def batch_get_query_execution(self) -> str:
        found, unknown = self._executions.get_batch(self._required("QueryExecutionIds"))
        return json.dumps(
            {
                "QueryExecutions": [execution.description() for execution in found],
                "UnprocessedQueryExecutionIds": [
                    {
                        "QueryExecutionId": execution_id,
                        "ErrorCode": "INVALID_INPUT",
                        "ErrorMessage": f"QueryExecution {execution_id} was not found",
                    }
                    for execution_id in unknown
                ],
            }
        )

    def list_query_executions(self) -> str:
        ids = self._executions.ids(self._request.get("WorkGroup") or "primary")
        return json.dumps({"QueryExecutionIds": ids})

    def get_query_runtime_statistics(self) -> str:
        execution = self._executions.get(self._required("QueryExecutionId"))
        return json.dumps({"QueryRuntimeStatistics": execution.runtime_statistics()})

    def get_query_results(self) -> str:
        page = self._executions.results(
            self._required("QueryExecutionId"),
            self._request.get("NextToken"),
            self._request.get("MaxResults"),
        )
        answer: dict[str, Any] = {
            "UpdateCount": 0,
            "ResultSet": {
                "Rows": [{"Data": [_datum(value) for value in row]} for row in page.rows],
                "ResultSetMetadata": {"ColumnInfo": [_column_info(c) for c in page.columns]},
            },
        }
        if page.next_token is not None:
            answer["NextToken"] = page.next_token
        return json.dumps(answer)

    @property
    def _executions(self) -> QueryExecutions:
        return LocalAthenaBackend.query_executions

    @property
    def _request(self) -> dict[str, Any]:
        """The body. moto's own accessors would first take it for a query string."""
        try:
            request = json.loads(self.body)
        except ValueError:
            request = None
        if not isinstance(request, dict):
            raise InvalidRequestError("The request's body is not a JSON object")
        return request

    def _required(self, name: str) -> Any:
        if not self._request.get(name):
            raise InvalidRequestError(f"{name} is required")
        return self._request[name]


def _datum(value: str | None) -> dict[str, str]:
    return {} if value is None else {"VarCharValue": value}


def _column_info(column: Column) -> dict[str, Any]:
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": column.name,
        "Label": column.name,
        "Type": column.type,
        "Precision": column.precision,
        "Scale": column.scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": column.type == "varchar",
    }
