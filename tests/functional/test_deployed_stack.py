"""A deployed stack's outputs, and the sentences for a stack that cannot be read."""

import os

import pytest

from local.deployment import DeployedStack, DeploymentError, deployed_stack
from local.stack import LocalStack
from tests.functional.operators_shell import KEYS, NO_AWS
from tests.functional.refusing_aws import refusing_aws


@pytest.fixture(autouse=True)
def shell(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell with keys and a region."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {**NO_AWS, **KEYS}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)  # which would remember other credentials


def refusal(name: str = "web") -> str:
    with pytest.raises(DeploymentError) as refused:
        deployed_stack(name)
    return str(refused.value)


def refused_with(code: str, message: str, monkeypatch: pytest.MonkeyPatch) -> str:
    error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    body = f"<ErrorResponse>{error}</ErrorResponse>"
    with refusing_aws(403, body) as endpoint:
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        return refusal()


def test_a_stack_is_its_name_and_its_outputs(
    stack: LocalStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", stack.aws.endpoint_url)
    stack.aws.describe_stack(stack.outputs())
    deployed = deployed_stack("api-usage-export")
    assert deployed == DeployedStack("api-usage-export", stack.outputs())
    assert deployed.output("ApiUrl") == stack.url
    assert deployed.output("ExportFunctionName") == "ExportFunction"
    assert deployed.output("ExportFunctionArn").endswith(":function:ExportFunction")
    assert deployed.output("ExportBucketName") == "api-usage-export-exportbucket"
    with pytest.raises(DeploymentError, match="no output PageUrl: deploy it with ServePage=true"):
        deployed.output("PageUrl", otherwise="deploy it with ServePage=true.")

    assert refusal("nowhere") == "There is no stack nowhere in eu-central-1."
    for empty in ("", " "):
        assert refusal(empty).startswith("The stack's name is empty")
    cloudformation = stack.aws.client("cloudformation")
    cloudformation.create_stack(StackName="bare", TemplateBody='{"Resources": {}}')
    said = "The stack bare in eu-central-1 has no outputs: it is CREATE_COMPLETE."
    assert refusal("bare") == said


def test_the_permission_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    message = "User: ada is not authorized to perform: cloudformation:DescribeStacks on it"
    for said in (message, "Access Denied"):
        assert refused_with("AccessDenied", said, monkeypatch) == (
            "Your credentials lack cloudformation:DescribeStacks on the stack web."
        )


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (
            "ExpiredToken",
            "Your AWS session has expired: log in with the AWS CLI, or set AWS_PROFILE.",
        ),
        (
            "InvalidClientTokenId",
            "AWS does not know your credentials: log in with the AWS CLI, or set AWS_PROFILE.",
        ),
        (
            "Oddity",
            "CloudFormation refuses cloudformation:DescribeStacks on the stack web: Oddity, Oh no.",
        ),
    ],
)
def test_what_is_wrong_with_the_credentials_is_said(
    code: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused_with(code, "Oh\n no.", monkeypatch) == sentence


@pytest.mark.parametrize(
    ("missing", "sentence"),
    [
        (("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), "There are no AWS credentials for "),
        (("AWS_DEFAULT_REGION",), "No AWS region is set: set AWS_REGION, "),
        ((), "CloudFormation cannot be reached for cloudformation:DescribeStacks on the stack "),
    ],
)
def test_without_credentials_or_region_or_connection(
    missing: tuple[str, ...], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    for name in missing:
        monkeypatch.delenv(name)
    assert refusal().startswith(sentence)


def test_a_profile_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "no-such-profile")
    assert "no-such-profile" in refusal()
