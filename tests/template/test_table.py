"""The call-log table is the contract with whoever writes the logs: column by column."""

import pytest

from local.template import Template

COLUMNS = {
    "call_id": "string",
    "called_at": "timestamp",
    "api_key_id": "string",
    "api_key_name": "string",
    "provider": "string",
    "model": "string",
    "call_type": "string",
    "input_tokens": "bigint",
    "output_tokens": "bigint",
    "completion_time_ms": "bigint",
    "input_token_price": "decimal(18,6)",
    "output_token_price": "decimal(18,6)",
}


def test_the_columns_are_the_contract_in_order_and_type(template: Template) -> None:
    columns = template.resource("ApiCallsTable")["Properties"]["TableInput"]["StorageDescriptor"][
        "Columns"
    ]
    assert [(column["Name"], column["Type"]) for column in columns] == list(COLUMNS.items())


def test_every_column_is_explained(template: Template) -> None:
    table = template.resource("ApiCallsTable")["Properties"]["TableInput"]
    for column in [*table["StorageDescriptor"]["Columns"], *table["PartitionKeys"]]:
        assert column["Comment"].endswith(".")
        assert len(column["Comment"]) <= 255  # Glue takes no more


def test_partitions_are_projected_and_the_workspace_is_injected() -> None:
    template = Template.load(parameters={"FirstDay": "2024-05-06", "DatabaseName": "usage"})
    properties = template.resource("ApiCallsTable")["Properties"]
    table = properties["TableInput"]
    assert properties["DatabaseName"] == template.physical_name("Database") == "usage"
    assert (table["Name"], table["TableType"]) == ("api_calls", "EXTERNAL_TABLE")
    assert [(key["Name"], key["Type"]) for key in table["PartitionKeys"]] == [
        ("workspace_id", "string"),
        ("day", "string"),
    ]
    bucket = template.physical_name("CallLogBucket")
    assert table["Parameters"] == {
        "classification": "parquet",
        "projection.enabled": "true",
        "projection.workspace_id.type": "injected",
        "projection.day.type": "date",
        "projection.day.format": "yyyy-MM-dd",
        "projection.day.range": "2024-05-06,NOW+1DAY",
        "storage.location.template": (
            f"s3://{bucket}/api_calls/workspace_id=${{workspace_id}}/day=${{day}}/"
        ),
    }
    storage = table["StorageDescriptor"]
    assert storage["Location"] == f"s3://{bucket}/api_calls/"
    assert storage["SerdeInfo"]["SerializationLibrary"].endswith(".ParquetHiveSerDe")
    assert storage["InputFormat"].endswith(".MapredParquetInputFormat")
    assert storage["OutputFormat"].endswith(".MapredParquetOutputFormat")


def test_the_table_lies_over_an_existing_bucket_when_one_is_named() -> None:
    template = Template.load(parameters={"CallLogBucketName": "their-call-logs"})
    table = template.resource("ApiCallsTable")["Properties"]["TableInput"]
    assert table["StorageDescriptor"]["Location"] == "s3://their-call-logs/api_calls/"
    assert table["Parameters"]["storage.location.template"].startswith("s3://their-call-logs/")
    assert "CallLogBucket" not in template.of_type("AWS::S3::Bucket")
    assert "CallLogBucketPolicy" not in template.of_type("AWS::S3::BucketPolicy")


@pytest.mark.parametrize("cutoff", ["10000000", "5000000000"])
def test_queries_run_in_a_workgroup_that_clients_cannot_argue_with(cutoff: str) -> None:
    template = Template.load(parameters={"BytesScannedCutoff": cutoff})
    configuration = template.resource("WorkGroup")["Properties"]["WorkGroupConfiguration"]
    assert configuration == {
        "EngineVersion": {"SelectedEngineVersion": "Athena engine version 3"},
        "EnforceWorkGroupConfiguration": True,
        "PublishCloudWatchMetricsEnabled": True,
        "BytesScannedCutoffPerQuery": int(cutoff),
        "ResultConfiguration": {
            "OutputLocation": f"s3://{template.physical_name('ExportBucket')}/athena/",
            "ExpectedBucketOwner": "123456789012",
            "EncryptionConfiguration": {
                "EncryptionOption": "SSE_KMS",
                "KmsKey": "arn:aws:kms:eu-central-1:123456789012:key/api-usage-export-DataKey",
            },
        },
    }
