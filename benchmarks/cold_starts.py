"""From the start of a function's process to its first question for an event.

The artifact of this machine's build under Lambda's runtime interface client, against a function in
the same artifact with the same imports and clients, and nothing of ours.
"""

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.measured import Line, alternately, at_most
from local.identity_provider import IdentityProvider
from local.template import LambdaFunction, Template
from tests.packaging.builds import LAYER, RUNTIME, build_that_runs_here, python_of_lambda
from tests.packaging.lambda_process import Environment, LambdaProcess

_AIMS = {"ExportFunction": 1.2, "AnalyticsFunction": 1.2, "AuthorizerFunction": 1.1}
_BARE = Path(__file__).parent / "programs" / "bare.py"
_PYJWT = ["jwt"]
_NO_AWS = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
}


@dataclass(frozen=True)
class Start:
    """How long a start took, and how much of the processor, in milliseconds."""

    wall: float
    processor: float


@dataclass(frozen=True)
class Starter:
    """Starts functions in copies of their artifacts."""

    folder: Path

    def artifact(self, logical_id: str, *, has_bytecode: bool = True) -> Environment:
        """A copy of an artifact, to which the bare function is added."""
        name = f"{logical_id}{'' if has_bytecode else '-without-bytecode'}"
        root, build = self.folder / name, build_that_runs_here()
        environment = Environment(
            python_of_lambda(), RUNTIME, root / "task", shutil.copytree(build / LAYER, root / "opt")
        )
        shutil.copytree(build / logical_id, environment.task_root)
        shutil.copy(_BARE, environment.task_root)
        compiler = [environment.python, "-m", "compileall", "-q"]
        subprocess.run(
            [
                *compiler,
                "--invalidation-mode",
                "checked-hash",
                str(environment.task_root / _BARE.name),
            ],
            check=True,
        )
        if not has_bytecode:
            for path in root.rglob("*.pyc"):
                path.unlink()
        return environment

    def process(self, function: LambdaFunction, environment: Environment) -> LambdaProcess:
        return LambdaProcess(function, environment, _NO_AWS, self.folder / "log")

    def start(self, function: LambdaFunction, environment: Environment) -> Start:
        """Starts it once, and ends it."""
        began = time.perf_counter()
        with self.process(function, environment) as process:
            started = process.started()
            wall = time.perf_counter() - began
            ran = sum(
                int(path.read_text().split()[0])
                for path in Path(f"/proc/{started}/task").glob("*/schedstat")
            )
        return Start(wall * 1000, ran / 1_000_000)


def lines(rounds: int) -> Iterator[Line]:
    """Each function."""
    with TemporaryDirectory(prefix="benchmark-") as name, IdentityProvider() as provider:
        template = Template.load(parameters=provider.template_parameters())
        starter = Starter(Path(name))
        for logical_id, aim in _AIMS.items():
            function = template.functions()[logical_id]
            artifact = starter.artifact(logical_id)
            slow = starter.artifact(logical_id, has_bytecode=False)
            imports = _PYJWT if aim < 1.2 else _imports_of(function, artifact, starter)
            empty = _bare(function, "handler", imports)
            found = alternately(
                rounds,
                {
                    "ours": partial(starter.start, function, artifact),
                    "bare": partial(starter.start, empty, artifact),
                    "slow": partial(starter.start, function, slow),
                },
            )
            for part, words in (("wall", ""), ("processor", ", the processor alone")):
                values = {key: [getattr(one, part) for one in found[key]] for key in found}
                against = "PyJWT with cryptography" if aim < 1.2 else "its imports and clients"
                yield at_most(
                    aim,
                    f"Cold start of {logical_id}{words}",
                    values["ours"],
                    values["bare"],
                    name=against,
                    unit="ms",
                )
            yield at_most(
                1.0,
                f"Cold start of {logical_id}, the processor alone",
                [one.processor for one in found["ours"]],
                [one.processor for one in found["slow"]],
                name="the same without bytecode",
                unit="ms",
            )


def _imports_of(function: LambdaFunction, artifact: Environment, starter: Starter) -> list[str]:
    """All that a function imports and that is not ours, in order."""
    with starter.process(_bare(function, "modules", []), artifact) as process:
        imports: list[str] = process.invoke(function.handler.rpartition(".")[0])
    return imports


def _bare(function: LambdaFunction, handler: str, imports: list[str]) -> LambdaFunction:
    variables = {**function.environment, "BARE_MODULES": json.dumps(imports)}
    return replace(function, handler=f"bare.{handler}", environment=variables)
