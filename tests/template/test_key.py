"""The key: one for all that is stored, the stack's own or one that is there, used as it must be."""

from fnmatch import fnmatchcase
from typing import Any

import botocore.session
import pytest

from local.template import Template
from local.template.document import read_document
from local.template.template import TEMPLATE
from tests.template.conftest import STREAMING
from tests.template.test_roles import ALLOWED, ASSUMED_BY, as_list, policy_statements

AWS = "eu-central-1:123456789012"
OWN = f"arn:aws:kms:{AWS}:key/api-usage-export-DataKey"
EXISTING = f"arn:aws:kms:{AWS}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
THEIRS = "arn:aws:kms:eu-central-1:210987654321:key/5678abcd-12ab-34cd-56ef-1234567890ab"
LOGS = f"arn:aws:logs:{AWS}:log-group:"
ROOT = {"AWS": "arn:aws:iam::123456789012:root"}

# What makes something of the key: the operations that a key's administrator has no need of.
USES = {
    "CreateGrant",
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "ReEncrypt",
    "Sign",
}

ENCRYPTED_BY = {
    "AWS::Athena::WorkGroup": (
        "WorkGroupConfiguration",
        "ResultConfiguration",
        "EncryptionConfiguration",
        "KmsKey",
    ),
    "AWS::KinesisFirehose::DeliveryStream": (
        "DeliveryStreamEncryptionConfigurationInput",
        "KeyARN",
    ),
    "AWS::Logs::LogGroup": ("KmsKeyId",),
    "AWS::S3::Bucket": (
        "BucketEncryption",
        "ServerSideEncryptionConfiguration",
        0,
        "ServerSideEncryptionByDefault",
        "KMSMasterKeyID",
    ),
    "AWS::SNS::Topic": ("KmsMasterKeyId",),
    "AWS::SQS::Queue": ("KmsMasterKeyId",),
    "AWS::Serverless::Function": ("KmsKeyArn",),
}
STORES_NOTHING = {
    "AWS::ApiGatewayV2",
    "AWS::Athena",
    "AWS::CloudFront",
    "AWS::CloudWatch",
    "AWS::Glue",  # columns' names and types, in this repository for anyone to read
    "AWS::IAM",
    "AWS::KMS",
    "AWS::Logs",
    "AWS::S3",
    "AWS::SNS",
    "AWS::SQS",
    "AWS::Scheduler",
    "AWS::Serverless",
}


@pytest.mark.parametrize("key", [OWN, EXISTING])
def test_all_that_is_stored_is_encrypted_with_the_one_key(key: str) -> None:
    template = with_key(key)
    for resource_type, path in ENCRYPTED_BY.items():
        for logical_id, properties in template.of_type(resource_type).items():
            found: Any = properties
            for step in path:
                found = found[step]
            assert found == key, logical_id


def test_every_kind_of_resource_is_known_to_be_encrypted_or_to_store_nothing() -> None:
    kinds = {resource["Type"] for resource in read_document(TEMPLATE)["Resources"].values()}
    others = kinds - set(ENCRYPTED_BY)
    assert {kind.rpartition("::")[0] for kind in others} <= STORES_NOTHING


def test_an_existing_key_replaces_the_stacks_own() -> None:
    template = with_key(EXISTING)
    assert template.of_type("AWS::KMS::Key") == template.of_type("AWS::KMS::Alias") == {}
    assert set(with_key(OWN).of_type("AWS::KMS::Key")) == {"DataKey"}


def test_the_key_rotates_and_outlives_its_stack_as_the_buckets_do(template: Template) -> None:
    resource = template.resource("DataKey")
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain"
    assert resource["Properties"]["EnableKeyRotation"] is True
    assert resource["Properties"]["PendingWindowInDays"] == 30


