"""docs/operations.md: its names are the template's, its events the functions', its figures true."""

import json
import re
import shlex
from typing import Any

from botocore import xform_name
from botocore.validate import validate_parameters

from local.template import Template
from local.template.document import read_document
from local.template.template import TEMPLATE
from shared.export_request import DirectRequest
from tests.template.documented import blocks, takes, text

DOCUMENT = read_document(TEMPLATE)
TEXT = text("operations.md")


def test_the_schedule_that_operators_add_is_one_that_the_function_takes() -> None:
    (block,) = [block for block in blocks("operations.md", "sh") if "create-schedule" in block]
    filled = re.sub(r"""'"\$(\w+)"'""", r"arn:aws:iam::123456789012:role/\1", block)
    words = shlex.split(filled.replace("\\\n", " ").replace('"$', '"'))[3:]
    options = dict(zip(words[::2], words[1::2], strict=True))
    shape = takes("scheduler", "create-schedule")
    schedule: dict[str, Any] = {
        member: json.loads(options[option]) if options[option].startswith("{") else options[option]
        for member in shape.members
        if (option := "--" + xform_name(member, "-")) in options
    }
    assert len(schedule) == len(options)
    validate_parameters(schedule, shape)
    assert schedule["GroupName"] == "ScheduleGroupName"
    target = schedule["Target"]
    assert target["Arn"].endswith("/ExportFunctionArn")
    assert target["RoleArn"].endswith("/ScheduleRoleArn")
    assert target["DeadLetterConfig"]["Arn"].endswith("/UndeliveredSchedulesArn")
    monthly = Template.load().resource("ExportFunction")["Properties"]["Events"]["Monthly"]
    assert target["RetryPolicy"] == monthly["Properties"]["RetryPolicy"]
    asked = direct_request(
        target["Input"]
        .replace("<aws.scheduler.scheduled-time>", "2026-02-02T05:00:00Z")
        .replace(
            "<aws.scheduler.schedule-arn>",
            "arn:aws:scheduler:eu-central-1:123456789012:schedule/api-usage-export/weekly",
        )
    )
    assert asked.delivery_key is not None


def test_the_event_that_restores_a_schedules_file_is_one_that_the_function_takes() -> None:
    (payload,) = re.findall(r"--payload '(\{\n.*?)'", TEXT, re.DOTALL)
    asked = direct_request(payload)
    assert asked.scheduled_time is not None
    assert asked.schedule_arn is not None
    assert asked.schedule_arn.endswith(":schedule/api-usage-export/api-usage-export-monthly")


def test_retention_is_the_templates() -> None:
    table = TEXT.partition("\n## Retention\n")[2]
    for name, days in re.findall(r"`(\w+Days)`, (\d+)", table):
        assert DOCUMENT["Parameters"][name]["Default"] == int(days)
    template = Template.load()
    rules = template.resource("ExportBucket")["Properties"]["LifecycleConfiguration"]["Rules"]
    prefixes = {rule["Prefix"] for rule in rules if "Prefix" in rule}
    rows = {
        prefix: row for row in table.splitlines() for prefix in prefixes if f"`{prefix}`" in row
    }
    assert set(rows) == prefixes
    for prefix, row in rows.items():
        kept = "ScheduledRetentionDays" if prefix == "scheduled/" else "ExportRetentionDays"
        assert f"`{kept}`" in row
    for queue in template.of_type("AWS::SQS::Queue").values():
        assert queue["MessageRetentionPeriod"] == 14 * 86_400
    assert "| failed and undelivered events | SQS | 14 days |" in table


def direct_request(text: str) -> DirectRequest:
    return DirectRequest.model_validate_json(text)
