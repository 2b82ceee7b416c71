import json
import time
from pathlib import Path
from typing import Any

import pytest

from local.lambda_runtime import LambdaError, LambdaTimeoutError, RequestTooLargeError
from local.template import LambdaFunction
from tests.functional.lambda_probe import NAME, error_of, probe, running

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "value", [None, True, 3, 0.1, "text", "Ünïcødé 🦆 \u2028", [], {"a": [1, {"b": None}]}]
)
def test_an_event_reaches_the_handler_and_its_answer_the_caller(tmp_path: Path, value: Any) -> None:
    with running("probe.echo", tmp_path) as runtime:
        assert runtime.invoke(NAME, value) == value


def test_an_event_of_six_megabytes_passes_and_a_larger_one_is_refused(tmp_path: Path) -> None:
    limit = 6 * 1024 * 1024 - len('""')
    with running("probe.echo", tmp_path) as runtime:
        assert runtime.invoke(NAME, "x" * limit) == "x" * limit
        with pytest.raises(RequestTooLargeError, match="smaller than 6291456 bytes"):
            runtime.invoke(NAME, "x" * (limit + 1))


def test_an_answer_over_six_megabytes_is_an_error(tmp_path: Path) -> None:
    limit = 6_291_556 - len('""')
    with running("probe.answer_text_of", tmp_path) as runtime:
        assert len(runtime.invoke(NAME, limit)) == limit
        with pytest.raises(LambdaError) as error:
            runtime.invoke(NAME, limit + 1)
    assert error.value.error_type == "Function.ResponseSizeTooLarge"
    assert error.value.message == (
        "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
    )


def test_an_answer_that_is_no_json_is_an_error(tmp_path: Path) -> None:
    assert error_of("probe.answer_what_is_no_json", tmp_path, {}).payload == {
        "errorType": "Runtime.MarshalError",
        "errorMessage": (
            "Unable to marshal response: Object of type Decimal is not JSON serializable"
        ),
        "stackTrace": [],
    }


def test_an_unknown_function_is_a_key_error(tmp_path: Path) -> None:
    with running("probe.echo", tmp_path) as runtime, pytest.raises(KeyError, match="Nobody"):
        runtime.invoke("Nobody", {})


def test_nothing_that_a_handler_prints_is_taken_for_its_answer(tmp_path: Path) -> None:
    with running("probe.talk", tmp_path) as runtime:
        assert runtime.invoke(NAME, {}) == "an answer"


def test_a_handler_gets_lambdas_context(tmp_path: Path) -> None:
    with running("probe.describe_context", tmp_path) as runtime:
        context = runtime.invoke(NAME, {})
    before, after = context.pop("remaining")
    assert 10_000 >= before >= after + 50
    assert len(context.pop("aws_request_id")) == len("8f507cfc-xmpl-4697-b07a-ac58fc914c95")
    assert "/[$LATEST]" in context.pop("log_stream_name")
    assert context == {
        "function_name": "Probe",
        "function_version": "$LATEST",
        "invoked_function_arn": "arn:aws:lambda:eu-central-1:123456789012:function:Probe",
        "memory_limit_in_mb": "256",
        "log_group_name": "/aws/lambda/Probe",
        "identity": None,
        "client_context": None,
    }


def test_a_handlers_environment_is_its_own_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    function = probe("probe.look_around", ROW_LIMIT="10", AWS_REGION="mars-north-1")
    with running(function, tmp_path) as runtime:
        environ = runtime.invoke(NAME, {})["environ"]
    environ.pop("LC_CTYPE", None)  # Python's own, where the machine lacks Lambda's locale
    assert environ.pop("_X_AMZN_TRACE_ID").startswith("Root=1-")
    assert "/[$LATEST]" in environ.pop("AWS_LAMBDA_LOG_STREAM_NAME")
    assert environ == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
        "AWS_LAMBDA_FUNCTION_NAME": "Probe",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/Probe",
        "AWS_REGION": "eu-central-1",
        "HOME": "/nonexistent",
        "LAMBDA_TASK_ROOT": str(ROOT),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "ROW_LIMIT": "10",
        "TZ": ":UTC",
        "_HANDLER": "tests.functional.handlers.probe.look_around",
    }


def test_a_handler_runs_in_its_task_root_in_utc_and_without_a_home(tmp_path: Path) -> None:
    with running("probe.look_around", tmp_path) as runtime:
        seen = runtime.invoke(NAME, {})
    assert (seen["directory"], seen["modules_from"]) == (str(ROOT), str(ROOT))
    assert seen["hour_offset"] == 0
    assert not Path(seen["home"]).exists()