def test_the_keys_policy_lets_the_services_in_use_and_nobody_decrypt_without_one(
    template: Template,
) -> None:
    policy = template.resource("DataKey")["Properties"]["KeyPolicy"]
    statements = {statement.pop("Sid"): statement for statement in policy["Statement"]}
    assert all(statement["Effect"] == "Allow" for statement in statements.values())
    assert all(statement["Resource"] == "*" for statement in statements.values())
    who = {sid: statement["Principal"] for sid, statement in statements.items()}
    assert who == {
        "Administer": ROOT,
        "UseThroughServices": ROOT,
        "EncryptSettings": ROOT,
        "EncryptLogs": {"Service": "logs.eu-central-1.amazonaws.com"},
        "EncryptAlarms": {"Service": "cloudwatch.amazonaws.com"},
    }
    assert not USES & {
        operation
        for operation in botocore.session.get_session().get_service_model("kms").operation_names
        for action in statements["Administer"]["Action"]
        if fnmatchcase(f"kms:{operation}", action)
    }
    assert statements["UseThroughServices"]["Condition"] == {
        "StringEquals": {
            "kms:ViaService": [
                f"{service}.eu-central-1.amazonaws.com"
                for service in ("lambda", "s3", "sns", "sqs")
            ]
        }
    }
    assert statements["EncryptSettings"]["Action"] == "kms:CreateGrant"
    assert statements["EncryptSettings"]["Condition"] == {
        "StringEquals": {
            "kms:ViaService": [
                f"{service}.eu-central-1.amazonaws.com" for service in ("firehose", "lambda")
            ]
        },
        "Bool": {"kms:GrantIsForAWSResource": "true"},
    }
    assert statements["EncryptLogs"]["Condition"] == {
        "ArnLike": {
            "kms:EncryptionContext:aws:logs:arn": [
                f"{LOGS}/aws/lambda/api-usage-export-*",
                f"{LOGS}/aws/vendedlogs/apigateway/api-usage-export",
                f"{LOGS}/aws/kinesisfirehose/api-usage-export-call-logs",
            ]
        }
    }


def test_the_keys_policy_knows_every_log_group(streaming: Template) -> None:
    template = streaming
    (statement,) = [
        statement
        for statement in template.resource("DataKey")["Properties"]["KeyPolicy"]["Statement"]
        if statement["Sid"] == "EncryptLogs"
    ]
    (patterns,) = statement["Condition"]["ArnLike"].values()
    for group in template.of_type("AWS::Logs::LogGroup").values():
        arn = LOGS + group["LogGroupName"]
        assert any(
            arn == pattern or (pattern.endswith("*") and arn.startswith(pattern[:-1]))
            for pattern in patterns
        )


@pytest.mark.parametrize("role", sorted(ALLOWED))
def test_a_role_uses_a_key_through_the_services_that_it_calls_and_never_by_itself(
    streaming: Template, role: str
) -> None:
    statements = policy_statements(streaming, role)
    actions = {action for statement in statements for action in as_list(statement["Action"])}
    services = {action.partition(":")[0] for action in actions}
    via = {
        service.partition(".")[0]
        for statement in statements
        if as_list(statement["Action"])[0].startswith("kms:")
        for service in as_list(statement["Condition"]["StringEquals"]["kms:ViaService"])
    }
    settings = {"lambda"} if ASSUMED_BY[role] == "lambda.amazonaws.com" else set()
    assert via == (services & {"s3", "sns", "sqs"}) | settings


def test_call_logs_under_a_key_of_their_own_are_decrypted_with_it_and_nothing_more() -> None:
    parameters = {"CallLogBucketName": "their-call-logs", "CallLogKmsKeyArn": THEIRS}
    template = Template.load(parameters={**STREAMING, **parameters})
    uses = {
        "ExportRole": "kms:Decrypt",
        "AnalyticsRole": "kms:Decrypt",
        "CallLogStreamRole": ["kms:Decrypt", "kms:GenerateDataKey"],  # it writes them
    }
    for role, actions in uses.items():
        (statement,) = [
            statement
            for statement in policy_statements(template, role)
            if statement["Resource"] == THEIRS
        ]
        assert statement["Action"] == actions
        assert statement["Condition"] == {
            "StringEquals": {"kms:ViaService": "s3.eu-central-1.amazonaws.com"}
        }


def with_key(key: str) -> Template:
    parameters = {} if key == OWN else {"KmsKeyArn": key}
    return Template.load(parameters={**STREAMING, **parameters})
