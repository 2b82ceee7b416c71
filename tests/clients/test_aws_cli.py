"""The AWS CLI: what an operator types."""

import base64
import json
import re
import time
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
import urllib3

from local.report import serving
from local.stack import LocalStack
from tests.clients.conftest import ROOT, STATEMENT, WORKSPACE, Clients, Ended
from tests.clients.programs.rows import Row
from tests.functional.athena_caller import DATABASE, WORKGROUP
from tests.parquet_oracle import HEADER, csv_rows, logged_calls

DIRECT = ROOT / "events" / "direct.json"


def invoke(clients: Clients, payload: str, *more: str, name: str = "ExportFunction") -> Ended:
    return clients.aws(
        *("lambda", "invoke", "--function-name", name, "--payload", payload, *more, "out.json")
    )


def written(clients: Clients) -> Any:
    return json.loads((clients.folder / "out.json").read_text())


@pytest.mark.parametrize("scheme", ["file", "fileb"])
def test_the_saved_event_gives_an_export(clients: Clients, scheme: str) -> None:
    answer = invoke(clients, f"{scheme}://{DIRECT}")
    assert answer.json == {"StatusCode": 200, "ExecutedVersion": "$LATEST"}, answer.errors
    assert written(clients)["status"] == "succeeded"
    assert written(clients)["workspace_id"] == WORKSPACE


def test_the_lines_to_paste_run_as_they_stand(
    clients: Clients, stack: LocalStack, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    serving(stack, WORKSPACE, tmp_path, has_page=False)
    printed = [line.strip() for line in capsys.readouterr().out.splitlines()]
    lines = [line for line in printed if line.startswith(("export AWS_", "aws "))]
    assert [line.split()[:2] for line in lines if line.startswith("aws ")] == [["aws", "lambda"]]
    script = "\n".join(["unset ${!AWS_*}", f"ln -s {ROOT}/events .", *lines])
    ended = clients.bash(script)
    assert ended.status == 0, ended.errors
    assert ended.json["StatusCode"] == 200
    assert written(clients)["status"] == "succeeded"


def test_the_readmes_line_runs_as_it_stands(clients: Clients, stack: LocalStack) -> None:
    (line,) = re.findall(r"^    (aws lambda invoke .*127.0.0.1:8080.*)$", readme(), re.MULTILINE)
    script = f"ln -s {ROOT}/events .\n" + line.replace("http://127.0.0.1:8080", stack.url)
    ended = clients.bash(f"unset AWS_ENDPOINT_URL_LAMBDA\n{script}")
    assert ended.status == 0, ended.errors
    assert written(clients)["status"] == "succeeded"


def readme() -> str:
    return (ROOT / "README.md").read_text()


def test_an_event_is_taken_and_a_dry_run_runs_nothing(clients: Clients) -> None:
    assert invoke(clients, "{}", "--invocation-type", "Event").json == {"StatusCode": 202}
    assert invoke(clients, "{}", "--invocation-type", "DryRun").json == {"StatusCode": 204}
    assert (clients.folder / "out.json").read_bytes() == b""


def test_a_function_that_raises_is_told_with_its_log(clients: Clients) -> None:
    answer = invoke(clients, "{}", "--log-type", "Tail", name="AnalyticsFunction")
    assert answer.status == 0
    assert answer.json["FunctionError"] == "Unhandled"
    assert written(clients)["errorType"] == "KeyError"
    log = base64.b64decode(answer.json["LogResult"]).decode()
    assert f"END RequestId: {written(clients)['requestId']}\n" in log
    assert "REPORT RequestId: " in log


@pytest.mark.parametrize(
    ("name", "payload", "words"),
    [
        (
            "Nobody",
            "{}",
            (
                "An error occurred (ResourceNotFoundException) when calling the Invoke operation:"
                " Function not found:"
                " arn:aws:lambda:eu-central-1:123456789012:function:Nobody:$LATEST"
            ),
        ),
        (
            "ExportFunction",
            "{nope",
            (
                "An error occurred (InvalidRequestContentException) when calling the Invoke"
                " operation: Could not parse request body into json: Could not parse payload into"
            ),
        ),
    ],
)
def test_what_cannot_be_invoked_is_an_error_of_the_cli(
    clients: Clients, name: str, payload: str, words: str
) -> None:
    answer = invoke(clients, payload, name=name)
    assert answer.status not in {0, 2}
    assert words in answer.errors
    assert not (clients.folder / "out.json").exists()


def test_athena_runs_a_statement_and_pages_through_its_rows(
    clients: Clients, logged: list[Row]
) -> None:
    started = clients.aws(
        *("athena", "start-query-execution", "--query-string", STATEMENT),
        *("--work-group", WORKGROUP, "--query-execution-context", f"Database={DATABASE}"),
    )
    assert started.status == 0, started.errors
    query = ("--query-execution-id", started.json["QueryExecutionId"])
    execution = ended_execution(clients, *query)
    assert execution["Status"]["State"] == "SUCCEEDED"
    results = clients.aws("athena", "get-query-results", *query).json["ResultSet"]
    rows = [[datum.get("VarCharValue") for datum in row["Data"]] for row in results["Rows"]]
    names = [column["Name"] for column in results["ResultSetMetadata"]["ColumnInfo"]]
    assert rows == [names, *logged]
    copied = clients.aws("s3", "cp", execution["ResultConfiguration"]["OutputLocation"], "q.csv")
    assert copied.status == 0, copied.errors
    header, written_rows = csv_rows((clients.folder / "q.csv").read_bytes())
    assert list(header) == names
    assert [list(row) for row in written_rows] == logged


def ended_execution(clients: Clients, *query: str) -> dict[str, Any]:
    deadline = time.monotonic() + 120
    while True:
        looked = clients.aws("athena", "get-query-execution", *query).json["QueryExecution"]
        if looked["Status"]["State"] not in {"QUEUED", "RUNNING"}:
            execution: dict[str, Any] = looked
            return execution
        assert time.monotonic() < deadline, looked


def test_s3_copies_a_finished_export(clients: Clients, call_logs: Path, today: date) -> None:
    first, last = today - timedelta(days=9), today - timedelta(days=2)
    asked = {"workspace_id": WORKSPACE, "start": f"{first}", "end": f"{last}", "timezone": "UTC"}
    assert invoke(clients, json.dumps(asked)).status == 0
    url = written(clients)["file"]["download_url"]
    place = unquote(urlsplit(url).path).strip("/")  # the local S3 has its buckets in the path
    copied = clients.aws("s3", "cp", f"s3://{place}", "export.csv")
    assert copied.status == 0, copied.errors
    content = (clients.folder / "export.csv").read_bytes()
    assert content == urllib3.request("GET", url).data
    header, rows = csv_rows(content)
    assert header == HEADER
    assert rows == logged_calls(call_logs, WORKSPACE, midnight(first), midnight(last, 1))
    assert len(rows) > 100


def midnight(day: date, later: int = 0) -> datetime:
    return datetime.combine(day + timedelta(days=later), datetime.min.time())


def test_what_the_local_athena_lacks_is_refused_in_a_sentence(clients: Clients) -> None:
    answer = clients.aws(
        *("athena", "get-table-metadata", "--catalog-name", "AwsDataCatalog"),
        *("--database-name", DATABASE, "--table-name", "api_calls"),
    )
    assert answer.status not in {0, 2}
    assert "The local Athena has no GetTableMetadata" in answer.errors
