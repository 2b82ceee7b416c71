"""What the pages tell people to type: the commands are AWS's, the names the template's."""

import re

import pytest
from botocore import xform_name

from local.template.document import read_document
from local.template.template import TEMPLATE
from tests.template.documented import DOCS, PAGES, commands, shell, takes, text

DOCUMENT = read_document(TEMPLATE)
COMMANDS = [(page, command) for page in PAGES for command in commands(page)]
OF_EVERY_COMMAND = {"cli-binary-format", "output", "query", "region"}

# Commands that are the CLI's own, and no operation of AWS.
OF_THE_CLI = {
    ("s3", "cp"): {"recursive", "sse", "sse-kms-key-id"},
    ("s3", "ls"): {"recursive"},
    ("s3", "mv"): {"recursive"},
    ("s3", "rb"): {"force"},
    ("s3", "rm"): {"exclude", "include", "recursive"},
    ("s3", "sync"): {"exclude", "include"},
    ("cloudformation", "wait"): {"stack-name"},
}
SET_BY_THE_READER = {"IFS", "STACK", "TRAIL"}


@pytest.mark.parametrize(
    ("page", "command"),
    COMMANDS,
    ids=[f"{page}: {' '.join(command.split()[1:3])}" for page, command in COMMANDS],
)
def test_a_command_has_what_its_operation_takes_and_needs(page: str, command: str) -> None:
    _, service, name, *_ = command.split()
    unquoted = re.sub(r"""'[^']*'|"[^"]*\"""", "…", command)
    options = set(re.findall(r"(?<= )--([a-z0-9-]+)", unquoted.replace("\n", " ")))
    options -= OF_EVERY_COMMAND
    if (service, name) in OF_THE_CLI:
        assert options <= OF_THE_CLI[service, name]
        return
    shape = takes(service, name)
    assert options <= {xform_name(member, "-") for member in shape.members}
    # an inline command may name an operation alone
    if len(command.split()) > 3:
        assert {xform_name(member, "-") for member in shape.required_members} <= options


@pytest.mark.parametrize(("page", "least"), [("operations.md", 15)])
def test_there_are_commands(page: str, least: int) -> None:
    assert len(commands(page)) > least


@pytest.mark.parametrize("page", PAGES)
def test_every_variable_is_an_output_of_the_stack_or_set_on_the_page(page: str) -> None:
    typed = "\n".join(shell(page))
    used = set(re.findall(r"\$\{?([A-Z]\w+)", typed))
    set_there = set(re.findall(r"(?:^|[\s(])(?:for )?([A-Z]\w*)(?:=| in )", typed))
    assert used - set_there - SET_BY_THE_READER <= set(DOCUMENT["Outputs"])


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", text(page)):
        if target.startswith("https://"):
            continue
        file, _, anchor = target.partition("#")
        linked = (DOCS / (file or page)).resolve()
        assert linked.is_file(), target
        if anchor and linked.suffix == ".md":
            assert anchor in anchors(linked.read_text(encoding="utf-8")), target


def anchors(markdown: str) -> list[str]:
    """Where links to headings lead, as repositories' pages make them."""
    return [
        re.sub(r"[^a-z0-9 _-]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.+)$", markdown, re.MULTILINE)
    ]
