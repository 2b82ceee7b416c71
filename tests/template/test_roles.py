"""Each role may do what is listed here, on what is listed here, and nothing else."""

from collections import defaultdict
from typing import Any

import pytest

from local.template import Template
from tests.template.conftest import STREAMING

AWS = "eu-central-1:123456789012"
WORKGROUP = f"arn:aws:athena:{AWS}:workgroup/api-usage-export"
CATALOG = {
    f"arn:aws:glue:{AWS}:catalog",
    f"arn:aws:glue:{AWS}:database/api_usage",
    f"arn:aws:glue:{AWS}:table/api_usage/api_calls",
}
CALL_LOGS = "arn:aws:s3:::api-usage-export-calllogbucket"
UNWRITTEN = f"{CALL_LOGS}/unwritten/*"
EXPORTS = "arn:aws:s3:::api-usage-export-exportbucket"
RECORDS = {f"{EXPORTS}/exports/*", f"{EXPORTS}/idempotency/*"}
RUNNING = f"{EXPORTS}/running/*"
SCHEDULED = f"{EXPORTS}/scheduled/*"
RESULTS = f"{EXPORTS}/athena/*"
OUTCOMES = f"arn:aws:sns:{AWS}:api-usage-export-OutcomeTopic"
SCHEDULES = f"arn:aws:scheduler:{AWS}:schedule-group/api-usage-export"
QUEUES = f"arn:aws:sqs:{AWS}:api-usage-export-"
LOGS = f"arn:aws:logs:{AWS}:log-group:/aws/lambda/api-usage-export-"
STREAM_LOGS = f"arn:aws:logs:{AWS}:log-group:/aws/kinesisfirehose/api-usage-export-call-logs:*"
KEY = f"arn:aws:kms:{AWS}:key/api-usage-export-DataKey"
TRACES = {"xray:PutTraceSegments": {"*"}, "xray:PutTelemetryRecords": {"*"}}

# What a query takes: the product's own calls, and what Athena does with its caller's permissions.
QUERY = {
    "athena:StartQueryExecution": {WORKGROUP},
    "athena:BatchGetQueryExecution": {WORKGROUP},
    "glue:GetDatabase": CATALOG,
    "glue:GetTable": CATALOG,
    "glue:GetPartitions": CATALOG,
    "s3:GetBucketLocation": {CALL_LOGS, EXPORTS},
    "s3:ListBucket": {CALL_LOGS},
    "s3:GetObject": {f"{CALL_LOGS}/api_calls/*", RESULTS},
    "s3:PutObject": {RESULTS},
    "s3:AbortMultipartUpload": {RESULTS},
    "s3:ListMultipartUploadParts": {RESULTS},
    "kms:Decrypt": {KEY},
    "kms:GenerateDataKey": {KEY},
}

ALLOWED = {
    "AuthorizerRole": {
        "logs:CreateLogStream": {f"{LOGS}authorizer:*"},
        "logs:PutLogEvents": {f"{LOGS}authorizer:*"},
        "kms:Decrypt": {KEY},
        **TRACES,
    },
    "ExportRole": {
        **QUERY,
        "athena:GetQueryRuntimeStatistics": {WORKGROUP},
        "athena:StopQueryExecution": {WORKGROUP},
        "s3:ListBucket": {CALL_LOGS, EXPORTS},
        "s3:GetObject": QUERY["s3:GetObject"] | RECORDS,
        "s3:PutObject": {RESULTS, RUNNING, SCHEDULED} | RECORDS,
        "s3:DeleteObject": {RUNNING},
        "sns:Publish": {OUTCOMES},
        "sqs:SendMessage": {f"{QUEUES}FailedInvocations"},
        "logs:CreateLogStream": {f"{LOGS}export:*"},
        "logs:PutLogEvents": {f"{LOGS}export:*"},
        **TRACES,
    },
    "AnalyticsRole": {
        **QUERY,
        "logs:CreateLogStream": {f"{LOGS}analytics:*"},
        "logs:PutLogEvents": {f"{LOGS}analytics:*"},
        **TRACES,
    },
    "ScheduleRole": {
        "lambda:InvokeFunction": {f"arn:aws:lambda:{AWS}:function:api-usage-export-ExportFunction"},
        "sqs:SendMessage": {f"{QUEUES}UndeliveredSchedules"},
        "kms:Decrypt": {KEY},
        "kms:GenerateDataKey": {KEY},
    },
    "CallLogStreamRole": {
        "glue:GetTable": CATALOG,
        "glue:GetTableVersion": CATALOG,
        "glue:GetTableVersions": CATALOG,
        "s3:AbortMultipartUpload": {f"{CALL_LOGS}/api_calls/*", UNWRITTEN},
        "s3:GetObject": {f"{CALL_LOGS}/api_calls/*", UNWRITTEN},
        "s3:PutObject": {f"{CALL_LOGS}/api_calls/*", UNWRITTEN},
        "s3:GetBucketLocation": {CALL_LOGS},
        "s3:ListBucket": {CALL_LOGS},
        "s3:ListBucketMultipartUploads": {CALL_LOGS},
        "kms:Decrypt": {KEY},
        "kms:GenerateDataKey": {KEY},
        "logs:PutLogEvents": {STREAM_LOGS},
    },
}

