"""The pages for those who run the system, and the commands in them."""

import re
from functools import cache

import botocore.session
from botocore import xform_name
from botocore.model import OperationModel, StructureShape

from local.template.template import TEMPLATE

DOCS = TEMPLATE.parent / "docs"
PAGES = ("call-logs.md", "deployment.md", "operations.md")


def text(page: str) -> str:
    """A page as it is written."""
    return (DOCS / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text(page), re.DOTALL | re.MULTILINE)


def shell(page: str) -> list[str]:
    """What a person is to type: blocks, and commands of the AWS CLI within a sentence."""
    inline = re.findall(r"`(aws [^`]+)`", text(page))
    return blocks(page, "sh") + [" ".join(command.split()) for command in inline]


def commands(page: str) -> list[str]:
    """Each call of the AWS CLI, those within others too, without what is quoted in it."""
    return [
        _command(typed[start.start() :])
        for typed in shell(page)
        for start in re.finditer(r"\baws [a-z0-9-]+ [a-z0-9-]+", typed)
    ]


def _command(typed: str) -> str:
    """One command of a shell: up to its end, a pipe or the end of what it stands in."""
    text = typed.replace("\\\n", " ")
    words, quote, depth = "", "", 0
    for place, letter in enumerate(text):
        if depth or text[max(place - 1, 0) : place + 1] == "$(":
            depth += {"(": 1, ")": -1}.get(letter, 0)
        elif quote:
            quote = "" if letter == quote else quote
        elif letter in "'\"":
            quote = letter
        elif letter in "\n)|;&<>":
            break
        else:
            words += letter
    return words.strip()


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
