"""What the databases of vulnerabilities answer, and that no answer is never a clean result."""

import json
from typing import Any

import pytest

from local.audit.report import Report
from local.audit.vulnerabilities import read_npm_audit, read_pip_audit

CLEAN = {"name": "boto3", "version": "1.44.5", "vulns": []}
VULNERABLE = {
    "name": "urllib3",
    "version": "1.24.1",
    "vulns": [
        {"id": "PYSEC-2019-132", "fix_versions": ["1.24.2"], "aliases": [], "description": ""}
    ],
}
UNKNOWN = {  # as pip-audit says it of an index that has no advisories, with exit status 0
    "name": "six",
    "skip_reason": "Dependency not found on PyPI and could not be audited: six (1.17.0)",
}


def asked(*packages: dict[str, Any], expected: int | None = None) -> Report:
    answer = {"dependencies": list(packages), "fixes": []}
    return read_pip_audit(answer, "requirements.txt", expected=expected or len(packages))


def test_packages_without_vulnerabilities_are_clean() -> None:
    report = asked(CLEAN, CLEAN)
    assert report.status == 0
    assert report.lines == ["Vulnerabilities: asked about 2 packages of requirements.txt."]


def test_a_vulnerability_is_found_with_what_mends_it() -> None:
    report = asked(CLEAN, VULNERABLE, UNKNOWN)
    assert report.status == 1
    assert report.found == [
        "urllib3 1.24.1 of requirements.txt has PYSEC-2019-132; mended in 1.24.2."
    ]


@pytest.mark.parametrize(
    ("packages", "expected"), [([CLEAN, UNKNOWN], 2), ([CLEAN], 2), ([], 1), ([UNKNOWN], 1)]
)
def test_a_package_that_nobody_knows_is_not_checked(
    packages: list[dict[str, Any]], expected: int
) -> None:
    report = asked(*packages, expected=expected)
    assert report.status == 2
    assert "1 packages" in report.unasked[0]


@pytest.mark.parametrize("answer", [None, {}, [], {"message": "405 Method Not Allowed"}])
def test_no_answer_is_not_checked(answer: Any) -> None:
    for report in (read_pip_audit(answer, "x", expected=1), read_npm_audit(answer)):
        assert report.status == 2
        assert report.lines[0].startswith("NOT CHECKED: vulnerabilities of ")


def test_npm_names_what_it_finds() -> None:
    answer = json.loads(
        """{"auditReportVersion": 2,
        "vulnerabilities": {"vite": {"name": "vite", "severity": "high", "via": []}},
        "metadata": {"vulnerabilities": {"high": 1, "total": 1}, "dependencies": {"total": 2}}}"""
    )
    report = read_npm_audit(answer)
    assert report.status == 1
    assert report.found == ["vite of the page has a vulnerability of severity high."]
    assert read_npm_audit(answer | {"vulnerabilities": {}}).status == 0
