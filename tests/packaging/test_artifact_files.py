"""What is in the artifacts: the function's own package, its pinned distributions, nothing else.

The distributions are compared, byte for byte, with wheels that have a pinned hash; beside each
module is the bytecode that Lambda's Python compiles it to.
"""

import hashlib
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from tests.packaging.builds import (
    ARTIFACTS,
    FUNCTIONS,
    LAYER,
    ROOT,
    WHEELS,
    cannot_run,
    files,
    python_of_lambda,
)

ELF_MACHINES = {"arm64": 0xB7, "x86_64": 0x3E}
PLATFORMS = {"arm64": "_aarch64", "x86_64": "_x86_64"}
BYTECODE = Path(__file__).with_name("bytecode.py")
LAMBDA = {"python_full_version": "3.13.0", "python_version": "3.13", "sys_platform": "linux"}

Digests = dict[str, str]
"""Path → SHA-256 of its content."""


@pytest.mark.parametrize("logical_id", ARTIFACTS)
def test_an_artifact_has_its_package_and_its_pinned_distributions_alone(
    architecture: str, build: Path, logical_id: str
) -> None:
    if not (WHEELS / "fetched").exists():
        cannot_run("the packages are not in a folder of their own; `make build` fetches them")
    package = FUNCTIONS.get(logical_id, "shared")
    import_path = "python/" if logical_id == LAYER else ""
    built = {
        path: value
        for path, value in digests(build / logical_id).items()
        if not path.endswith(".pyc")  # the test below looks at these
    }
    allowed = {
        f"{import_path}{package}/{path}": digest(ROOT / package / path)
        for path in files(ROOT / package)
    }
    for requirement, hashes in pinned(ROOT / package / "requirements.txt"):
        wheels = list(pinned_wheels(requirement, hashes, architecture))
        installed = [wheel for wheel in wheels if wheel.items() <= built.items()]
        assert installed, f"{requirement} is not there as one of {len(wheels)} pinned wheels has it"
        allowed |= installed[0]
    assert built == allowed


@pytest.mark.parametrize("logical_id", ARTIFACTS)
def test_every_module_has_its_bytecode_and_no_other(build: Path, logical_id: str) -> None:
    compared = subprocess.run(  # noqa: S603 - ours
        [python_of_lambda(), "-I", "-S", "-B", BYTECODE, build / logical_id],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    lines = compared.stdout.splitlines()
    if lines and all(line.endswith(": not compiled") for line in lines):
        cannot_run("there is no bytecode: a plain `sam build` leaves it out, `make build` does not")
    assert lines == []


def test_compiled_modules_are_of_the_architecture_they_run_on(
    architecture: str, build: Path
) -> None:
    compiled = list(build.rglob("*.so"))
    assert compiled  # cryptography and pydantic bring some
    for path in compiled:
        header = path.read_bytes()[:20]
        assert header[:4] == b"\x7fELF"
        assert int.from_bytes(header[18:20], "little") == ELF_MACHINES[architecture], path


def pinned(requirements: Path) -> Iterator[tuple[Requirement, set[str]]]:
    """Each requirement of a file that Lambda needs, with its SHA-256 hashes."""
    if not requirements.exists():  # the layer has none
        return
    text = requirements.read_text().replace("\\\n", "")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            specifier, *hashes = line.split(" --hash=sha256:")
            requirement = Requirement(specifier)
            if requirement.marker is None or requirement.marker.evaluate(LAMBDA):
                yield requirement, {value.strip() for value in hashes}


def pinned_wheels(
    requirement: Requirement, hashes: set[str], architecture: str
) -> Iterator[Digests]:
    """The content of each wheel that may be installed for a requirement."""
    for wheel in WHEELS.glob("*.whl"):
        name, version, _, tags = parse_wheel_filename(wheel.name)
        if (
            name == canonicalize_name(requirement.name)
            and requirement.specifier.contains(version)
            and any(tag.platform.endswith(("any", PLATFORMS[architecture])) for tag in tags)
            and digest(wheel) in hashes
        ):
            yield wheel_content(wheel)


@cache
def wheel_content(wheel: Path) -> Digests:
    """What a wheel puts into an import path."""
    with ZipFile(wheel) as archive:
        return {
            entry.filename: hashlib.sha256(archive.read(entry)).hexdigest()
            for entry in archive.infolist()
            if not entry.is_dir()
        }


def digests(folder: Path) -> Digests:
    """Every file, bytecode too."""
    return {
        path.relative_to(folder).as_posix(): digest(path)
        for path in folder.rglob("*")
        if path.is_file()
    }


@cache
def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
