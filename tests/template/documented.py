"""The pages for those who run the system, and the commands in them."""

import re
from functools import cache

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel, StructureShape

from local.template.template import TEMPLATE

DOCS = TEMPLATE.parent / "docs"
PAGES = ("call-logs.md", "operations.md")


def text(page: str) -> str:
    """A page as it is written."""
    return (DOCS / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text(page), re.DOTALL | re.MULTILINE)


def shell(page: str) -> list[str]:
    """What a person is to type: blocks, and commands of the AWS CLI within a sentence."""
    return blocks(page, "sh") + re.findall(r"`(aws [^`]+)`", text(page))


def commands(page: str) -> list[str]:
    """Each call of the AWS CLI."""
    return [
        command
        for typed in shell(page)
        for command in re.split(r"(?=\baws [a-z0-9]+ [a-z-]+)", typed)
        if command.startswith("aws ")
    ]


@cache
def operations(service: str) -> dict[str, OperationModel]:
    """AWS's operations of a service, as the CLI names them."""
    model = botocore.session.get_session().get_service_model({"s3api": "s3"}.get(service, service))
    return {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}


def takes(service: str, operation: str) -> StructureShape:
    """What an operation takes."""
    shape = operations(service)[operation].input_shape
    assert shape is not None
    return shape
