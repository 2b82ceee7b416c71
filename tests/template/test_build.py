"""What `make build` made, imported as Lambda would: the function, its layer, Python, nothing else.

Skipped with the reason where there is no build, or only one older than the code.
"""

import json
import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from local.template import Template
from local.template.template import TEMPLATE

ROOT = TEMPLATE.parent
BUILDS = {"arm64": ROOT / ".aws-sam/build", "x86_64": ROOT / ".aws-sam/build-x86_64"}
ARCHITECTURES = {"aarch64": "arm64", "arm64": "arm64", "x86_64": "x86_64", "AMD64": "x86_64"}
ELF_MACHINES = {"arm64": 0xB7, "x86_64": 0x3E}

IMPORT_PATHS = {
    "AnalyticsFunction": ".",
    "AuthorizerFunction": ".",
    "ExportFunction": ".",
    "SharedLayer": "python",
}
PACKAGES = {
    "AnalyticsFunction": "functions/analytics",
    "AuthorizerFunction": "functions/authorizer",
    "ExportFunction": "functions/export",
    "SharedLayer": "shared",
}
OURS = ("benchmarks", "docs", "events", "functions", "local", "shared", "tests", "web")
ZIP_LIMITS_MB = {
    "AnalyticsFunction": 25,
    "AuthorizerFunction": 6,
    "ExportFunction": 25,
    "SharedLayer": 1,
}

LAMBDAS_OWN_ENVIRONMENT = {"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"}
IMPORT_HANDLER = """
import importlib, json, sys
sys.path[:0] = sys.argv[2:]
module, _, name = sys.argv[1].rpartition(".")
handler = getattr(importlib.import_module(module), name)
print(json.dumps({"callable": callable(handler), "modules": sorted(sys.modules)}))
"""


@pytest.fixture(params=sorted(BUILDS))
def build(request: pytest.FixtureRequest) -> Path:
    return current_build(request.param)


@pytest.fixture(scope="session")
def python_of_lambda() -> str:
    """A Python 3.13, which pyenv may keep out of the PATH."""
    if sys.version_info[:2] == (3, 13):
        return sys.executable
    kept = Path.home().glob(".pyenv/versions/3.13.*/bin/python3.13")
    for python in filter(None, [shutil.which("python3.13"), *map(str, kept)]):
        # what is found may be a shim that only says that no 3.13 is chosen
        tried = subprocess.run([python, "-c", ""], check=False, capture_output=True)  # noqa: S603 - a Python
        if tried.returncode == 0:
            return python
    pytest.skip("there is no Python 3.13 here to import the artifacts with")


@pytest.mark.parametrize("logical_id", sorted(PACKAGES))
def test_an_artifact_has_its_own_package_whole_and_nothing_else_of_ours(
    build: Path, logical_id: str
) -> None:
    package = PACKAGES[logical_id]
    built = files(build / logical_id / IMPORT_PATHS[logical_id])
    assert {path for path in built if path.startswith(OURS)} == {
        f"{package}/{path}" for path in files(ROOT / package)
    }


def test_compiled_modules_are_of_the_architecture_they_run_on(build: Path) -> None:
    (architecture,) = [name for name, folder in BUILDS.items() if folder == build]
    compiled = list(build.rglob("*.so"))
    assert compiled  # cryptography and pydantic bring some
    for path in compiled:
        header = path.read_bytes()[:20]
        assert header[:4] == b"\x7fELF"
        assert int.from_bytes(header[18:20], "little") == ELF_MACHINES[architecture], path


@pytest.mark.skipif(sys.platform != "linux", reason="the artifacts are Linux's")
@pytest.mark.parametrize(
    "logical_id", ["AnalyticsFunction", "AuthorizerFunction", "ExportFunction"]
)
def test_a_function_imports_from_its_artifact_and_the_layer_alone(
    template: Template, python_of_lambda: str, logical_id: str
) -> None:
    build = current_build(ARCHITECTURES[platform.machine()])
    function = template.functions()[logical_id]
    import_path = [str(build / name / IMPORT_PATHS[name]) for name in (logical_id, "SharedLayer")]
    # isolated, without site-packages, and leaving no bytecode in what is deployed
    python = [python_of_lambda, "-I", "-S", "-B", "-c", IMPORT_HANDLER]
    run = subprocess.run(  # noqa: S603 - our own build
        [*python, function.handler, *import_path],
        check=False,
        env=function.environment | LAMBDAS_OWN_ENVIRONMENT,
        cwd="/",
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    imported = json.loads(run.stdout)
    assert imported["callable"]
    assert "shared.workspace" in imported["modules"]


def test_artifacts_stay_small(
    build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sizes = {logical_id: zipped_mb(build / logical_id, tmp_path) for logical_id in PACKAGES}
    with capsys.disabled():
        sys.stdout.write(f"\n{build.name}, zipped, in MB: {sizes} ")
    assert all(sizes[logical_id] <= limit for logical_id, limit in ZIP_LIMITS_MB.items())


def current_build(architecture: str) -> Path:
    """The folder of a finished build; skips the test where it is missing or out of date."""
    folder = BUILDS[architecture]
    finished = folder / "template.yaml"
    if not finished.exists():
        pytest.skip(f"there is no {architecture} build; `make build` makes it")
    code = [ROOT / top / path for top in ("functions", "shared") for path in files(ROOT / top)]
    if max(path.stat().st_mtime for path in [TEMPLATE, *code]) > finished.stat().st_mtime:
        pytest.skip(f"the {architecture} build is older than the code; `make build` renews it")
    return folder


def files(folder: Path) -> set[str]:
    """Every file below a folder, relative to it, bytecode apart."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def zipped_mb(folder: Path, scratch: Path) -> float:
    archive = shutil.make_archive(str(scratch / folder.name), "zip", folder)
    return round(Path(archive).stat().st_size / 1_000_000, 2)
