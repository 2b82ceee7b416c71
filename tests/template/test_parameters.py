"""What a deployer can set, and what the template refuses before anything is made."""

from typing import Any

import pytest

from functions.authorizer.settings import Settings
from local.template import Template, TemplateParameterError
from local.template.document import read_document
from local.template.template import TEMPLATE
from tests.template.conftest import IDENTITY_PROVIDER

DOCUMENT = read_document(TEMPLATE)
DECLARED: dict[str, dict[str, Any]] = DOCUMENT["Parameters"]

AWS = "eu-central-1:123456789012"

ADDRESSES = [
    ("https://login.example.com", True),
    ("https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_a1B2c3", True),
    ("https://login.example.com:8443/realms/platform", True),
    ("http://127.0.0.1:49152", True),
    ("http://localhost:8080/realms/platform", True),
    ("http://login.example.com", False),
    ("http://127.0.0.1.example.com", False),
    ("http://localhost@example.com", False),
    ("https://user@example.com/keys", False),
    ("https://", False),
    ("https:///keys", False),
    ("https://login.example.com/a b", False),
    ("file:///etc/passwd", False),
    ("", False),
]


@pytest.mark.parametrize("name", sorted(DECLARED))
def test_every_parameter_is_described_by_one_sentence_and_constrained(name: str) -> None:
    parameter = DECLARED[name]
    description = parameter["Description"]
    assert description.endswith(".")
    assert description[0].isupper()
    assert ". " not in description
    if parameter["Type"] == "Number":
        assert {"MinValue", "MaxValue"} <= set(parameter) or "AllowedValues" in parameter
    else:
        assert "AllowedValues" in parameter or parameter["AllowedPattern"].startswith("^")
        # a pattern alone is no sentence for whoever sees the refusal
        assert ("AllowedPattern" in parameter) == ("ConstraintDescription" in parameter)


def test_only_the_identity_provider_has_no_default() -> None:
    required = {name for name, parameter in DECLARED.items() if "Default" not in parameter}
    assert required == set(IDENTITY_PROVIDER)


@pytest.mark.parametrize("name", ["TokenIssuer", "JwksUrl"])
@pytest.mark.parametrize(("address", "allowed"), ADDRESSES)
def test_tokens_are_trusted_over_https_or_on_this_machine_only(
    name: str, address: str, allowed: bool
) -> None:
    assert accepts({name: address}) is allowed
    if allowed:  # the authorizer must start with what could be deployed
        template = Template(DOCUMENT, {**IDENTITY_PROVIDER, name: address})
        Settings.from_environment(template.functions()["AuthorizerFunction"].environment)


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("AllowedOrigins", "https://console.example.com,http://localhost:5173", True),
        ("AllowedOrigins", "https://console.example.com, https://b.example.com:8443", True),
        ("AllowedOrigins", "*", False),
        ("AllowedOrigins", "", False),
        ("AllowedOrigins", "https://console.example.com/", False),
        ("AllowedOrigins", "http://console.example.com", False),
        ("AudienceClaim", "client_id", True),
        ("AdminClaim", "cognito:groups", True),
        ("AdminClaim", "realm_access.roles", True),
        ("AdminClaim", "https://platform.example.com/roles", True),
        ("AdminClaim", "", False),
        ("AdminValue", "Workspace Admin", True),
        ("AdminValue", " admin", False),
        ("AdminValue", "", False),
        ("WorkspaceClaim", "", False),
        ("RowLimit", "1", True),
        ("RowLimit", "1000000", True),
        ("RowLimit", "1000001", False),
        ("RowLimit", "0", False),
        ("MaxTimeframeDays", "367", False),
        ("SettleMinutes", "0", True),
        ("SettleMinutes", "1441", False),
        ("FirstDay", "2024-02-29", True),
        ("FirstDay", "2024-13-01", False),
        ("FirstDay", "01.02.2024", False),
        ("BytesScannedCutoff", "9999999", False),
        ("HourlyBytesScanned", "9999999", False),
        ("HourlyBytesScanned", "20000000000", True),
        ("CallLogBucketName", "call-logs.example", True),
        ("CallLogBucketName", "Call-Logs", False),
        ("CallLogBucketName", "s3://call-logs", False),
        ("DatabaseName", "api-usage", False),
        ("MakeCallLogStream", "yes", False),
        ("ApiDomainName", "https://usage-api.example.com", False),
        ("ApiDomainName", "usage-api", False),
        ("ApiCertificateArn", "1234abcd", False),
        ("PageDomainName", "usage.example.com/page", False),
        ("PageCertificateArn", f"arn:aws:acm:{AWS}:certificate/1234abcd", False),
        ("LogRetentionDays", "8", False),
        ("Architecture", "arm64", True),
        ("Architecture", "amd64", False),
        ("ExportConcurrency", "-1", False),
        ("AnalyticsConcurrency", "1001", False),
        ("AuthorizerConcurrency", "1000", True),
        ("ScheduledRetentionDays", "0", False),
        ("NotificationEmail", "finance@example.com", True),
        ("NotificationEmail", "finance at example.com", False),
        ("NotificationPageUrl", "https://usage.example.com/exports", True),
        ("NotificationPageUrl", "http://usage.example.com", False),
        ("NotificationPageUrl", "https://usage.example.com/?a=b", False),
        ("AlarmEmail", "ops@example.com", True),
        ("AlarmTopicArn", "arn:aws:sns:eu-central-1:123456789012:ops", True),
        ("AlarmTopicArn", "ops", False),
        ("RunbookUrl", "https://git.example.com/usage/blob/main/docs/operations.md", True),
        ("RunbookUrl", "https://git.example.com/usage#top", False),
        ("RunbookUrl", "", False),
        ("KmsKeyArn", "arn:aws:kms:eu-central-1:123456789012:key/mrk-1234abcd", True),
        ("KmsKeyArn", "arn:aws:kms:eu-central-1:123456789012:alias/ours", False),
        ("KmsKeyArn", "1234abcd-12ab-34cd-56ef-1234567890ab", False),
        ("ScheduleExpression", "cron(0 6 1 * ? *)", True),
        ("ScheduleExpression", "rate(30 days)", False),
        ("ScheduleTimezone", "America/Argentina/Buenos_Aires", True),
        ("ScheduleTimezone", "Etc/GMT+5", True),
        ("ScheduleTimezone", '","workspace_id":"ws-other', False),
        ("ScheduleWorkspaceId", 'ws-acme", "x": "', False),
        ("ScheduleWorkspaceId", "w" * 65, False),
    ],
)
def test_a_value_is_taken_or_refused(name: str, value: str, allowed: bool) -> None:
    assert accepts({name: value}) is allowed


