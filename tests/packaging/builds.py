"""What `make build` leaves in `.aws-sam`, and where to find it."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final, Never

import pytest

from local.template.template import TEMPLATE

ROOT: Final = TEMPLATE.parent
BUILDS: Final = {
    "arm64": ROOT / ".aws-sam/build",
    "x86_64": ROOT / ".aws-sam/build-x86_64",
}
"""Architecture → the folder of its build."""

WHEELS: Final = ROOT / ".aws-sam/wheels"
RUNTIME: Final = ROOT / ".aws-sam/runtime"
LAYER: Final = "SharedLayer"
FUNCTIONS: Final = {
    "AnalyticsFunction": "functions/analytics",
    "AuthorizerFunction": "functions/authorizer",
    "ExportFunction": "functions/export",
}
"""Logical id → the function's own package."""

ARTIFACTS: Final = (*FUNCTIONS, LAYER)

_ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64", "AMD64": "x86_64"}


def finished_build(architecture: str) -> Path:
    """The folder of a build that is as new as the code; else the test cannot be run."""
    folder = BUILDS[architecture]
    finished = folder / "template.yaml"
    if not finished.exists():
        cannot_run(f"there is no {architecture} build; `make build` makes it")
    code = [ROOT / top / path for top in ("functions", "shared") for path in files(ROOT / top)]
    if max(path.stat().st_mtime for path in [TEMPLATE, *code]) > finished.stat().st_mtime:
        cannot_run(f"the {architecture} build is older than the code; `make build` renews it")
    return folder


def build_that_runs_here() -> Path:
    """The folder of the build for this machine."""
    if sys.platform != "linux":
        pytest.skip("the artifacts are Linux's")
    return finished_build(_ARCHITECTURES[platform.machine()])


def python_of_lambda() -> str:
    """A Python 3.13, which pyenv may keep out of the PATH."""
    if sys.version_info[:2] == (3, 13):
        return sys.executable
    kept = Path.home().glob(".pyenv/versions/3.13.*/bin/python3.13")
    found = filter(None, [shutil.which("python3.13"), *map(str, kept)])
    python = next(filter(_runs, found), None)
    return python or cannot_run("there is no Python 3.13 here to run the artifacts with")


def _runs(python: str) -> bool:
    """What is found may be a shim that only says that no 3.13 is chosen."""
    return not subprocess.run([python, "-c", ""], check=False, capture_output=True).returncode  # noqa: S603


def cannot_run(reason: str) -> Never:
    """Skips the test; fails it where `make build` has promised all that it needs."""
    if os.environ.get("REQUIRE_BUILD"):
        pytest.fail(reason)
    pytest.skip(reason)


def files(folder: Path) -> set[str]:
    """Every file below a folder of ours, relative to it, bytecode apart."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
