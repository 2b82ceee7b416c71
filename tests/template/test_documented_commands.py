"""What the pages tell people to type: the commands are AWS's, the names the template's."""

import re

import pytest
from botocore import xform_name

from local.template.document import read_document
from local.template.template import TEMPLATE
from tests.template.documented import DOCS, PAGES, commands, shell, takes, text

DOCUMENT = read_document(TEMPLATE)
COMMANDS = [(page, command) for page in PAGES for command in commands(page)]
OF_EVERY_COMMAND = {"cli-binary-format", "max-items", "output", "query", "region"}

# Commands that are the CLI's own, and no operation of AWS.
OF_THE_CLI = {
    ("s3", "cp"): {"recursive", "sse", "sse-kms-key-id"},
    ("s3", "ls"): {"recursive"},
    ("s3", "mv"): {"recursive"},
    ("s3", "rb"): {"force"},
    ("s3", "rm"): {"exclude", "include", "recursive"},
    ("s3", "sync"): {"exclude", "include"},
    ("acm", "wait"): {"certificate-arn"},
    ("cloudformation", "wait"): {"stack-name"},
}
NAMED_BY_THE_CLI = {("lambda", "create-function", "zip-file"): "code"}
SET_BY_THE_READER = {"IFS", "STACK", "TRAIL"}


@pytest.mark.parametrize(
    ("page", "command"),
    COMMANDS,
    ids=[f"{page}: {' '.join(command.split()[1:3])}" for page, command in COMMANDS],
)
def test_a_command_has_what_its_operation_takes_and_needs(page: str, command: str) -> None:
    _, service, name, *_ = command.split()
    options = {
        NAMED_BY_THE_CLI.get((service, name, option), option)
        for option in re.findall(r" --([a-z0-9-]+)", command)
        if option not in OF_EVERY_COMMAND
    }
    if (service, name) in OF_THE_CLI:
        assert options <= OF_THE_CLI[service, name]
        return
    shape = takes(service, name)
    assert options <= {xform_name(member, "-") for member in shape.members}
    # an inline command may name an operation alone
    if len(command.split()) > 3:
        assert {xform_name(member, "-") for member in shape.required_members} <= options


@pytest.mark.parametrize(("page", "least"), [("deployment.md", 25), ("operations.md", 15)])
def test_there_are_commands(page: str, least: int) -> None:
    assert len(commands(page)) > least


@pytest.mark.parametrize("page", PAGES)
def test_every_variable_is_an_output_of_the_stack_or_set_on_the_page(page: str) -> None:
    typed = "\n".join(shell(page))
    used = set(re.findall(r"\$\{?([A-Z]\w+)", typed))
    set_there = set(re.findall(r"(?:^|[\s(])(?:for )?([A-Z]\w*)(?:=| in )", typed))
    assert used - set_there - SET_BY_THE_READER <= set(DOCUMENT["Outputs"])


@pytest.mark.parametrize("page", PAGES)
def test_every_parameter_that_is_named_is_one(page: str) -> None:
    known = {*DOCUMENT["Parameters"], *DOCUMENT["Outputs"], *DOCUMENT["Resources"]}
    known |= set(re.findall(r"Sid: (\w+)", TEMPLATE.read_text(encoding="utf-8")))
    known |= {"RefusedError", "ServiceUnavailableError"}  # of the code
    known |= {"AccessDenied", "TooManyRequests", "OwnTime"}  # errors of Scheduler's, a metric
    known |= {"DisableExecuteApiEndpoint", "FailedPutCount"}  # a property, a field of Firehose's
    named = set(re.findall(r"`([A-Z][a-z]+[A-Z]\w+)`", text(page)))
    assert named - known == set()


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


@pytest.mark.parametrize("page", PAGES)
def test_every_parameter_that_is_set_is_one_and_takes_its_value(page: str) -> None:
    typed = " ".join(shell(page)).replace("\\\n", " ")
    for overrides in re.findall(r"--parameter-overrides((?: +\w+=(?:\"[^\"]*\"|\S+))+)", typed):
        for name, value in re.findall(r"(\w+)=(\"[^\"]*\"|\S+)", overrides):
            parameter = DOCUMENT["Parameters"][name]
            if "$" in value:
                continue
            assert value in parameter.get("AllowedValues", [value])
            assert re.fullmatch(parameter.get("AllowedPattern", ".*").strip(), value)


def test_a_first_deployment_sets_what_has_no_default() -> None:
    (first, *_) = re.findall(r"sam deploy (.*?)(?:\n\n|\n```)", text("deployment.md"), re.DOTALL)
    for name, parameter in DOCUMENT["Parameters"].items():
        assert "Default" in parameter or f" {name}=" in first


@pytest.mark.parametrize("page", PAGES)
def test_every_target_of_make_is_one(page: str) -> None:
    makefile = (TEMPLATE.parent / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    typed = re.findall(r"`(make [^`]+)`", text(page)) + shell(page)
    named = set(re.findall(r"(?:^|\s)make ([a-z][a-z-]*)", "\n".join(typed)))
    assert named <= targets


def test_the_function_that_puts_the_workspace_into_tokens_is_the_one_that_was_tried() -> None:
    (typed,) = re.findall(r"<<'PYTHON'\n(.*?)\nPYTHON", text("deployment.md"), re.DOTALL)
    tried = text("identity-providers.md")
    indented = "\n".join(f"      {line}" if line else line for line in typed.splitlines())
    assert indented in tried
