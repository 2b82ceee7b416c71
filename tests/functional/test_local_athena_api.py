"""The local Athena over HTTP: what Athena promises its clients and moto alone does not."""

import json
import os
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.stack import LocalStack
from tests.functional.athena_caller import (
    DATABASE,
    WORKGROUP,
    AthenaCaller,
    calls,
    write_call_log,
)

OPEN_FILES = Path("/dev/fd")
UNKNOWN = "00000000-0000-0000-0000-000000000000"
FOR_EVER = (
    "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x) "
    "CROSS JOIN UNNEST(sequence(1, 10000)) b(y) CROSS JOIN UNNEST(sequence(1, 10000)) c(z) "
    "WHERE (x * y + z) % 7 = 3"
)


@pytest.fixture(scope="module")
def caller(stack: LocalStack) -> AthenaCaller:
    return AthenaCaller(stack.aws)


@pytest.fixture(scope="module")
def other_bucket(caller: AthenaCaller) -> str:
    name = "somebody-elses-results"
    caller.s3.create_bucket(
        Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    return name


@pytest.fixture(scope="module")
def query_id(caller: AthenaCaller) -> str:
    """2,500 rows of every kind of value."""
    sql = (
        "SELECT x AS n, CASE x % 3 WHEN 0 THEN '' WHEN 1 THEN NULL ELSE 'a \"b\",\nü' END AS t,"
        " cast(x AS decimal(10, 2)) AS d FROM UNNEST(sequence(1, 2500)) s(x) ORDER BY x"
    )
    execution_id: str = caller.run(sql).execution["QueryExecutionId"]
    return execution_id


@pytest.fixture(scope="module")
def pages(caller: AthenaCaller, query_id: str) -> list[Any]:
    paginator = caller.athena.get_paginator("get_query_results")
    return list(paginator.paginate(QueryExecutionId=query_id))


@pytest.mark.skipif(not OPEN_FILES.is_dir(), reason="this system does not list open files")
def test_small_results_keep_no_file_open(caller: AthenaCaller) -> None:
    caller.run("SELECT 1")  # whatever is opened once
    before = len(list(OPEN_FILES.iterdir()))
    for number in range(30):
        caller.run(f"SELECT {number}")
    assert len(list(OPEN_FILES.iterdir())) - before < 15  # a laptop's process may have 256


class TestWorkgroup:
    def test_an_enforced_workgroup_decides_where_and_how_results_are_stored(
        self, caller: AthenaCaller, other_bucket: str
    ) -> None:
        answer = caller.run(
            "SELECT 1",
            ResultConfiguration={
                "OutputLocation": f"s3://{other_bucket}/mine/",
                "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "mine"},
            },
        )
        settings = caller.athena.get_work_group(WorkGroup=WORKGROUP)["WorkGroup"]["Configuration"]
        configured = settings["ResultConfiguration"]
        described = answer.execution["ResultConfiguration"]
        query_id = answer.execution["QueryExecutionId"]

        assert described["OutputLocation"] == f"{configured['OutputLocation']}{query_id}.csv"
        assert described["EncryptionConfiguration"] == configured["EncryptionConfiguration"]
        bucket, _, key = described["OutputLocation"].removeprefix("s3://").partition("/")
        stored = caller.s3.head_object(Bucket=bucket, Key=key)
        algorithms = {"SSE_S3": "AES256", "SSE_KMS": "aws:kms"}
        option = configured["EncryptionConfiguration"]["EncryptionOption"]
        assert stored["ServerSideEncryption"] == algorithms[option]
        assert "Contents" not in caller.s3.list_objects_v2(Bucket=other_bucket, Prefix="mine/")

    def test_a_workgroup_that_is_not_enforced_lets_the_client_decide(
        self, caller: AthenaCaller, other_bucket: str
    ) -> None:
        answer = caller.run(
            "SELECT 1",
            WorkGroup="primary",
            ResultConfiguration={
                "OutputLocation": f"s3://{other_bucket}/chosen",
                "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "a-key"},
            },
        )
        query_id = answer.execution["QueryExecutionId"]
        stored = caller.s3.head_object(Bucket=other_bucket, Key=f"chosen/{query_id}.csv")
        assert (stored["ServerSideEncryption"], stored["SSEKMSKeyId"]) == ("aws:kms", "a-key")

    @pytest.mark.parametrize(
        ("request_", "message"),
        [
            ({"WorkGroup": "nobody"}, "WorkGroup nobody is not found"),
            ({"WorkGroup": "primary"}, "No output location provided"),
            (
                {
                    "WorkGroup": "primary",
                    "ResultConfiguration": {"OutputLocation": "s3://no-such-bucket/"},
                },
                "Unable to verify/create output bucket no-such-bucket",
            ),
        ],
        ids=["unknown workgroup", "nowhere to write", "no such bucket"],
    )
    def test_a_query_that_has_no_place_is_refused(
        self, caller: AthenaCaller, request_: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ClientError, match=message) as raised:
            caller.start("SELECT 1", **request_)
        assert raised.value.response["Error"]["Code"] == "InvalidRequestException"

    def test_a_query_that_would_read_more_than_the_cutoff_is_cancelled_with_athenas_reason(
        self, caller: AthenaCaller, stack: LocalStack, other_bucket: str, tmp_path: Path
    ) -> None:
        digits = os.urandom(6_000_000).hex()
        ids = [{"call_id": digits[start : start + 1000]} for start in range(0, 12_000_000, 1000)]
        write_call_log(tmp_path, "ws-large", "2026-01-01", calls(ids), use_dictionary=False)
        stack.aws.add_call_logs(tmp_path)
        caller.athena.create_work_group(
            Name="frugal",
            Configuration={
                "EnforceWorkGroupConfiguration": True,
                "BytesScannedCutoffPerQuery": 10_000_000,  # the least there is
                "ResultConfiguration": {"OutputLocation": f"s3://{other_bucket}/"},
            },
        )
        large = "FROM api_calls WHERE workspace_id = 'ws-large' AND day = '2026-01-01'"
        execution = caller.ended(caller.start(f"SELECT call_id {large}", WorkGroup="frugal"))

        assert execution["Status"]["State"] == "CANCELLED"
        assert execution["Status"]["StateChangeReason"] == "Bytes scanned limit was exceeded"
        assert execution["Statistics"]["DataScannedInBytes"] > 10_000_000
        counted = caller.run(f"SELECT max(input_tokens) {large}", WorkGroup="frugal")
        assert counted.bytes_scanned < 100_000


class TestLookingAtQueries:
    def test_up_to_fifty_at_once_with_the_unknown_ones_told(self, caller: AthenaCaller) -> None:
        known = [caller.start(f"SELECT {number}") for number in range(2)]
        answer = caller.athena.batch_get_query_execution(QueryExecutionIds=[*known, UNKNOWN])
        assert [e["QueryExecutionId"] for e in answer["QueryExecutions"]] == known
        (unprocessed,) = answer["UnprocessedQueryExecutionIds"]
        assert unprocessed["QueryExecutionId"] == UNKNOWN

    def test_more_than_fifty_are_refused(self, caller: AthenaCaller) -> None:
        with pytest.raises(ClientError, match="1 to 50"):
            caller.athena.batch_get_query_execution(QueryExecutionIds=[UNKNOWN] * 51)

    @pytest.mark.parametrize(
        "operation",
        [
            "get_query_execution",
            "get_query_results",
            "get_query_runtime_statistics",
            "stop_query_execution",
        ],
    )
    def test_an_unknown_id_is_the_clients_mistake_and_not_a_server_error(
        self, caller: AthenaCaller, operation: str
    ) -> None:
        with pytest.raises(ClientError, match=f"{UNKNOWN} was not found") as raised:
            getattr(caller.athena, operation)(QueryExecutionId=UNKNOWN)
        assert raised.value.response["Error"]["Code"] == "InvalidRequestException"
        assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400

    @pytest.mark.parametrize("body", [b"", b"[]", b"{}", b"QueryExecutionId=x"])
    def test_a_malformed_request_is_no_server_error(
        self, caller: AthenaCaller, stack: LocalStack, body: bytes
    ) -> None:
        request = urllib.request.Request(  # noqa: S310 - a loopback address
            stack.aws.endpoint_url,
            data=body,
            headers={
                "X-Amz-Target": "AmazonAthena.GetQueryExecution",
                "Content-Type": "application/x-amz-json-1.1",
                "Authorization": "AWS4-HMAC-SHA256 "
                "Credential=testing/20260101/eu-central-1/athena/aws4_request",
            },
        )
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(request)  # noqa: S310
        with raised.value as answer:
            assert answer.code == 400
            assert json.load(answer)["__type"] == "InvalidRequestException"

    def test_what_is_described(self, caller: AthenaCaller) -> None:
        execution = caller.run("SELECT 1").execution
        assert execution["Query"] == "SELECT 1"
        assert execution["StatementType"] == "DML"
        assert execution["WorkGroup"] == WORKGROUP
        assert execution["QueryExecutionContext"] == {"Database": DATABASE}
        assert (
            execution["Status"]["SubmissionDateTime"] <= execution["Status"]["CompletionDateTime"]
        )

    def test_a_workgroups_queries_are_listed_the_newest_first(self, caller: AthenaCaller) -> None:
        mine = [caller.start("SELECT 1") for _ in range(3)]
        listed = caller.athena.list_query_executions(WorkGroup=WORKGROUP)["QueryExecutionIds"]
        assert listed[:3] == mine[::-1]

    def test_rows_are_counted_without_the_header(self, caller: AthenaCaller) -> None:
        query_id = caller.run("SELECT x FROM UNNEST(sequence(1, 1234)) t(x)").execution[
            "QueryExecutionId"
        ]
        answer = caller.athena.get_query_runtime_statistics(QueryExecutionId=query_id)
        assert answer["QueryRuntimeStatistics"]["Rows"]["OutputRows"] == 1234

    def test_a_failed_query_has_no_row_count(self, caller: AthenaCaller) -> None:
        query_id = caller.start("SELECT nothing")
        caller.ended(query_id)
        answer = caller.athena.get_query_runtime_statistics(QueryExecutionId=query_id)
        assert "Rows" not in answer["QueryRuntimeStatistics"]


class TestStopping:
    def test_a_query_is_interrupted_in_the_engine(self, caller: AthenaCaller) -> None:
        query_id = caller.start(FOR_EVER)
        time.sleep(0.2)  # the engine is at work by then; it would be for days
        assert caller.look(query_id)["Status"]["State"] == "RUNNING"
        started = time.monotonic()
        caller.athena.stop_query_execution(QueryExecutionId=query_id)

        status = caller.ended(query_id)["Status"]
        assert status["State"] == "CANCELLED"
        assert status["StateChangeReason"] == "Query cancelled by user"
        assert time.monotonic() - started < 5

    def test_stopping_at_any_moment_ends_the_query(self, caller: AthenaCaller) -> None:
        for milliseconds in (0, 5, 20, 40, 80):  # before, between and in the engine's steps
            query_id = caller.start(FOR_EVER)
            time.sleep(milliseconds / 1000)
            caller.athena.stop_query_execution(QueryExecutionId=query_id)
            assert caller.ended(query_id)["Status"]["State"] == "CANCELLED"


class TestResults:
    def test_pages_have_a_thousand_rows_and_the_first_starts_with_the_header(
        self, pages: list[Any]
    ) -> None:
        sizes = [len(page["ResultSet"]["Rows"]) for page in pages]
        assert sizes == [1000, 1000, 501]
        header = pages[0]["ResultSet"]["Rows"][0]["Data"]
        assert [cell["VarCharValue"] for cell in header] == ["n", "t", "d"]

    def test_pages_together_hold_every_row_once_and_null_is_no_value(
        self, pages: list[Any]
    ) -> None:
        rows = [row["Data"] for page in pages for row in page["ResultSet"]["Rows"]][1:]
        texts = [{"VarCharValue": ""}, {}, {"VarCharValue": 'a "b",\nü'}]
        assert rows == [
            [{"VarCharValue": str(x)}, texts[x % 3], {"VarCharValue": f"{x}.00"}]
            for x in range(1, 2501)
        ]

    def test_smaller_pages_on_request(self, caller: AthenaCaller, query_id: str) -> None:
        first = caller.athena.get_query_results(QueryExecutionId=query_id, MaxResults=2)
        rest = caller.athena.get_query_results(
            QueryExecutionId=query_id, MaxResults=2, NextToken=first["NextToken"]
        )
        values = [
            row["Data"][0]["VarCharValue"]
            for page in (first, rest)
            for row in page["ResultSet"]["Rows"]
        ]
        assert values == ["n", "1", "2", "3"]

    def test_columns_have_athenas_types(self, pages: list[Any]) -> None:
        columns = pages[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        assert [(c["Name"], c["Type"], c["Precision"], c["Scale"]) for c in columns] == [
            ("n", "bigint", 19, 0),
            ("t", "varchar", 2_147_483_647, 0),
            ("d", "decimal", 10, 2),
        ]

    @pytest.mark.parametrize(
        ("request_", "message"),
        [
            ({"MaxResults": 1001}, "MaxResults must be 1 to 1000"),
            ({"NextToken": "made up"}, "NextToken"),
        ],
    )
    def test_a_page_that_cannot_be_is_refused(
        self, caller: AthenaCaller, query_id: str, request_: dict[str, Any], message: str
    ) -> None:
        with pytest.raises(ClientError, match=message):
            caller.athena.get_query_results(QueryExecutionId=query_id, **request_)

    def test_a_query_without_result_has_no_pages(self, caller: AthenaCaller) -> None:
        query_id = caller.start("SELECT nothing")
        caller.ended(query_id)
        with pytest.raises(ClientError, match=r"did not finish successfully\. .*FAILED"):
            caller.athena.get_query_results(QueryExecutionId=query_id)

    def test_a_result_whose_object_is_deleted_is_gone(self, caller: AthenaCaller) -> None:
        execution = caller.run("SELECT 1").execution
        location = execution["ResultConfiguration"]["OutputLocation"]
        bucket, _, key = location.removeprefix("s3://").partition("/")
        caller.s3.delete_object(Bucket=bucket, Key=key)
        with pytest.raises(ClientError, match="Could not find results"):
            caller.athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])

    def test_metadata_lies_beside_the_csv(self, caller: AthenaCaller) -> None:
        location = caller.run("SELECT 1").execution["ResultConfiguration"]["OutputLocation"]
        assert caller.object(f"{location}.metadata")
