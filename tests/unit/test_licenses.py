"""Which licenses are allowed, and how they are read."""

from email.message import Message
from importlib.metadata import Distribution
from typing import Any

import pytest

from local.audit import licenses
from local.audit.licenses import Package, Policy, check_licenses, permitted, python_license
from local.audit.pins import installed_in

POLICY = Policy(
    shipped=["MIT", "BSD-3-Clause"],
    tools=["MPL-2.0"],
    exceptions={"grandfather": "GPL-2.0-only", "silent": "MIT"},
)


class Metadata(Distribution):
    """A distribution that is nothing but its metadata."""

    def __init__(self, *fields: tuple[str, str]) -> None:
        self._message = Message()
        for name, value in fields:
            self._message[name] = value

    @property
    def metadata(self) -> Any:
        return self._message

    def read_text(self, filename: str) -> None:
        return None

    def locate_file(self, path: Any) -> Any:
        return path


@pytest.mark.parametrize(
    ("expression", "is_permitted"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("GPL-3.0-only OR MIT", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT AND BSD-3-Clause", True),
        ("GPL-3.0-only OR MIT AND BSD-3-Clause", True),
        ("MIT OR BSD-3-Clause AND GPL-3.0-only", True),
        ("(MIT OR BSD-3-Clause) AND GPL-3.0-only", False),
        ("(GPL-3.0-only OR MIT) AND BSD-3-Clause", True),
        ("(MIT)", True),
        ("MIT WITH Some-exception", False),
        ("MIT License", False),
        ("MIT OR", False),
        ("(MIT", False),
        ("MIT)", False),
        ("", False),
    ],
)
def test_an_expression_is_permitted_where_allowed_licenses_meet_it(
    expression: str, is_permitted: bool
) -> None:
    assert permitted(expression, {"MIT", "BSD-3-Clause"}) is is_permitted


@pytest.mark.parametrize(
    ("package", "shipped", "tool"),
    [
        (Package("a", "MIT"), True, True),
        (Package("a", "MPL-2.0"), False, True),
        (Package("a", "GPL-2.0-only"), False, False),
        (Package("a", None), False, False),
        (Package("grandfather", "GPL-2.0-only"), False, True),
        (Package("grandfather", "GPL-3.0-only"), False, False),
        (Package("silent", None), False, True),
    ],
)
def test_more_is_allowed_of_tools_than_of_what_is_shipped(
    package: Package, shipped: bool, tool: bool
) -> None:
    assert (POLICY.violation(package, is_shipped=True) is None) is shipped
    assert (POLICY.violation(package, is_shipped=False) is None) is tool


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (
            [("License-Expression", "MIT OR Apache-2.0"), ("License", "whatever")],
            "MIT OR Apache-2.0",
        ),
        ([("Classifier", "License :: OSI Approved :: MIT License")], "MIT"),
        (
            [
                ("Classifier", "License :: OSI Approved"),
                ("Classifier", "License :: OSI Approved :: BSD License"),
                ("Classifier", "License :: OSI Approved :: Apache Software License"),
                ("Classifier", "Programming Language :: Python :: 3"),
            ],
            "BSD AND Apache-2.0",
        ),
        ([("License", "MIT OR AFL-2.1")], "MIT OR AFL-2.1"),
        ([("License", "MIT License")], "MIT"),
        ([("License", "Permission is granted\nto nobody")], None),
        ([], None),
    ],
)
def test_a_license_is_read_from_the_metadata(
    fields: list[tuple[str, str]], expected: str | None
) -> None:
    assert python_license(Metadata(*fields)) == expected


def test_what_is_not_installed_is_said_and_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        licenses,
        "installed_in",
        lambda file: None if file.name == "requirements-audit.txt" else installed_in(file),
    )
    report = check_licenses()
    assert report.status == 0
    said = "Licenses: none of requirements-audit.txt looked at, which is not installed here."
    assert said in report.lines


def test_the_licenses_of_all_that_is_installed_here_are_allowed() -> None:
    report = check_licenses()
    assert list(report.found) == []
    looked_at = "\n".join(report.looked_at)
    assert "functions/export/requirements.txt" in looked_at
    assert "of the page" in looked_at