def test_each_invocation_has_a_trace_of_its_own(tmp_path: Path) -> None:
    with running("probe.look_around", tmp_path) as runtime:
        seen = [runtime.invoke(NAME, {})["environ"] for _ in range(2)]
    assert seen[0]["_X_AMZN_TRACE_ID"] != seen[1]["_X_AMZN_TRACE_ID"]


def test_an_exception_becomes_lambdas_error_and_the_process_lives_on(tmp_path: Path) -> None:
    with running("probe.fail", tmp_path) as runtime:
        for message in ("boom", "again"):
            with pytest.raises(LambdaError) as error:
                runtime.invoke(NAME, {"message": message})
            payload = json.loads(json.dumps(error.value.payload))
            (frame,) = payload.pop("stackTrace")
            assert payload == {"errorType": "ValueError", "errorMessage": message}
            assert frame.startswith(f'  File "{ROOT}/tests/functional/handlers/probe.py", line ')
            assert 'in fail\n    raise ValueError(event["message"])\n' in frame
    assert (tmp_path / "Probe.log").read_text().count("probe is loaded") == 1


@pytest.mark.parametrize("handler", ["probe.sleep", "probe.spin"])
def test_a_function_is_stopped_when_its_time_is_up(tmp_path: Path, handler: str) -> None:
    started = time.monotonic()
    error = error_of(probe(handler, timeout=1), tmp_path, 60)
    assert 1 <= time.monotonic() - started < 5
    assert isinstance(error, LambdaTimeoutError)
    assert error.error_type == "Sandbox.Timedout"
    assert error.message.endswith(" Error: Task timed out after 1.00 seconds")


def test_after_a_time_out_the_next_event_has_a_new_process(tmp_path: Path) -> None:
    with running(probe("probe.sleep", timeout=1), tmp_path) as runtime:
        with pytest.raises(LambdaTimeoutError):
            runtime.invoke(NAME, 60)
        assert runtime.invoke(NAME, 0) == "slept"
    assert (tmp_path / "Probe.log").read_text().count("probe is loaded") == 2


@pytest.mark.parametrize(
    ("handler", "status", "reason"),
    [
        ("probe.exit_with", 1, "Runtime exited with error: exit status 1"),
        ("probe.exit_with", 0, "Runtime exited without providing a reason"),
        ("probe.exit_at_once_with", 3, "Runtime exited with error: exit status 3"),
        ("probe.kill_itself", 0, "Runtime exited with error: signal: killed"),
        ("exits_when_loaded.handler", 0, "Runtime exited with error: exit status 7"),
    ],
)
def test_a_process_that_ends_is_an_error_that_says_how(
    tmp_path: Path, handler: str, status: int, reason: str
) -> None:
    with running(handler, tmp_path) as runtime:
        for _ in range(2):
            with pytest.raises(LambdaError) as error:
                runtime.invoke(NAME, status)
            assert error.value.error_type == "Runtime.ExitError"
            assert error.value.message.endswith(f" Error: {reason}")


@pytest.mark.parametrize(
    ("handler", "error_type", "message"),
    [
        (
            "no_such_module.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'no_such_module': No module named 'no_such_module'",
        ),
        (
            "tests.functional.handlers.probe.nothing",
            "Runtime.HandlerNotFound",
            "Handler 'nothing' missing on module 'tests.functional.handlers.probe'",
        ),
        (
            "handler",
            "Runtime.MalformedHandlerName",
            "Bad handler 'handler': not enough values to unpack (expected 2, got 1)",
        ),
        ("tests.functional.handlers.raises_when_loaded.handler", "KeyError", "'NO_SUCH_SETTING'"),
    ],
)
def test_a_handler_that_cannot_be_loaded_is_an_error_each_time(
    tmp_path: Path, handler: str, error_type: str, message: str
) -> None:
    with running(LambdaFunction(NAME, handler, {}, 10, 128), tmp_path) as runtime:
        for _ in range(2):
            with pytest.raises(LambdaError) as error:
                runtime.invoke(NAME, {})
            assert (error.value.error_type, error.value.message) == (error_type, message)


def test_a_syntax_error_in_a_handlers_module_is_named(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def handler(:\n")
    function = LambdaFunction(NAME, "app.handler", {}, 10, 128)
    error = error_of(function, tmp_path, {}, task_root=tmp_path)
    assert error.error_type == "Runtime.UserCodeSyntaxError"
    assert error.message.startswith("Syntax error in module 'app': ")
