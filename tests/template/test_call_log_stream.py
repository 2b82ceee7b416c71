"""The call-log stream: off unless asked for, and what it writes is what the table reads."""

import json
import re
import shutil
import subprocess
from typing import Any

import botocore.session
import pytest
from botocore.validate import validate_parameters

from local.template import Template
from local.template.document import read_document
from local.template.template import TEMPLATE
from tests.template.conftest import STREAMING
from tests.template.documented import blocks

DOCUMENT = read_document(TEMPLATE)
RESOURCES = {
    "CallLogStream",
    "CallLogStreamErrors",
    "CallLogStreamLogs",
    "CallLogStreamRole",
    "LateCallLogsAlarm",
    "UnwrittenCallsAlarm",
}
BUFFERED_AGAIN = (
    1.5  # as long a partitioned call may be held back, says AWS, as its buffer is set to
)
(SENT,) = blocks("call-logs.md", "json")  # a call as senders are told to send it
CALL: dict[str, Any] = json.loads(SENT)


def test_no_stream_is_made_unless_it_is_asked_for(template: Template) -> None:
    assert resources(template).isdisjoint(RESOURCES)


def test_making_the_stream_adds_it_and_changes_nothing_but_the_dashboard(
    template: Template, streaming: Template
) -> None:
    assert resources(streaming) - resources(template) == RESOURCES
    for resource in resources(template) - {"Dashboard"}:
        assert streaming.resource(resource) == template.resource(resource)


def test_outputs_say_where_to_send_calls() -> None:
    stream = {name for name in DOCUMENT["Outputs"] if name.startswith("CallLogStream")}
    assert stream == {"CallLogStreamName", "CallLogStreamArn"}
    for name in stream:
        assert DOCUMENT["Outputs"][name]["Condition"] == "MakesCallLogStream"


def test_firehose_takes_such_a_stream(streaming: Template) -> None:
    shape = (
        botocore.session.get_session()
        .get_service_model("firehose")
        .operation_model("CreateDeliveryStream")
        .input_shape
    )
    assert shape is not None
    properties = streaming.resource("CallLogStream")["Properties"]
    assert set(properties) <= set(shape.members)
    validate_parameters(properties, shape)


@pytest.mark.parametrize("bucket", ["", "their-call-logs"])
def test_a_call_is_put_where_the_table_looks_for_it(bucket: str) -> None:
    template = Template.load(parameters=STREAMING | {"CallLogBucketName": bucket})
    table = template.resource("ApiCallsTable")["Properties"]["TableInput"]
    written = destination(template)
    assert parameter(written, "JsonParsingEngine") == "JQ-1.6"
    keys = jq(parameter(written, "MetadataExtractionQuery"), CALL)
    place = written["Prefix"]
    read = table["Parameters"]["storage.location.template"]
    for key in table["PartitionKeys"]:
        place = place.replace(f"!{{partitionKeyFromQuery:{key['Name']}}}", keys[key["Name"]])
        read = read.replace(f"${{{key['Name']}}}", keys[key["Name"]])
    assert place == "api_calls/workspace_id=ws-acme/day=2026-01-31/"
    assert f"s3://{written['BucketARN'].removeprefix('arn:aws:s3:::')}/{place}" == read


def test_a_call_that_is_sent_has_the_tables_columns_and_its_workspace(streaming: Template) -> None:
    table = streaming.resource("ApiCallsTable")["Properties"]["TableInput"]
    columns = [column["Name"] for column in table["StorageDescriptor"]["Columns"]]
    assert list(CALL) == ["workspace_id", *columns]
    # one of the forms that Firehose's OpenX SerDe reads as a timestamp, to the millisecond
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", CALL["called_at"])


def test_a_record_may_hold_several_calls(streaming: Template) -> None:
    first = destination(streaming)["ProcessingConfiguration"]["Processors"][0]
    assert first == {
        "Type": "RecordDeAggregation",
        "Parameters": [{"ParameterName": "SubRecordType", "ParameterValue": "JSON"}],
    }


