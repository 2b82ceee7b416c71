"""The pinned requirements files, and where their packages are installed."""

from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Final

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from local.template.template import TEMPLATE

ROOT: Final = TEMPLATE.parent
_STAMPS: Final = {
    "dev": ".venv/installed",
    "java": ".venv/java",
    "runtime": ".aws-sam/runtime/installed",
}
"""What `make` leaves beside a file's packages once they are installed, if not `.NAME/installed`."""


def pinned(requirements: Path) -> list[Requirement]:
    """The requirements of a file that this machine needs, each with its one version."""
    lines = requirements.read_text().replace("\\\n", "").splitlines()
    found = [
        Requirement(line.partition(" --hash=")[0])
        for line in lines
        if line and not line.startswith("#")
    ]
    return [one for one in found if one.marker is None or one.marker.evaluate()]


def shipped_requirements() -> list[Path]:
    """One file for each function: what is deployed with it."""
    return sorted(ROOT.glob("functions/*/requirements.txt"))


def tool_requirements() -> list[Path]:
    """One file for each environment of the developer's machine."""
    return sorted(ROOT.glob("requirements-*.txt"))


def installed_in(requirements: Path) -> dict[NormalizedName, Distribution] | None:
    """The distributions of a file's environment by name; None where that is not installed."""
    name = requirements.stem.removeprefix("requirements-")
    stamp = ROOT / _STAMPS.get(name, f".{name}/installed")
    if not stamp.exists():
        return None
    places = [*stamp.parent.glob("lib/python3*/site-packages")] or [stamp.parent]
    return dict(_by_name(places))


def _by_name(places: list[Path]) -> Iterator[tuple[NormalizedName, Distribution]]:
    for distribution in distributions(path=[str(place) for place in places]):
        yield canonicalize_name(distribution.metadata["Name"]), distribution
