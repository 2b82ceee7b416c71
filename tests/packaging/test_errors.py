"""What goes wrong in a function reaches Lambda, and through it the caller, retries and alarms."""

import socket

from tests.packaging.conftest import Start
from tests.packaging.test_invocations import event


def unused_address() -> str:
    """Where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_function_without_a_setting_does_not_start(start: Start) -> None:
    function = start("ExportFunction", without="EXPORT_BUCKET")
    ending = function.init_error()
    assert ending.error_type == "KeyError"
    assert ending.body["errorMessage"] == "'EXPORT_BUCKET'"
    assert any(line.get("errorType") == "KeyError" for line in function.log_lines)


def test_a_function_without_the_layer_does_not_start(start: Start) -> None:
    ending = start("AnalyticsFunction", layer=False).init_error()
    assert ending.error_type == "Runtime.ImportModuleError"
    assert "No module named 'shared'" in ending.body["errorMessage"]


def test_an_authorizer_without_keys_raises_and_stays_up(start: Start) -> None:
    authorizer = start("AuthorizerFunction", JWKS_URL=f"{unused_address()}/keys")
    header = "Bearer eyJhbGciOiJSUzI1NiIsImtpZCI6ImEifQ.e30.c2lnbmF0dXJl"
    asked = event("authorizer-request") | {"identitySource": [header]}
    asked["headers"]["authorization"] = header
    for _ in range(2):
        ending = authorizer.error(asked)
        assert ending.error_type == "KeysUnavailableError"
        assert ending.body["stackTrace"]
    assert authorizer.invoke(event("member-request")) == {"isAuthorized": False}
    assert header not in authorizer.output


def test_a_direct_export_without_aws_raises(start: Start) -> None:
    function = start("ExportFunction", AWS_ENDPOINT_URL=unused_address())
    ending = function.error(event("direct"))
    assert ending.error_type == "ServiceUnavailableError"
    assert any(line.get("errorType") == ending.error_type for line in function.log_lines)
