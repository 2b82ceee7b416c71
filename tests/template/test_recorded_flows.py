"""Roles, alarms and dashboard against what the functions do, recorded while every flow runs.

A role allows every call, and nothing else: beside the recorded calls stand two lists that no
recording here can show, what Athena does with its caller's permissions, and what Lambda does with
the role before, beside and after the function's own code. Every metric of ours that is watched is
one that the function emits.
"""

import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import partial

import pytest

from local.template import Template
from shared.export import Status, Trigger
from tests.template.recorded_flows import Call, Recorded, record_flows
from tests.template.test_alarms import FROM_LOGS, OURS, Metric, watched_metrics
from tests.template.test_roles import (
    CALL_LOGS,
    CATALOG,
    EXPORTS,
    KEY,
    LOGS,
    QUEUES,
    RESULTS,
    WORKGROUP,
    as_list,
    policy_statements,
)

Permission = tuple[str, str]
"""An IAM action, and the ARN, or the pattern of ARNs, that it is allowed on."""

VIA = "eu-central-1.amazonaws.com"

# https://docs.aws.amazon.com/athena/latest/ug/workgroups-access.html and those it refers to: the
# table's metadata, the files under it, and the result, in parts where it is large, with its key.
BY_ATHENA: set[Permission] = {
    *((f"glue:{action}", arn) for action in ("GetDatabase", "GetTable") for arn in CATALOG),
    *(("glue:GetPartitions", arn) for arn in CATALOG),
    ("s3:GetBucketLocation", CALL_LOGS),
    ("s3:GetBucketLocation", EXPORTS),
    ("s3:ListBucket", CALL_LOGS),
    ("s3:GetObject", f"{CALL_LOGS}/api_calls/*"),
    ("s3:GetObject", RESULTS),
    ("s3:PutObject", RESULTS),
    ("s3:AbortMultipartUpload", RESULTS),
    ("s3:ListMultipartUploadParts", RESULTS),
    (f"kms:Decrypt via s3.{VIA}", KEY),
    (f"kms:GenerateDataKey via s3.{VIA}", KEY),
}


def by_lambda(log_group: str) -> set[Permission]:
    """Settings decrypted, logs and traces written."""
    return {
        (f"kms:Decrypt via lambda.{VIA}", KEY),
        ("logs:CreateLogStream", f"{LOGS}{log_group}:*"),
        ("logs:PutLogEvents", f"{LOGS}{log_group}:*"),
        ("xray:PutTraceSegments", "*"),
        ("xray:PutTelemetryRecords", "*"),
    }


# Role → what is done with it by others than the function's code.
BY_OTHERS: dict[str, set[Permission]] = {
    "AuthorizerRole": by_lambda("authorizer"),
    "AnalyticsRole": BY_ATHENA | by_lambda("analytics"),
    "ExportRole": BY_ATHENA
    | by_lambda("export")
    | {("sqs:SendMessage", f"{QUEUES}FailedInvocations")}  # the on-failure destination
    | {
        (f"kms:{action} via {service}.{VIA}", KEY)
        for action in ("Decrypt", "GenerateDataKey")
        for service in ("sns", "sqs")
    },
}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record_flows(tmp_path_factory.mktemp("flows"))


@pytest.mark.parametrize("role", sorted(BY_OTHERS))
def test_every_recorded_call_is_allowed(recorded: Recorded, role: str) -> None:
    allowed = permissions(recorded.template, role)
    missing = {
        need for need in needs(recorded, role) if not any(map(partial(allows, need), allowed))
    }
    assert missing == set()


@pytest.mark.parametrize("role", sorted(BY_OTHERS))
def test_nothing_is_allowed_that_no_call_needs(recorded: Recorded, role: str) -> None:
    allowed = permissions(recorded.template, role)
    used = {pair for pair in allowed if any(allows(need, pair) for need in needs(recorded, role))}
    assert allowed - used - BY_OTHERS[role] == set()


@pytest.mark.parametrize("role", sorted(BY_OTHERS))
def test_what_others_do_with_a_role_is_allowed(template: Template, role: str) -> None:
    assert BY_OTHERS[role] - permissions(template, role) == set()


