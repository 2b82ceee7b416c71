"""Every package is pinned by hash, and no file says from which registry it is to come."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from local.audit.pins import ROOT, pinned, shipped_requirements, tool_requirements

FILES = [*shipped_requirements(), *tool_requirements()]
WEB_LOCK = json.loads((ROOT / "web/package-lock.json").read_text())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_requirement_has_one_version_and_its_hashes(path: Path) -> None:
    lines = path.read_text().replace("\\\n", "").splitlines()
    requirements = [line for line in lines if not line.startswith("#")]
    assert requirements
    for line in requirements:
        specifier, *hashes = line.split(" --hash=sha256:")
        assert re.fullmatch(r"==[^,*]+", str(Requirement(specifier).specifier)), line
        assert hashes, line
        assert all(re.fullmatch(r"[0-9a-f]{64}", value.strip()) for value in hashes), line


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_a_requirements_file_names_no_registry(path: Path) -> None:
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host| @ ", path.read_text())


def test_each_group_and_function_has_its_requirements() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    assert {path.name for path in tool_requirements()} == {
        "requirements-dev.txt",
        *(f"requirements-{group}.txt" for group in groups),
    }
    functions = {path.parent for path in ROOT.glob("functions/*/app.py")}
    assert {path.parent for path in shipped_requirements()} == functions


@pytest.mark.parametrize("path", shipped_requirements(), ids=lambda path: path.parent.name)
def test_the_tests_run_with_the_versions_that_are_shipped(path: Path) -> None:
    assert pins(path) <= pins(ROOT / "requirements-dev.txt")


def pins(path: Path) -> set[str]:
    return {f"{one.name}{one.specifier}" for one in pinned(path)}


def test_the_pages_lock_file_has_hashes_and_names_no_registry() -> None:
    packages = {path: package for path, package in WEB_LOCK["packages"].items() if path}
    assert len(packages) > 10
    for path, package in packages.items():
        assert package["integrity"].startswith("sha512-"), path
        assert "resolved" not in package, path
