"""The Invoke API, called by boto3 as operators' programs call it, and by hand for what boto3 hides.

Names and words of errors are those recorded from AWS.
"""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest
import urllib3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.gateway import Gateway
from local.lambda_api import EventQueue, InvokeApi, QueueSettings, send_to_queue
from local.stack import LocalStack
from local.template import LambdaFunction
from tests.functional.conftest import WORKSPACE, Caller
from tests.functional.lambda_probe import NAME, eventually, probe, running
from tests.functional.served_api import ServedApi

ARN = f"arn:aws:lambda:eu-central-1:123456789012:function:{NAME}"
QUEUE = "arn:aws:sqs:eu-central-1:123456789012:failed"
EVENTS = Path(__file__).parents[2] / "events"


def lambda_client(url: str) -> Any:
    return boto3.client(
        "lambda",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=Config(retries={"total_max_attempts": 1}, parameter_validation=False),
    )


class Probe:
    """One function behind the Invoke API."""

    def __init__(self, url: str, log: Path, sent: list[tuple[str, Any]]) -> None:
        self.url = url
        self.client = lambda_client(url)
        self.sent = sent
        self._log = log

    @property
    def log(self) -> str:
        return self._log.read_text() if self._log.exists() else ""

    def invoke(self, payload: Any = None, **request: Any) -> dict[str, Any]:
        sent = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        answer: dict[str, Any] = self.client.invoke(
            **{"FunctionName": NAME, "Payload": sent, **request}
        )
        answer["Payload"] = answer["Payload"].read()
        return answer

    def refused(self, payload: Any = None, **request: Any) -> dict[str, Any]:
        with pytest.raises(ClientError) as refusal:
            self.invoke(payload, **request)
        return dict(refusal.value.response)

    def post(self, path: str, method: str = "POST", **headers: str) -> urllib3.BaseHTTPResponse:
        """A request as it is, of a client that is no SDK."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return urllib3.request(method, self.url + path, body=b"{}", headers=named, timeout=30)


Served = Callable[..., Probe]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with ExitStack() as open_until_the_end:

        def serve(
            function: str | LambdaFunction,
            **options: Any,
        ) -> Probe:
            sent: list[tuple[str, Any]] = []
            runtime = open_until_the_end.enter_context(running(function, tmp_path, **options))
            queue = EventQueue(
                runtime.run,
                lambda arn, message: sent.append((arn, json.loads(message))),
                {NAME: QueueSettings(retries=2, on_failure=QUEUE)},
                retry_seconds=(0.01, 0.02),
            )
            open_until_the_end.enter_context(closing(queue))
            gateway = Gateway(
                ServedApi().definition,
                runtime.invoke,
                front=lambda api: InvokeApi({NAME}, runtime.run, queue, api),
            )
            open_until_the_end.enter_context(gateway)
            return Probe(gateway.url, tmp_path / f"{NAME}.log", sent)

        yield serve


def request_id(answer: dict[str, Any]) -> str:
    named: str = answer["ResponseMetadata"]["RequestId"]
    return named


@pytest.mark.parametrize(
    "event", [None, True, 3, 0.1, "text", "Ünïcødé 🦆 \u2028", [], {"a": [1, {"b": None}]}]
)
def test_the_functions_answer_is_the_payload(served: Served, event: Any) -> None:
    answer = served("probe.echo").invoke(event)
    assert json.loads(answer["Payload"]) == event
    assert answer["Payload"].decode() == json.dumps(event, ensure_ascii=False)
    assert answer["StatusCode"] == 200
    assert answer["ExecutedVersion"] == "$LATEST"
    assert not answer.keys() & {"FunctionError", "LogResult"}


def test_no_payload_is_an_empty_object(served: Served) -> None:
    assert served("probe.echo").invoke(b"")["Payload"] == b"{}"


def test_the_functions_exception_is_told_with_the_requests_id(served: Served) -> None:
    answer = served("probe.fail").invoke({"message": "no disk"})
    payload = json.loads(answer["Payload"])
    assert answer["StatusCode"] == 200
    assert answer["FunctionError"] == "Unhandled"
    assert "raise ValueError" in "".join(payload.pop("stackTrace"))
    assert payload == {
        "errorMessage": "no disk",
        "errorType": "ValueError",
        "requestId": request_id(answer),
    }


@pytest.mark.parametrize(
    ("function", "event", "error_type", "words"),
    [
        ("probe.exit_with", 3, "Runtime.ExitError", "Runtime exited with error: exit status 3"),
        (
            probe("probe.spin", timeout=1),
            0,
            "Sandbox.Timedout",
            "Task timed out after 1.00 seconds",
        ),
    ],
)
def test_a_function_that_ends_without_an_answer_is_told_by_lambda(
    served: Served, function: Any, event: int, error_type: str, words: str
) -> None:
    answer = served(function).invoke(event)
    assert answer["FunctionError"] == "Unhandled"
    assert json.loads(answer["Payload"]) == {
        "errorType": error_type,
        "errorMessage": f"RequestId: {request_id(answer)} Error: {words}",
    }


def test_the_logs_tail_is_that_of_one_invocation(served: Served) -> None:
    api = served("probe.talk")
    for _ in range(2):
        answer = api.invoke(LogType="Tail")
        tail = base64.b64decode(answer["LogResult"]).decode()
        lines = tail.splitlines()
        assert lines[0] == f"START RequestId: {request_id(answer)} Version: $LATEST"
        assert tail.count("straight to descriptor 1") == tail.count("START") == 1
        assert lines[-2] == f"END RequestId: {request_id(answer)}"
        assert lines[-1].startswith(f"REPORT RequestId: {request_id(answer)}\tDuration: ")


def test_the_logs_tail_is_its_last_four_kilobytes(served: Served) -> None:
    api = served("probe.talk_much")
    tail = base64.b64decode(api.invoke(20_000, LogType="Tail")["LogResult"])
    assert len(tail) == 4096
    assert api.log.encode().endswith(tail)


@pytest.mark.parametrize(
    ("name", "qualifier"),
    [
        (NAME, None),
        (NAME, "$LATEST"),
        (f"{NAME}:$LATEST", None),
        (f"{NAME}:$LATEST", "$LATEST"),
        (f"function:{NAME}", None),
        (f"123456789012:function:{NAME}", None),
        (ARN, None),
        (f"{ARN}:$LATEST", None),
    ],
)
def test_a_function_has_many_names(served: Served, name: str, qualifier: str | None) -> None:
    request = {"FunctionName": name, **({"Qualifier": qualifier} if qualifier else {})}
    assert served("probe.echo").invoke("it", **request)["Payload"] == b'"it"'


PATTERN = (
    r"Member must satisfy regular expression pattern: (arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?"
    r"[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)"
    r"(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)


@pytest.mark.parametrize(
    ("request_", "status", "code", "message"),
    [
        (
            {"FunctionName": "doesnotexist"},
            404,
            "ResourceNotFoundException",
            (
                "Function not found: "
                "arn:aws:lambda:eu-central-1:123456789012:function:doesnotexist:$LATEST"
            ),
        ),
        (
            {"FunctionName": NAME, "Qualifier": "prod"},
            404,
            "ResourceNotFoundException",
            f"Function not found: {ARN}:prod",
        ),
        (
            {"FunctionName": f"{ARN}:1"},
            404,
            "ResourceNotFoundException",
            f"Function not found: {ARN}:1",
        ),
        (
            {"FunctionName": ARN.replace("eu-central-1", "us-east-1")},
            404,
            "ResourceNotFoundException",
            "Functions from 'us-east-1' are not reachable in this region ('eu-central-1')",
        ),
        (
            {"FunctionName": f"{NAME}:$LATEST", "Qualifier": "1"},
            400,
            "InvalidParameterValueException",
            "The derived qualifier from the function name does not match the specified qualifier.",
        ),
        (
            {"FunctionName": "my-function!"},
            400,
            "ValidationException",
            (
                "1 validation error detected: Value 'my-function!' at 'functionName' failed to"
                f" satisfy constraint: {PATTERN}"
            ),
        ),
        (
            {"FunctionName": NAME, "Qualifier": "invalid!"},
            400,
            "ValidationException",
            (
                "1 validation error detected: Value 'invalid!' at 'qualifier' failed to satisfy"
                r" constraint: Member must satisfy regular expression pattern: "
                r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
            ),
        ),
        (
            {"FunctionName": NAME, "InvocationType": "Later"},
            400,
            "ValidationException",
            (
                "1 validation error detected: Value 'Later' at 'invocationType' failed to satisfy"
                " constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]"
            ),
        ),
        (
            {"FunctionName": NAME, "LogType": "All"},
            400,
            "ValidationException",
            (
                "1 validation error detected: Value 'All' at 'logType' failed to satisfy"
                " constraint: Member must satisfy enum value set: [None, Tail]"
            ),
        ),
    ],
)
def test_what_names_no_function_is_refused_as_aws_does(
    served: Served, request_: dict[str, str], status: int, code: str, message: str
) -> None:
    refusal = served("probe.echo").refused(**request_)
    assert refusal["ResponseMetadata"]["HTTPStatusCode"] == status
    assert refusal["ResponseMetadata"]["HTTPHeaders"]["x-amzn-errortype"] == code
    assert refusal["Error"]["Code"] == code
    assert refusal["Error"]["Message"] == message
    assert refusal.get("Type") == (None if code == "ValidationException" else "User")


def test_another_accounts_function_is_not_to_be_had(served: Served) -> None:
    refusal = served("probe.echo").refused(FunctionName=ARN.replace("123456789012", "999999999999"))
    assert refusal["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert refusal["Error"]["Code"] == "AccessDeniedException"


@pytest.mark.parametrize("payload", [b"{nope", b"{'a': 1}", b"\xff\xfe", b"NaN", b"[" * 100_000])
@pytest.mark.parametrize("invocation_type", ["RequestResponse", "Event", "DryRun"])
def test_a_payload_that_is_no_json_never_reaches_the_function(
    served: Served, payload: bytes, invocation_type: str
) -> None:
    api = served("probe.echo")
    refusal = api.refused(payload, InvocationType=invocation_type)
    assert refusal["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert refusal["Error"]["Code"] == "InvalidRequestContentException"
    assert refusal["Error"]["Message"].startswith(
        "Could not parse request body into json: Could not parse payload into json: "
    )
    assert api.log == ""


@pytest.mark.parametrize(
    ("invocation_type", "limit", "status", "message"),
    [
        (
            "RequestResponse",
            6 * 2**20,
            200,
            "Request must be smaller than 6291456 bytes for the InvokeFunction operation",
        ),
        (
            "Event",
            2**20,
            202,
            "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)",
        ),
    ],
)
def test_a_payload_has_a_largest_size(
    served: Served, invocation_type: str, limit: int, status: int, message: str
) -> None:
    api = served("probe.echo")
    text = "ü" * (limit // 2 - 1)
    fits = json.dumps(text, ensure_ascii=False).encode()
    assert len(fits) == limit
    assert api.invoke(fits, InvocationType=invocation_type)["StatusCode"] == status
    for larger in (fits + b" ", b" " * (11 * 2**20)):
        refusal = api.refused(larger, InvocationType=invocation_type)
        assert refusal["ResponseMetadata"]["HTTPStatusCode"] == 413
        assert refusal["Error"]["Code"] == "RequestEntityTooLargeException"
        if larger == fits + b" ":
            assert refusal["Error"]["Message"] == message


def test_a_dry_run_runs_nothing(served: Served) -> None:
    api = served("probe.echo")
    answer = api.invoke({}, InvocationType="DryRun")
    assert (answer["StatusCode"], answer["Payload"]) == (204, b"")
    assert api.refused(FunctionName="Nobody", InvocationType="DryRun")["Error"]["Code"] == (
        "ResourceNotFoundException"
    )
    assert api.log == ""


def test_a_busy_function_says_when_to_come_again(served: Served, tmp_path: Path) -> None:
    api = served("probe.meet", max_concurrency=1)
    place = tmp_path / "place"
    place.mkdir()
    waiting = Thread(target=api.invoke, args=({"place": str(place), "expected": 2},))
    waiting.start()
    assert eventually(lambda: list(place.iterdir()), 60)
    refusal = api.refused({})
    (place / "the other one").touch()
    waiting.join()
    assert refusal["ResponseMetadata"]["HTTPStatusCode"] == 429
    assert refusal["ResponseMetadata"]["HTTPHeaders"]["retry-after"] == "1"
    assert refusal["Error"]["Code"] == "TooManyRequestsException"
    assert refusal["Reason"] == "ReservedFunctionConcurrentInvocationLimitExceeded"


def test_an_event_is_taken_at_once_and_run_once(served: Served) -> None:
    api = served("probe.sleep")
    began = time.monotonic()
    answer = api.invoke(3, InvocationType="Event")
    took = time.monotonic() - began
    assert (answer["StatusCode"], answer["Payload"]) == (202, b"")
    assert "ExecutedVersion" not in answer
    assert took < 3
    assert eventually(lambda: "REPORT" in api.log, 60)
    assert api.log.count("START") == 1
    assert f"START RequestId: {request_id(answer)}" in api.log
    assert api.sent == []


def test_a_failing_event_is_tried_three_times_under_one_id_then_reported(served: Served) -> None:
    api = served("probe.fail")
    answer = api.invoke({"message": "no disk"}, InvocationType="Event")
    assert eventually(lambda: api.sent, 60)
    assert re.findall("START RequestId: (.*) Version", api.log) == [request_id(answer)] * 3
    ((arn, record),) = api.sent
    assert arn == QUEUE
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record.pop("timestamp"))
    assert record["responsePayload"].pop("stackTrace")
    assert record == {
        "version": "1.0",
        "requestContext": {
            "requestId": request_id(answer),
            "functionArn": f"{ARN}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": {"message": "no disk"},
        "responseContext": {
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": "Unhandled",
        },
        "responsePayload": {
            "errorMessage": "no disk",
            "errorType": "ValueError",
            "requestId": request_id(answer),
        },
    }


@pytest.mark.parametrize("authorization", [{}, {"authorization": "Bearer a.b.c"}])
def test_a_request_that_is_not_signed_runs_nothing(
    served: Served, authorization: dict[str, str]
) -> None:
    api = served("probe.echo")
    answer = api.post(f"/2015-03-31/functions/{NAME}/invocations", **authorization)
    assert answer.status == 403
    assert answer.headers["x-amzn-errortype"] == "MissingAuthenticationTokenException"
    assert answer.json() == {"message": "Missing Authentication Token"}
    assert api.log == ""


def test_no_page_is_allowed_to_ask(served: Served) -> None:
    answer = served("probe.echo").post(
        f"/2015-03-31/functions/{NAME}/invocations",
        "OPTIONS",
        origin="https://app.example.com",
        access_control_request_method="POST",
        access_control_request_headers="authorization",
    )
    assert answer.status == 404
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize("path", ["/exports", "/2015-03-31/functions", "/2015-03-31/functions/x"])
def test_everything_else_is_the_apis(served: Served, path: str) -> None:
    answer = served("probe.echo").post(path)
    assert "apigw-requestid" in answer.headers
    assert answer.status == (401 if path == "/exports" else 404)


# The whole stack -------------------------------------------------------------------------------


def test_the_export_function_is_invoked_by_its_name_in_the_template(stack: LocalStack) -> None:
    answer = lambda_client(stack.url).invoke(
        FunctionName="ExportFunction", Payload=(EVENTS / "direct.json").read_bytes()
    )
    export = json.load(answer["Payload"])
    assert "FunctionError" not in answer
    assert export["status"] == "succeeded"
    assert export["trigger"] == "direct"


def test_an_export_that_nobody_waits_for_is_found_among_the_exports(
    stack: LocalStack, admin: Caller
) -> None:
    before = {export["id"] for export in admin("GET", "/exports").body["exports"]}
    event = json.dumps({"workspace_id": WORKSPACE, "period": "last_7_days"}).encode()
    lambda_client(stack.url).invoke(
        FunctionName="ExportFunction", Payload=event, InvocationType="Event"
    )

    def succeeded() -> bool:
        exports = admin("GET", "/exports").body["exports"]
        made = [export for export in exports if export["id"] not in before]
        return [export["status"] for export in made] == ["succeeded"]

    assert eventually(succeeded, 60)


def test_the_template_says_where_failed_events_go(stack: LocalStack) -> None:
    functions = stack.template.of_type("AWS::Serverless::Function")
    settings = QueueSettings.of_function(functions["ExportFunction"])
    assert (settings.retries, settings.max_age) == (2, 21_600)
    assert settings.on_failure
    send_to_queue(stack.aws.client, settings.on_failure, "a record")
    sqs = stack.aws.client("sqs")
    url = sqs.get_queue_url(QueueName=settings.on_failure.rpartition(":")[2])["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert message["Body"] == "a record"
    assert QueueSettings.of_function(functions["AuthorizerFunction"]) == QueueSettings()
