"""The local stack's AWS, and the artifacts of this machine's build run against it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path

import pytest

from local.aws import LocalAws
from local.identity_provider import IdentityProvider
from local.sample_call_logs import write_sample_call_logs
from local.template import LambdaFunction, Template
from tests.packaging.builds import (
    BUILDS,
    FUNCTIONS,
    LAYER,
    RUNTIME,
    build_that_runs_here,
    cannot_run,
    finished_build,
    python_of_lambda,
)
from tests.packaging.lambda_process import Environment, LambdaProcess

WORKSPACE = "ws-acme"
"""The workspace of every event in `events/`."""

Start = Callable[..., LambdaProcess]


@dataclass(frozen=True)
class Deployment:
    """What the functions meet: AWS, an identity provider and the template's settings."""

    aws: LocalAws
    identity_provider: IdentityProvider
    functions: dict[str, LambdaFunction]


@pytest.fixture(params=sorted(BUILDS))
def architecture(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def build(architecture: str) -> Path:
    return finished_build(architecture)


@pytest.fixture(scope="package")
def lambda_folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Environment]:
    """Each function's `/var/task`, `/opt` and `/var/runtime`, away from the code."""
    build, python = build_that_runs_here(), python_of_lambda()
    if not (RUNTIME / "installed").exists():
        cannot_run("there is no runtime interface client; `make build` installs it")
    root = tmp_path_factory.mktemp("lambda")
    opt = shutil.copytree(build / LAYER, root / "opt")
    return {
        logical_id: Environment(
            python, RUNTIME, shutil.copytree(build / logical_id, root / logical_id / "task"), opt
        )
        for logical_id in FUNCTIONS
    }


@pytest.fixture(scope="package")
def call_logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Calls in the month of the events with dates, and in the month before this one."""
    folder = tmp_path_factory.mktemp("samples")
    today = datetime.now(UTC).date()
    for name, end, days in (("then", date(2026, 2, 2), 40), ("now", today, 64)):
        write_sample_call_logs(folder / name, rows=4_000, days=days, end=end, seed=7)
        shutil.copytree(folder / name, folder / "call-logs", dirs_exist_ok=True)
    return folder / "call-logs"


@pytest.fixture(scope="package")
def deployment(call_logs: Path, lambda_folders: dict[str, Environment]) -> Iterator[Deployment]:
    with IdentityProvider() as identity_provider:
        template = Template.load(
            parameters={"SettleMinutes": "0", **identity_provider.template_parameters()}
        )
        with LocalAws(template) as aws:
            aws.add_call_logs(call_logs)
            yield Deployment(aws, identity_provider, template.functions())


@pytest.fixture
def start(
    deployment: Deployment, lambda_folders: dict[str, Environment], tmp_path: Path
) -> Iterator[Start]:
    """Starts a function, which ends with the test."""
    with ExitStack() as running:
        yield partial(_start, deployment, lambda_folders, tmp_path, running)


def _start(
    deployment: Deployment,
    folders: dict[str, Environment],
    logs: Path,
    running: ExitStack,
    logical_id: str,
    *,
    without: str | None = None,
    layer: bool = True,
    **variables: str,
) -> LambdaProcess:
    """`without` leaves out a variable of the template; `variables` set others."""
    function = deployment.functions[logical_id]
    settings = {name: value for name, value in function.environment.items() if name != without}
    folder = folders[logical_id]
    return running.enter_context(
        LambdaProcess(
            replace(function, environment=settings | variables),
            folder if layer else replace(folder, opt=logs),
            {**deployment.aws.environment, **variables},
            logs / f"{logical_id}.log",
        )
    )
