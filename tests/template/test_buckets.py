"""The buckets: closed, encrypted, kept when the stack goes, and emptied when their time is up."""

import operator
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from local.template import Template

BUCKETS = ["CallLogBucket", "ExportBucket"]
PLAIN_HTTP = {"aws:SecureTransport": "false"}
TLS = {"aws:SecureTransport": "true"}
COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "Bool": operator.eq,
    "StringEquals": operator.eq,
    "NumericGreaterThan": lambda actual, bound: int(actual) > int(bound),
}


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_bucket_is_closed_to_the_public_encrypted_and_outlives_its_stack(
    template: Template, bucket: str
) -> None:
    resource = template.resource(bucket)
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    properties = resource["Properties"]
    assert properties["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert properties["OwnershipControls"] == {
        "Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]
    }
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ServerSideEncryptionByDefault"] == {
        "SSEAlgorithm": "aws:kms",
        "KMSMasterKeyID": "arn:aws:kms:eu-central-1:123456789012:key/api-usage-export-DataKey",
    }


def test_there_is_no_other_bucket(template: Template) -> None:
    assert sorted(template.of_type("AWS::S3::Bucket")) == BUCKETS


@pytest.mark.parametrize("bucket", BUCKETS)
def test_a_bucket_policy_only_ever_denies(template: Template, bucket: str) -> None:
    for statement in statements(template, bucket):
        assert (statement["Effect"], statement["Principal"]) == ("Deny", "*")


@pytest.mark.parametrize("bucket", BUCKETS)
@pytest.mark.parametrize("key", ["", "/any/key"])
def test_plain_http_is_denied_for_a_bucket_and_its_objects(
    template: Template, bucket: str, key: str
) -> None:
    assert denied(template, bucket, key, PLAIN_HTTP)
    assert not denied(template, bucket, key, TLS)


@pytest.mark.parametrize(
    ("auth_type", "age_ms", "is_denied"),
    [
        ("REST-QUERY-STRING", "0", False),
        ("REST-QUERY-STRING", "600000", False),
        ("REST-QUERY-STRING", "600001", True),
        ("REST-QUERY-STRING", "604800000", True),
        # signed in a header by a client, or by Athena, whose clock is behind
        ("REST-HEADER", "600001", False),
        ("REST-HEADER", "900000", False),
    ],
)
def test_a_url_dies_ten_minutes_after_it_was_signed_and_nothing_else_does(
    template: Template, auth_type: str, age_ms: str, is_denied: bool
) -> None:
    request = TLS | {"s3:authType": auth_type, "s3:signatureAge": age_ms}
    assert denied(template, "ExportBucket", "/athena/1.csv", request) is is_denied


def test_exports_and_all_that_belongs_to_them_expire_together() -> None:
    template = Template.load(
        parameters={"ExportRetentionDays": "9", "ScheduledRetentionDays": "800"}
    )
    rules = lifecycle(template, "ExportBucket")
    expiring = {rule["Prefix"]: rule["ExpirationInDays"] for rule in rules if "Prefix" in rule}
    assert expiring == {
        "exports/": 9,
        "idempotency/": 9,
        "running/": 9,
        "athena/": 9,
        "scheduled/": 800,  # for whoever collects them: an auditor, next year
    }
    assert all(rule["Status"] == "Enabled" for rule in rules)


@pytest.mark.parametrize("bucket", BUCKETS)
def test_broken_uploads_are_cleaned_up_wherever_they_are(template: Template, bucket: str) -> None:
    (rule,) = [
        rule for rule in lifecycle(template, bucket) if "AbortIncompleteMultipartUpload" in rule
    ]
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert "Prefix" not in rule


def test_call_logs_never_expire_and_survive_being_overwritten(template: Template) -> None:
    properties = template.resource("CallLogBucket")["Properties"]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert all("ExpirationInDays" not in rule for rule in lifecycle(template, "CallLogBucket"))


def lifecycle(template: Template, bucket: str) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = template.resource(bucket)["Properties"]["LifecycleConfiguration"][
        "Rules"
    ]
    return rules


def statements(template: Template, bucket: str) -> list[dict[str, Any]]:
    policy = template.resource(f"{bucket}Policy")["Properties"]
    assert policy["Bucket"] == template.physical_name(bucket)
    found: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return found


def denied(template: Template, bucket: str, key: str, request: Mapping[str, str]) -> bool:
    """Whether S3 would refuse a request, as IAM reads a Deny: all of its conditions hold."""
    arn = f"arn:aws:s3:::{template.physical_name(bucket)}{key}"
    return any(
        covers(statement["Resource"], arn) and holds(statement["Condition"], request)
        for statement in statements(template, bucket)
        if statement["Effect"] == "Deny" and statement["Action"] == "s3:*"
    )


def covers(resources: str | list[str], arn: str) -> bool:
    patterns = [resources] if isinstance(resources, str) else resources
    return any(
        arn.startswith(pattern[:-1]) if pattern.endswith("*") else arn == pattern
        for pattern in patterns
    )


def holds(conditions: Mapping[str, Mapping[str, str]], request: Mapping[str, str]) -> bool:
    return all(
        key in request and COMPARISONS[comparison](request[key], wanted)
        for comparison, wanted_values in conditions.items()
        for key, wanted in wanted_values.items()
    )