def test_what_cannot_be_written_is_put_where_no_query_looks(streaming: Template) -> None:
    table = streaming.resource("ApiCallsTable")["Properties"]["TableInput"]
    errors = (
        f"s3://{streaming.physical_name('CallLogBucket')}/"
        + (destination(streaming)["ErrorOutputPrefix"])
    )
    assert not errors.startswith(table["StorageDescriptor"]["Location"])
    assert "!{firehose:error-output-type}" in errors  # without it Firehose takes no such prefix


def test_a_call_is_written_as_the_one_table_declares_it(streaming: Template) -> None:
    conversion = destination(streaming)["DataFormatConversionConfiguration"]
    assert conversion["Enabled"] is True
    schema = conversion["SchemaConfiguration"]
    assert schema["DatabaseName"] == streaming.physical_name("Database")
    assert schema["TableName"] == streaming.physical_name("ApiCallsTable")
    assert schema["VersionId"] == "LATEST"
    assert list(conversion["InputFormatConfiguration"]["Deserializer"]) == ["OpenXJsonSerDe"]
    assert list(conversion["OutputFormatConfiguration"]["Serializer"]) == ["ParquetSerDe"]
    # beside a conversion, Firehose compresses nothing itself
    assert destination(streaming)["CompressionFormat"] == "UNCOMPRESSED"


def test_a_call_is_written_before_exports_look_for_it(streaming: Template) -> None:
    hints = destination(streaming)["BufferingHints"]
    assert 64 <= hints["SizeInMBs"] <= 128  # what Firehose takes beside partitions and a conversion
    settled = int(DOCUMENT["Parameters"]["SettleMinutes"]["Default"]) * 60
    assert BUFFERED_AGAIN * hints["IntervalInSeconds"] < settled
    least = max(map(int, refused_settle_minutes())) + 1
    assert BUFFERED_AGAIN * hints["IntervalInSeconds"] < least * 60


def test_errors_are_logged_where_somebody_can_read_them(streaming: Template) -> None:
    logging = destination(streaming)["CloudWatchLoggingOptions"]
    stream = streaming.resource("CallLogStreamErrors")["Properties"]
    assert logging == {"Enabled": True, **stream}
    assert logging["LogGroupName"] == streaming.physical_name("CallLogStreamLogs")


def refused_settle_minutes() -> list[str]:
    (assertion,) = DOCUMENT["Rules"]["StreamHasTimeToSettle"]["Assertions"]
    refused: list[str] = assertion["Assert"]["Fn::Not"][0]["Fn::Contains"][0]
    return refused


def destination(template: Template) -> dict[str, Any]:
    found: dict[str, Any] = template.resource("CallLogStream")["Properties"][
        "ExtendedS3DestinationConfiguration"
    ]
    return found


def parameter(written: dict[str, Any], name: str) -> str:
    (processor,) = [
        each
        for each in written["ProcessingConfiguration"]["Processors"]
        if each["Type"] == "MetadataExtraction"
    ]
    values = {each["ParameterName"]: each["ParameterValue"] for each in processor["Parameters"]}
    value: str = values[name]
    return value


def jq(program: str, record: dict[str, Any]) -> dict[str, str]:
    """What the program finds in a record, by jq itself where it is installed."""
    if shutil.which("jq") is None:
        assert program == "{workspace_id: .workspace_id, day: .called_at[0:10]}"
        return {"workspace_id": record["workspace_id"], "day": record["called_at"][:10]}
    ran = subprocess.run(  # noqa: S603 - our own program
        ["jq", program],  # noqa: S607 - the one on the PATH
        input=json.dumps(record),
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(ran.stdout)
    return found


def resources(template: Template) -> set[str]:
    """Logical ids of the resources that there are under a template's parameters."""
    types = {resource["Type"] for resource in DOCUMENT["Resources"].values()}
    return {logical_id for each in types for logical_id in template.of_type(each)}
