"""`python -m local smoke`, as a person runs it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import pytest
import typer
from typer.testing import CliRunner

from local.smoke import command
from local.smoke.run import CHECKS
from local.stack import LocalStack
from tests.functional.conftest import WORKSPACE
from tests.functional.operators_shell import KEYS, NO_AWS
from tests.functional.refusing_aws import refusing_aws

ROOT = Path(__file__).parents[2]
NOTHING: Mapping[str, str] = MappingProxyType({})
NAMED = ("--api-url", "http://127.0.0.1:9", "--function", "ExportFunction")


@dataclass(frozen=True)
class Done:
    """What a command left."""

    status: int
    stdout: str
    stderr: str


@pytest.fixture
def smoke(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Done]:
    """Runs the command in this process, in a shell that has nothing but what it is given."""
    for name in [name for name in os.environ if name.startswith(("AWS_", "SMOKE_"))]:
        monkeypatch.delenv(name)
    alone = typer.Typer(add_completion=False)
    alone.command()(command.smoke)

    def run(*arguments: str, environment: Mapping[str, str] = NOTHING) -> Done:
        monkeypatch.setattr("boto3.DEFAULT_SESSION", None)  # which would remember another shell
        with monkeypatch.context() as shell:
            for name, value in {**NO_AWS, **environment}.items():
                shell.setenv(name, value)
            done = CliRunner().invoke(alone, list(arguments), catch_exceptions=False)
        return Done(done.exit_code, done.stdout, " ".join(done.stderr.replace("│", " ").split()))

    return run


Smoke = Callable[..., Done]


def one_sentence(done: Done) -> str:
    """What a command that cannot check says, and nothing else."""
    assert (done.status, done.stdout) == (2, ""), done
    return done.stderr


@pytest.fixture(scope="module")
def deployed(stack: LocalStack) -> Mapping[str, str]:
    """The shell of an operator of the stack, who has both tokens."""
    stack.aws.describe_stack(stack.outputs())
    provider = stack.identity_provider
    return {
        **stack.client_environment,
        "SMOKE_TOKEN": provider.token(workspace_id=WORKSPACE),
        "SMOKE_MEMBER_TOKEN": provider.token(workspace_id=WORKSPACE, admin=False),
    }


def test_a_stack_is_checked_and_the_cost_said_before(deployed: Mapping[str, str]) -> None:
    asked = ("--stack", "api-usage-export", "--workspace", WORKSPACE)
    done = subprocess.run(  # noqa: S603 - this project's own command
        [sys.executable, "-m", "local", "smoke", *asked],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **NO_AWS, **deployed},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = " ".join(done.stderr.split())
    assert "bytes. This costs at most $0.0035, by 19 Athena queries" in said
    assert said.endswith("18 ok, 0 failed, 2 not checked.")
    lines = done.stdout.splitlines()[1:]
    assert len(lines) == len(CHECKS)
    for check, line in zip(CHECKS, lines, strict=True):
        assert line.startswith(f" {check.name} ")
    assert sum(line.rstrip().endswith(" ok") for line in lines) == 18
    for secret in ("X-Amz-Signature", deployed["SMOKE_TOKEN"], deployed["SMOKE_MEMBER_TOKEN"]):
        assert secret not in done.stdout + done.stderr


def test_for_a_program_it_is_json_and_a_failed_check_is_an_exit_status(
    deployed: Mapping[str, str], smoke: Smoke
) -> None:
    wrong = {**deployed, "SMOKE_MEMBER_TOKEN": deployed["SMOKE_TOKEN"]}  # an admin's
    done = smoke("--stack", "api-usage-export", "--json", environment=wrong)
    assert done.status == 1, done
    found = json.loads(done.stdout)
    assert (found["failed"], found["costs_at_most_usd"]) == (1, "0.003456")
    (failed,) = [check for check in found["checks"] if check["ok"] is False]
    assert failed["check"] == "a member's token"
    assert found["not_checked"] == sum(check["ok"] is None for check in found["checks"])
    assert [check["check"] for check in found["checks"]] == [check.name for check in CHECKS]


def test_a_missing_permission_is_named_once_all_else_is_checked(
    deployed: Mapping[str, str], smoke: Smoke
) -> None:
    message = "User: x is not authorized to perform: athena:StartQueryExecution on resource: y"
    denial = json.dumps({"__type": "AccessDeniedException", "message": message})
    with refusing_aws(400, denial, {"Content-Type": "application/x-amz-json-1.1"}) as athena:
        denied = {**deployed, "AWS_ENDPOINT_URL_ATHENA": athena}
        done = smoke("--stack", "api-usage-export", environment=denied)
    assert done.status == 2, done
    assert done.stderr.endswith(
        "Not all could be checked. Your credentials lack athena:StartQueryExecution on the "
        "workgroup api-usage-export."
    )
    assert "401 at all 6 routes" in done.stdout


def test_a_day_that_is_too_dear_is_refused_before_anything_is_asked(
    deployed: Mapping[str, str], smoke: Smoke
) -> None:
    asked = ("--stack", "api-usage-export", "--workspace", WORKSPACE, "--max-usd", "0.003")
    said = one_sentence(smoke(*asked, environment=deployed))
    assert "may cost $0.0035: name a quieter --day or --workspace" in said


def test_a_run_without_call_logs_is_refused_by_its_cost_too(smoke: Smoke) -> None:
    said = one_sentence(smoke(*NAMED, "--max-usd", "0.003", environment=KEYS))
    assert said == "The run may cost $0.0035: allow it with --max-usd."


def test_a_workgroup_that_is_not_there(deployed: Mapping[str, str], smoke: Smoke) -> None:
    asked = ("--stack", "api-usage-export", "--cutoff-workgroup", "nowhere")
    done = smoke(*asked, environment=deployed)
    assert done.status == 2, done
    assert done.stderr.endswith(
        "Athena refuses athena:GetWorkGroup on the workgroup nowhere: InvalidRequestException, "
        "WorkGroup nowhere is not found."
    )
    assert "401 at all 6 routes" in done.stdout  # what was seen until then is shown


def test_a_stack_that_is_not_there(deployed: Mapping[str, str], smoke: Smoke) -> None:
    said = one_sentence(smoke("--stack", "nowhere", environment=deployed))
    assert said == "There is no stack nowhere in eu-central-1."


def test_without_credentials(smoke: Smoke) -> None:
    said = one_sentence(smoke("--stack", "web", environment={"AWS_DEFAULT_REGION": "eu-central-1"}))
    assert said.startswith("There are no AWS credentials for cloudformation:DescribeStacks")


def test_an_endpoint_that_does_not_answer(smoke: Smoke) -> None:
    said = one_sentence(
        smoke("--stack", "web", "--endpoint-url", "http://127.0.0.1:9", environment=KEYS)
    )
    assert "CloudFormation cannot be reached" in said


def test_an_api_that_does_not_answer(smoke: Smoke) -> None:
    done = smoke(*NAMED, environment=KEYS)
    assert done.status == 2
    assert "127.0.0.1:9 cannot be reached: " in done.stderr


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ([], "name a stack, or else an API and a function"),
        (["--api-url", "https://api.example"], "name a stack, or else an API and a function"),
        (["--stack", "x", *NAMED], "name a stack, or else an API and a function"),
        (["--api-url", "http://api.example", *NAMED[2:]], "'http://api.example' is no https"),
        (["--api-url", "api.example", *NAMED[2:]], "'api.example' is no https address"),
        (["--endpoint-url", "x", *NAMED], "'x' is no https address"),
        (["--workspace", "ws acme", *NAMED], "'ws acme' is no workspace id"),
        (["--day", f"{datetime.now(UTC):%Y-%m-%d}", *NAMED], "is not over yet, in UTC"),
        (["--day", "yesterday", *NAMED], "'yesterday' is no date such as 2026-01-31"),
        (["--token", "a b", *NAMED], "The admin's token has characters that no token has."),
    ],
)
def test_what_cannot_be_meant_is_said(smoke: Smoke, arguments: list[str], text: str) -> None:
    assert text in one_sentence(smoke(*arguments, environment=KEYS))