ASSUMED_BY = {
    "AuthorizerRole": "lambda.amazonaws.com",
    "ExportRole": "lambda.amazonaws.com",
    "AnalyticsRole": "lambda.amazonaws.com",
    "ScheduleRole": "scheduler.amazonaws.com",
    "CallLogStreamRole": "firehose.amazonaws.com",
}


@pytest.fixture(scope="module")
def template(streaming: Template) -> Template:
    """With every role."""
    return streaming


def test_there_is_no_other_role(template: Template) -> None:
    assert set(template.of_type("AWS::IAM::Role")) == set(ALLOWED)
    without = Template.load(parameters=STREAMING | {"MakeCallLogStream": "false"})
    assert set(without.of_type("AWS::IAM::Role")) == set(ALLOWED) - {"CallLogStreamRole"}
    assert not template.of_type("AWS::IAM::Policy")
    assert set(template.of_type("AWS::IAM::ManagedPolicy")) == {"QueryCallLogs"}


@pytest.mark.parametrize("role", sorted(ALLOWED))
def test_a_role_allows_its_list_and_nothing_else(template: Template, role: str) -> None:
    allowed: defaultdict[str, set[str]] = defaultdict(set)
    for statement in policy_statements(template, role):
        assert statement["Effect"] == "Allow"
        assert set(statement) <= {"Sid", "Effect", "Action", "Resource", "Condition"}
        for action in as_list(statement["Action"]):
            allowed[action].update(as_list(statement["Resource"]))
    assert allowed == ALLOWED[role]


@pytest.mark.parametrize("role", sorted(ALLOWED))
def test_a_role_is_assumed_by_its_one_service(template: Template, role: str) -> None:
    (statement,) = template.resource(role)["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": ASSUMED_BY[role]}
    assert statement["Action"] == "sts:AssumeRole"
    if role == "ScheduleRole":
        # neither someone else's account nor a schedule outside the group acts through this role
        assert statement["Condition"] == {
            "StringEquals": {"aws:SourceAccount": "123456789012", "aws:SourceArn": SCHEDULES}
        }
    if role == "CallLogStreamRole":
        assert statement["Condition"] == {"StringEquals": {"sts:ExternalId": "123456789012"}}


def test_call_logs_are_listed_below_their_prefix_and_exports_without_a_condition(
    template: Template,
) -> None:
    listing = {
        statement["Resource"]: statement.get("Condition")
        for statement in policy_statements(template, "ExportRole")
        if statement["Action"] == "s3:ListBucket"
    }
    assert listing == {
        CALL_LOGS: {"StringLike": {"s3:prefix": "api_calls/*"}},
        EXPORTS: None,  # with one, S3 would answer 403 and not 404 for an export that is not there
    }


def test_each_function_has_the_role_made_for_it(template: Template) -> None:
    functions = template.of_type("AWS::Serverless::Function")
    assert {logical_id: properties["Role"] for logical_id, properties in functions.items()} == {
        "AuthorizerFunction": "arn:aws:iam::123456789012:role/api-usage-export-AuthorizerRole",
        "ExportFunction": "arn:aws:iam::123456789012:role/api-usage-export-ExportRole",
        "AnalyticsFunction": "arn:aws:iam::123456789012:role/api-usage-export-AnalyticsRole",
    }
    # beside a role of its own, SAM would silently drop these
    assert all("Policies" not in properties for properties in functions.values())


@pytest.mark.parametrize("role", ["ExportRole", "CallLogStreamRole"])
def test_the_role_follows_the_call_logs_into_an_existing_bucket(role: str) -> None:
    template = Template.load(parameters=STREAMING | {"CallLogBucketName": "their-call-logs"})
    resources = {
        resource
        for statement in policy_statements(template, role)
        for resource in as_list(statement["Resource"])
    }
    assert {"arn:aws:s3:::their-call-logs", "arn:aws:s3:::their-call-logs/api_calls/*"} <= resources
    assert not {resource for resource in resources if resource.startswith(CALL_LOGS)}


def policy_statements(template: Template, role: str) -> list[dict[str, Any]]:
    """The statements of a role's own policy, and of the shared one where it has that."""
    properties = template.resource(role)["Properties"]
    (policy,) = properties["Policies"]
    statements: list[dict[str, Any]] = list(policy["PolicyDocument"]["Statement"])
    attached = properties.get("ManagedPolicyArns", [])
    assert attached in ([], [template.physical_name("QueryCallLogs")])
    if attached:
        shared = template.resource("QueryCallLogs")["Properties"]["PolicyDocument"]
        statements += shared["Statement"]
    return statements


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