def test_an_enabled_schedule_needs_a_workspace() -> None:
    with pytest.raises(TemplateParameterError, match="An enabled schedule needs"):
        Template(DOCUMENT, {"ScheduleState": "ENABLED"})
    assert accepts({"ScheduleState": "ENABLED", "ScheduleWorkspaceId": "ws-acme"})


@pytest.mark.parametrize(
    ("given", "needed", "sentence"),
    [
        (
            {"CallLogKmsKeyArn": "arn:aws:kms:eu-central-1:210987654321:key/1234abcd"},
            {"CallLogBucketName": "their-call-logs"},
            "CallLogKmsKeyArn is for an existing bucket",
        ),
        (
            {"AlarmEmail": "ops@example.com"} | {"AlarmTopicArn": f"arn:aws:sns:{AWS}:ops"},
            {"AlarmTopicArn": ""},
            "AlarmEmail is for the topic made here",
        ),
        (
            {"MakeCallLogStream": "true"} | {"SettleMinutes": "9"},
            {"SettleMinutes": "10"},
            "Behind MakeCallLogStream, SettleMinutes must be 10 or more",
        ),
        (
            {"ApiDomainName": "usage-api.example.com"},
            {"ApiCertificateArn": f"arn:aws:acm:{AWS}:certificate/1234abcd"},
            "ApiDomainName and ApiCertificateArn, the certificate for it, go together",
        ),
        (
            {"ApiCertificateArn": f"arn:aws:acm:{AWS}:certificate/1234abcd"},
            {"ApiDomainName": "usage-api.example.com"},
            "ApiDomainName and ApiCertificateArn, the certificate for it, go together",
        ),
        (
            {"PageDomainName": "usage.example.com"},
            {"PageCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1234abcd"},
            "PageDomainName and PageCertificateArn, the certificate for it, go together",
        ),
        (
            {"PageCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1234abcd"},
            {"PageDomainName": "usage.example.com"},
            "PageDomainName and PageCertificateArn, the certificate for it, go together",
        ),
    ],
)
def test_a_parameter_that_needs_another_says_so(
    given: dict[str, str], needed: dict[str, str], sentence: str
) -> None:
    with pytest.raises(TemplateParameterError, match=sentence):
        Template(DOCUMENT, given)
    assert accepts(given | needed)


def accepts(parameters: dict[str, str]) -> bool:
    try:
        Template(DOCUMENT, parameters)
    except TemplateParameterError:
        return False
    return True
