"""docs/operations.md: its commands are AWS's, its names the template's, its figures true."""

import json
import re
import shlex
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.model import OperationModel
from botocore.validate import validate_parameters

from local.template import Template
from local.template.document import read_document
from local.template.template import TEMPLATE
from shared.export_request import DirectRequest

DOCUMENT = read_document(TEMPLATE)
PAGE = TEMPLATE.parent / "docs/operations.md"
TEXT = PAGE.read_text(encoding="utf-8")
CODE = re.findall(r"```sh\n(.*?)```|`(aws [^`]+)`", TEXT, re.DOTALL)
COMMANDS = [
    command
    for block, inline in CODE
    for command in re.split(r"(?=\baws [a-z0-9]+ [a-z-]+)", block or inline)
    if command.startswith("aws ")
]
OF_THE_CLI = {"cli-binary-format", "output", "query", "region"}
OF_S3_CP = {"recursive", "sse", "sse-kms-key-id"}
SHELL = {"IFS", "STACK", "TRAIL"}


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.split()[1:3]))
def test_a_command_has_what_its_operation_takes_and_needs(command: str) -> None:
    _, service, name, *_ = command.split()
    unquoted = re.sub(r"""'[^']*'|"[^"]*\"""", "…", command)
    options = set(re.findall(r"(?<= )--([a-z0-9-]+)", unquoted.replace("\n", " "))) - OF_THE_CLI
    if (service, name) == ("s3", "cp"):
        assert options <= OF_S3_CP
        return
    shape = operation(service, name).input_shape
    assert shape is not None
    assert options <= {xform_name(member, "-") for member in shape.members}
    # an inline command may name an operation alone
    if len(command.split()) > 3:
        assert {xform_name(member, "-") for member in shape.required_members} <= options


def test_there_are_commands() -> None:
    assert len(COMMANDS) > 15


def test_every_variable_is_an_output_of_the_stack() -> None:
    used = {name for block, inline in CODE for name in re.findall(r"\$(\w+)", block or inline)}
    assert {name for name in used if name[0].isupper()} - SHELL <= set(DOCUMENT["Outputs"])


def test_every_parameter_that_is_named_is_one() -> None:
    known = {*DOCUMENT["Parameters"], *DOCUMENT["Outputs"], *DOCUMENT["Resources"]}
    statements = re.findall(r"Sid: (\w+)", TEMPLATE.read_text(encoding="utf-8"))
    others = {"DirectRequest", "RefusedError", "ServiceUnavailableError"}  # of the code
    others |= {"AccessDenied", "TooManyRequests", "OwnTime"}  # errors of Scheduler's, a metric
    named = set(re.findall(r"`([A-Z][a-z]+[A-Z]\w+)`", TEXT))
    assert named - known - set(statements) - others == set()


def test_every_link_leads_somewhere() -> None:
    titles = re.findall(r"^#+ (.+)$", TEXT, re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        if target.startswith("#"):
            assert target[1:] in anchors
        elif not target.startswith("https://"):
            assert (PAGE.parent / target.partition("#")[0]).is_file()


def test_the_schedule_that_operators_add_is_one_that_the_function_takes() -> None:
    (block,) = [block for block, _ in CODE if "create-schedule" in block]
    filled = re.sub(r"""'"\$(\w+)"'""", r"arn:aws:iam::123456789012:role/\1", block)
    words = shlex.split(filled.replace("\\\n", " ").replace('"$', '"'))[3:]
    options = dict(zip(words[::2], words[1::2], strict=True))
    shape = operation("scheduler", "create-schedule").input_shape
    assert shape is not None
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


@cache
def operations(service: str) -> dict[str, OperationModel]:
    model = botocore.session.get_session().get_service_model({"s3api": "s3"}.get(service, service))
    return {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}


def operation(service: str, name: str) -> Any:
    return operations(service)[name]
