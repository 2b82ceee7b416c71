"""Are the licenses of all packages among those that `pyproject.toml` allows? Needs no network."""

import json
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.metadata import Distribution
from typing import Any, Final, Self

from packaging.utils import canonicalize_name

from local.audit.pins import (
    ROOT,
    installed_in,
    pinned,
    shipped_requirements,
    tool_requirements,
)
from local.audit.report import Report

_CLASSIFIERS: Final = {
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",  # does not say which
    "GNU General Public License v2 (GPLv2)": "GPL-2.0-only",
    "GNU Lesser General Public License v3 (LGPLv3)": "LGPL-3.0-only",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "MIT No Attribution License (MIT-0)": "MIT-0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
"""Trove classifiers of the time before SPDX expressions → SPDX."""

_TOKEN: Final = re.compile(r"[()]|[^\s()]+")


@dataclass(frozen=True)
class Package:
    """A package and what it says of its license: an SPDX expression, or None."""

    name: str
    license: str | None


@dataclass(frozen=True)
class Policy:
    """What is allowed.

    Attributes:
        shipped: Licenses of what is deployed, or served to a browser.
        tools: Licenses of what stays on the developer's machine, beside those.
        exceptions: Tool → its license, where that is none of those or not in its metadata; each
            looked at by a person.
    """

    shipped: Collection[str]
    tools: Collection[str]
    exceptions: Mapping[str, str]

    @classmethod
    def load(cls) -> Self:
        """From `[tool.licenses]` in `pyproject.toml`."""
        table = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["licenses"]
        return cls(table["shipped"], table["tools"], table["exceptions"])

    def violation(self, package: Package, *, is_shipped: bool) -> str | None:
        """Why a package is not allowed, in words."""
        exception = None if is_shipped else self.exceptions.get(package.name)
        if exception and package.license in (exception, None):
            return None
        if package.license is None:
            return f"{package.name} does not say under which license it is."
        allowed = self.shipped if is_shipped else {*self.shipped, *self.tools}
        if permitted(package.license, allowed):
            return None
        use = "for what is shipped" if is_shipped else "for a tool"
        return f"{package.name} is under {package.license}, which is not allowed {use}."


def permitted(expression: str, allowed: Collection[str]) -> bool:
    """Whether an SPDX license expression can be met with allowed licenses alone.

    >>> permitted("(MIT OR GPL-3.0-only) AND BSD-3-Clause", {"MIT", "BSD-3-Clause"})
    True
    >>> permitted("MIT AND GPL-3.0-only", {"MIT"})
    False
    """
    tokens = _TOKEN.findall(expression)
    try:
        result = _alternatives(tokens, allowed)
    except IndexError:  # it ends too early
        return False
    return result and not tokens


def check_licenses() -> Report:
    """Looks at every package of the requirements files and of the page that is installed."""
    policy = Policy.load()
    looked_at: list[str] = []
    found: list[str] = []

    def look(packages: Collection[Package], where: str, *, is_shipped: bool) -> None:
        wrong = [policy.violation(package, is_shipped=is_shipped) for package in packages]
        looked_at.append(f"Licenses: looked at {len(packages)} packages {where}.")
        found.extend(reason for reason in wrong if reason)

    for requirements in [*shipped_requirements(), *tool_requirements()]:
        is_shipped = requirements.parent != ROOT
        where = requirements.relative_to(ROOT).as_posix()
        # what is shipped is pinned and installed in .venv too
        installed = installed_in(ROOT / "requirements-dev.txt" if is_shipped else requirements)
        if installed is None:
            looked_at.append(f"Licenses: none of {where} looked at, which is not installed here.")
            continue
        names = [canonicalize_name(one.name) for one in pinned(requirements)]
        found += [f"{name} is pinned and not installed." for name in names if name not in installed]
        packages = [
            Package(name, python_license(installed[name])) for name in names if name in installed
        ]
        look(packages, f"of {where}", is_shipped=is_shipped)
    for is_shipped, packages in _npm_packages().items():
        where = "of the page" if is_shipped else "that build the page"
        look(packages, where, is_shipped=is_shipped)
    return Report(looked_at, sorted(set(found)))


def python_license(distribution: Distribution) -> str | None:
    """What a distribution's metadata says, as an SPDX expression."""
    metadata = distribution.metadata
    if "License-Expression" in metadata:
        return metadata["License-Expression"]
    classifiers = [
        value.rpartition(" :: ")[2]
        for value in metadata.get_all("Classifier", [])
        if value.startswith("License :: ") and value != "License :: OSI Approved"
    ]
    if classifiers:  # of several, nothing says that one may choose
        return " AND ".join(_CLASSIFIERS.get(name, name.replace(" ", "-")) for name in classifiers)
    text = metadata.get_all("License", [""])[0]  # a name, an expression or a whole license
    return _CLASSIFIERS.get(text, text) if text and "\n" not in text else None


def _npm_packages() -> dict[bool, list[Package]]:
    """Whether it gets into the page → packages; the lock file says it all."""
    lock: dict[str, Any] = json.loads((ROOT / "web/package-lock.json").read_text())
    packages: dict[bool, list[Package]] = {True: [], False: []}
    for path, package in lock["packages"].items():
        if path:
            name = path.rpartition("node_modules/")[2]
            packages[not package.get("dev")].append(Package(name, package.get("license")))
    return packages


def _alternatives(tokens: list[str], allowed: Collection[str]) -> bool:
    results = [_together(tokens, allowed)]
    while tokens and tokens[0].upper() == "OR":
        tokens.pop(0)
        results.append(_together(tokens, allowed))
    return any(results)


def _together(tokens: list[str], allowed: Collection[str]) -> bool:
    results = [_one(tokens, allowed)]
    while tokens and tokens[0].upper() == "AND":
        tokens.pop(0)
        results.append(_one(tokens, allowed))
    return all(results)


def _one(tokens: list[str], allowed: Collection[str]) -> bool:
    license_id = tokens.pop(0)
    if license_id == "(":
        result = _alternatives(tokens, allowed)
        return tokens.pop(0) == ")" and result
    if tokens and tokens[0].upper() == "WITH":
        tokens.pop(0)
        license_id = f"{license_id} WITH {tokens.pop(0)}"
    return license_id in allowed
