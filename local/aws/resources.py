"""The resources of a template that the local AWS holds, created through their APIs."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from local.template import Template


def create_resources(template: Template, client: Callable[[str], Any], region: str) -> None:
    """Buckets, Glue databases and tables, workgroups and queues, as the template has them."""
    for logical_id, bucket in template.of_type("AWS::S3::Bucket").items():
        _create_bucket(client("s3"), template.physical_name(logical_id), bucket, region)
    for database in template.of_type("AWS::Glue::Database").values():
        client("glue").create_database(DatabaseInput=database["DatabaseInput"])
    for table in template.of_type("AWS::Glue::Table").values():
        client("glue").create_table(
            DatabaseName=table["DatabaseName"], TableInput=table["TableInput"]
        )
    for workgroup in template.of_type("AWS::Athena::WorkGroup").values():
        client("athena").create_work_group(
            Name=workgroup["Name"],
            Description=workgroup.get("Description", ""),
            Configuration=workgroup.get("WorkGroupConfiguration", {}),
            Tags=workgroup.get("Tags", []),
        )
    for logical_id, queue in template.of_type("AWS::SQS::Queue").items():
        client("sqs").create_queue(
            QueueName=template.physical_name(logical_id),
            Attributes={name: _text(value) for name, value in queue.items()},
        )
    for logical_id in template.of_type("AWS::SNS::Topic"):
        client("sns").create_topic(Name=template.physical_name(logical_id))
    # A bucket that exists before the stack does: the template only knows its name.
    known = {bucket["Name"] for bucket in client("s3").list_buckets()["Buckets"]}
    existing, _ = call_log_location(template)
    if existing not in known:
        _create_bucket(client("s3"), existing, {}, region)


def describe_stack(name: str, outputs: Mapping[str, str], cloudformation: Any) -> None:
    """Let CloudFormation name the outputs of a stack, whose resources are there already."""
    described = {output: {"Value": value} for output, value in outputs.items()}
    body = json.dumps({"Resources": {}, "Outputs": described})
    cloudformation.delete_stack(StackName=name)  # what was said of it before, if anything
    cloudformation.create_stack(StackName=name, TemplateBody=body)


def call_log_location(template: Template) -> tuple[str, str]:
    """The bucket of the call logs, and what their keys start with, ending in `/`."""
    (table,) = template.of_type("AWS::Glue::Table").values()
    address: str = table["TableInput"]["StorageDescriptor"]["Location"]
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    return bucket, prefix


def _text(value: object) -> str:
    """An attribute as SQS takes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _create_bucket(s3: Any, name: str, properties: Mapping[str, Any], region: str) -> None:
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": region})
    rules = properties.get("BucketEncryption", {}).get("ServerSideEncryptionConfiguration", [])
    for rule in rules:
        by_default = rule["ServerSideEncryptionByDefault"]
        s3.put_bucket_encryption(
            Bucket=name,
            ServerSideEncryptionConfiguration={
                "Rules": [
                    {
                        "ApplyServerSideEncryptionByDefault": by_default,
                        "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
                    }
                ]
            },
        )
    if versioning := properties.get("VersioningConfiguration"):
        s3.put_bucket_versioning(Bucket=name, VersioningConfiguration=versioning)
