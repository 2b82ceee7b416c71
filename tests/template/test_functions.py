"""The functions: their settings, the layer they share, and what starts them without HTTP."""

import json
from collections import UserDict
from collections.abc import Callable, Mapping

import pytest

import functions.analytics.settings
import functions.authorizer.settings
import functions.export.settings
from local.template import Template
from local.template.document import read_document
from local.template.template import TEMPLATE
from tests.template.conftest import IDENTITY_PROVIDER

READ_BY_LIBRARIES = {
    "PYTHONTZPATH",
    "POWERTOOLS_SERVICE_NAME",
    "POWERTOOLS_METRICS_NAMESPACE",
    "LOG_LEVEL",
}


DOCUMENT = read_document(TEMPLATE)
OUTCOME_TOPIC = "arn:aws:sns:eu-central-1:123456789012:api-usage-export-OutcomeTopic"


class RecordingEnvironment(UserDict[str, str]):
    """Environment variables that remember which of them were read."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        super().__init__(variables)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.read.add(name)
        return super().__getitem__(name)


def test_the_export_function_is_told_where_its_data_is_and_what_an_export_may_be() -> None:
    template = Template.load(
        parameters={
            **IDENTITY_PROVIDER,
            "RowLimit": "123",
            "MaxTimeframeDays": "31",
            "SettleMinutes": "0",
            "FirstDay": "2024-05-06",
            "ExportRetentionDays": "9",
            "DatabaseName": "usage_of_tests",
            "NotificationPageUrl": "https://usage.example.com/page",
        }
    )
    assert template.functions()["ExportFunction"].environment == {
        "WORKGROUP": template.physical_name("WorkGroup"),
        "DATABASE": "usage_of_tests",
        "EXPORT_BUCKET": template.physical_name("ExportBucket"),
        "ROW_LIMIT": "123",
        "MAX_TIMEFRAME_DAYS": "31",
        "SETTLE_MINUTES": "0",
        "FIRST_DAY": "2024-05-06",
        "EXPORT_RETENTION_DAYS": "9",
        "OUTCOME_TOPIC_ARN": OUTCOME_TOPIC,
        "PAGE_URL": "https://usage.example.com/page",
        "PYTHONTZPATH": "",
        "POWERTOOLS_SERVICE_NAME": "api-usage-export",
        "POWERTOOLS_METRICS_NAMESPACE": "ApiUsageExport",
        "LOG_LEVEL": "INFO",
    }


def test_the_authorizer_is_told_whom_to_trust_and_nothing_else() -> None:
    claims = {
        "TokenIssuer": "https://login.example.com",
        "TokenAudience": "a-client",
        "AudienceClaim": "client_id",
        "JwksUrl": "https://login.example.com/keys",
        "AdminClaim": "cognito:groups",
        "AdminValue": "Admins",
        "WorkspaceClaim": "custom:workspace",
    }
    assert Template.load(parameters=claims).functions()["AuthorizerFunction"].environment == {
        "TOKEN_ISSUER": "https://login.example.com",
        "TOKEN_AUDIENCE": "a-client",
        "AUDIENCE_CLAIM": "client_id",
        "JWKS_URL": "https://login.example.com/keys",
        "ADMIN_CLAIM": "cognito:groups",
        "ADMIN_VALUE": "Admins",
        "WORKSPACE_CLAIM": "custom:workspace",
    }


@pytest.mark.parametrize(
    ("logical_id", "read_settings"),
    [
        ("AuthorizerFunction", functions.authorizer.settings.Settings.from_environment),
        ("ExportFunction", functions.export.settings.Settings.from_environment),
        ("AnalyticsFunction", functions.analytics.settings.Settings.from_environment),
    ],
)
def test_a_function_reads_every_variable_it_is_given(
    template: Template, logical_id: str, read_settings: Callable[[Mapping[str, str]], object]
) -> None:
    environment = RecordingEnvironment(template.functions()[logical_id].environment)
    read_settings(environment)
    assert environment.read == set(environment) - READ_BY_LIBRARIES


@pytest.mark.parametrize("architecture", ["arm64", "x86_64"])
def test_functions_and_layer_are_of_one_runtime_and_architecture(architecture: str) -> None:
    template = Template.load(parameters={**IDENTITY_PROVIDER, "Architecture": architecture})
    layer = template.resource("SharedLayer")
    assert layer["Metadata"]["BuildMethod"] == "python3.13"
    assert layer["Metadata"]["BuildArchitecture"] == architecture
    assert layer["Properties"]["CompatibleRuntimes"] == ["python3.13"]
    assert layer["Properties"]["CompatibleArchitectures"] == [architecture]
    for properties in template.of_type("AWS::Serverless::Function").values():
        assert properties["Runtime"] == "python3.13"
        assert properties["Architectures"] == [architecture]
        assert properties["Layers"] == [template.physical_name("SharedLayer")]


@pytest.mark.parametrize(
    ("logical_id", "package"),
    [
        ("ExportFunction", "functions.export"),
        ("AnalyticsFunction", "functions.analytics"),
        ("AuthorizerFunction", "functions.authorizer"),
    ],
)
def test_a_function_is_packaged_under_the_name_it_is_imported_by(
    template: Template, logical_id: str, package: str
) -> None:
    function = template.resource(logical_id)
    assert function["Metadata"]["BuildProperties"] == {
        "ParentPackageMode": "explicit",
        "ParentPackages": package,
    }
    assert function["Properties"]["CodeUri"] == package.replace(".", "/") + "/"
    assert function["Properties"]["Handler"] == f"{package}.app.handler"


def test_waiting_ends_when_lambda_and_the_gateway_say(template: Template) -> None:
    functions = template.functions()
    assert functions["ExportFunction"].timeout == 900
    assert functions["AuthorizerFunction"].timeout == 10
    assert functions["AnalyticsFunction"].timeout <= 30  # API Gateway waits no longer


@pytest.mark.parametrize("name", ["Authorizer", "Export", "Analytics"])
def test_concurrency_is_reserved_only_when_asked_for(template: Template, name: str) -> None:
    limited = Template.load(parameters={**IDENTITY_PROVIDER, f"{name}Concurrency": "5"})
    for function in template.functions():
        assert "ReservedConcurrentExecutions" not in template.resource(function)["Properties"]
        properties = limited.resource(function)["Properties"]
        expected = 5 if function == f"{name}Function" else None
        assert properties.get("ReservedConcurrentExecutions") == expected


def test_every_function_logs_json_to_a_group_of_its_own_and_is_traced(template: Template) -> None:
    groups = []
    for properties in template.of_type("AWS::Serverless::Function").values():
        assert properties["LoggingConfig"]["LogFormat"] == "JSON"
        assert properties["Tracing"] == "Active"
        groups.append(properties["LoggingConfig"]["LogGroup"])
    assert groups == [
        template.physical_name("AuthorizerLogs"),
        template.physical_name("ExportLogs"),
        template.physical_name("AnalyticsLogs"),
    ]


def test_logs_are_kept_as_long_as_the_parameter_says() -> None:
    template = Template.load(parameters={"LogRetentionDays": "7"})
    groups = template.of_type("AWS::Logs::LogGroup")
    assert len(groups) == 4
    assert {group["RetentionInDays"] for group in groups.values()} == {7}


def test_the_schedule_is_off_until_it_is_switched_on(template: Template) -> None:
    schedule = template.resource("ExportFunction")["Properties"]["Events"]["Monthly"]
    assert schedule["Type"] == "ScheduleV2"
    assert schedule["Properties"]["State"] == "DISABLED"


def test_the_schedule_sends_a_direct_call_that_tells_its_deliveries_apart() -> None:
    template = Template.load(
        parameters={
            **IDENTITY_PROVIDER,
            "ScheduleState": "ENABLED",
            "ScheduleWorkspaceId": "ws-acme",
            "ScheduleTimezone": "Europe/Berlin",
        }
    )
    schedule = template.resource("ExportFunction")["Properties"]["Events"]["Monthly"]["Properties"]
    assert json.loads(schedule["Input"]) == {
        "workspace_id": "ws-acme",
        "period": "previous_month",
        "timezone": "Europe/Berlin",
        "scheduled_time": "<aws.scheduler.scheduled-time>",
        "schedule_arn": "<aws.scheduler.schedule-arn>",
    }
    assert schedule["State"] == "ENABLED"
    assert schedule["ScheduleExpressionTimezone"] == "Europe/Berlin"


def test_exports_that_nobody_looks_at_are_carried_on_every_five_minutes(
    template: Template,
) -> None:
    sweep = template.resource("ExportFunction")["Properties"]["Events"]["Sweep"]["Properties"]
    assert sweep["State"] == "ENABLED"
    assert sweep["ScheduleExpression"] == "rate(5 minutes)"
    assert json.loads(sweep["Input"]) == {"task": "sweep"}
    assert sweep["FlexibleTimeWindow"] == {"Mode": "OFF"}
    assert sweep["RetryPolicy"]["MaximumEventAgeInSeconds"] < 300  # the next is due then


def test_every_schedule_is_in_the_group_that_its_role_is_for(template: Template) -> None:
    events = template.resource("ExportFunction")["Properties"]["Events"].values()
    schedules = [event["Properties"] for event in events if event["Type"] == "ScheduleV2"]
    assert len(schedules) == 2
    for schedule in schedules:
        assert schedule["GroupName"] == template.physical_name("ScheduleGroup")
        assert schedule["RoleArn"] == "arn:aws:iam::123456789012:role/api-usage-export-ScheduleRole"


def test_two_stacks_of_one_account_have_metrics_of_their_own(template: Template) -> None:
    # the service is a dimension of every metric that the code emits
    assert DOCUMENT["Resources"]["ExportFunction"]["Properties"]["Environment"]["Variables"][
        "POWERTOOLS_SERVICE_NAME"
    ] == {"Ref": "AWS::StackName"}


def test_what_fails_without_a_caller_ends_in_a_queue(template: Template) -> None:
    function = template.resource("ExportFunction")["Properties"]
    schedule = function["Events"]["Monthly"]["Properties"]
    on_failure = function["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"]
    undelivered = schedule["DeadLetterConfig"]["Arn"]
    assert on_failure.endswith("FailedInvocations")
    assert undelivered.endswith("UndeliveredSchedules")
    assert function["EventInvokeConfig"]["MaximumRetryAttempts"] == 2
    assert 0 < schedule["RetryPolicy"]["MaximumRetryAttempts"] <= 185

    queues = template.of_type("AWS::SQS::Queue")
    assert set(queues) == {"FailedInvocations", "UndeliveredSchedules"}
    assert {queue["MessageRetentionPeriod"] for queue in queues.values()} == {14 * 86_400}
    (statement,) = template.resource("QueuePolicy")["Properties"]["PolicyDocument"]["Statement"]
    assert statement["Effect"] == "Deny"
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert set(statement["Resource"]) == {on_failure, undelivered}