def test_the_flows_reach_what_the_functions_are_for(recorded: Recorded) -> None:
    # what is recorded would be worth nothing if the hook recorded nothing
    assert recorded.calls["AuthorizerFunction"] == []
    for function in ("ExportFunction", "AnalyticsFunction"):
        assert "StartQueryExecution" in {call.operation for call in recorded.calls[function]}


def test_every_metric_of_ours_that_is_watched_is_emitted(recorded: Recorded) -> None:
    emitted = {
        (described["Namespace"], metric["Name"]): set(described["Dimensions"][0])
        for line in recorded.metrics
        for described in line["_aws"]["CloudWatchMetrics"]
        for metric in described["Metrics"]
    }
    services = {line["service"] for line in recorded.metrics}
    values = {"service": services, "outcome": set(Status), "trigger": set(Trigger)}
    watched = [seen for seen in watched_metrics(recorded.template) if seen.namespace == OURS]
    assert {"Exports", "OldestUnfinishedExport", "FailedDeliveries"} <= {
        seen.name for seen in watched
    }
    for seen in watched:
        assert emitted.get((seen.namespace, seen.name)) == {name for name, _ in seen.dimensions}
        for name, value in seen.dimensions:
            assert value is None or value in values[name]


def test_what_is_counted_in_the_log_is_written_there(recorded: Recorded) -> None:
    filters = recorded.template.of_type("AWS::Logs::MetricFilter")
    counted = set()
    for counter in filters.values():
        assert counter["LogGroupName"] == recorded.template.physical_name("ExportLogs")
        pattern = re.fullmatch(r'\{ \$\.message = "([^"]+)" \}', counter["FilterPattern"])
        assert pattern
        # Lambda makes the text the field `message` of a line of JSON; here it ends the line
        assert any(line.endswith(f"\t{pattern[1]}") for line in recorded.log)
        (made,) = counter["MetricTransformations"]
        counted.add(Metric(made["MetricNamespace"], made["MetricName"], ()))
    watched = watched_metrics(recorded.template)
    assert {seen for seen in watched if seen.namespace == FROM_LOGS} == counted


def needs(recorded: Recorded, role: str) -> set[Permission]:
    function = role.removesuffix("Role") + "Function"
    return {need for call in recorded.calls[function] for need in needed_for(call)}


def needed_for(call: Call) -> Iterator[Permission]:
    """What IAM asks for before a call. Raises where that is not known here."""
    bucket, key = call.params.get("Bucket"), call.params.get("Key")
    match call.service, call.operation:
        case "s3", "GetObject" | "HeadObject":
            yield "s3:GetObject", f"arn:aws:s3:::{bucket}/{key}"
        case "s3", "PutObject" | "DeleteObject":
            yield f"s3:{call.operation}", f"arn:aws:s3:::{bucket}/{key}"
        case "s3", "CopyObject":
            source = call.params["CopySource"]
            yield "s3:GetObject", f"arn:aws:s3:::{source['Bucket']}/{source['Key']}"
            yield "s3:PutObject", f"arn:aws:s3:::{bucket}/{key}"
        case "s3", "ListObjectsV2":
            yield "s3:ListBucket", f"arn:aws:s3:::{bucket}"
        case "athena", operation:
            workgroup = call.params.get("WorkGroup", "api-usage-export")
            yield f"athena:{operation}", WORKGROUP.rpartition("/")[0] + f"/{workgroup}"
        case "sns", "Publish":
            yield "sns:Publish", call.params["TopicArn"]
        case service, operation:
            raise AssertionError(f"what does {service}:{operation} need?")


def permissions(template: Template, role: str) -> set[Permission]:
    """What a role is allowed; a key is used via a service, another way in for each."""
    allowed: set[Permission] = set()
    for statement in policy_statements(template, role):
        condition = statement.get("Condition", {}).get("StringEquals", {})
        ways = [f" via {service}" for service in as_list(condition.get("kms:ViaService", []))]
        allowed |= {
            (action + way, resource)
            for action in as_list(statement["Action"])
            for way in ways or [""]
            for resource in as_list(statement["Resource"])
        }
    return allowed


def allows(need: Permission, permission: Permission) -> bool:
    return need[0] == permission[0] and fnmatchcase(need[1], permission[1])
