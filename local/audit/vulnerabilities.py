"""Are there published vulnerabilities in the pinned packages? Asks those who collect them.

A database that cannot be asked, or that does not know a package, is reported as such: silence is
no clean result. (pip-audit itself exits with 0 where an index has none of the packages.)
"""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from local.audit.pins import ROOT, pinned, tool_requirements
from local.audit.report import Report

_PIP_AUDIT: Final = ROOT / ".audit/bin/pip-audit"
_SECONDS: Final = 600


def check_vulnerabilities(
    pip_audit_options: Sequence[str] = (), npm_options: Sequence[str] = ()
) -> Report:
    """Asks about every pinned package, of Python and of the page.

    What is shipped is pinned in `requirements-dev.txt` too.
    """
    reports = [
        *(python_vulnerabilities(path, pip_audit_options) for path in tool_requirements()),
        npm_vulnerabilities(ROOT / "web", npm_options),
    ]
    return Report(
        [line for report in reports for line in report.looked_at],
        [line for report in reports for line in report.found],
        [line for report in reports for line in report.unasked],
    )


def python_vulnerabilities(requirements: Path, further_options: Sequence[str] = ()) -> Report:
    """What pip-audit says of a requirements file."""
    options = ["--vulnerability-service", "osv", "--format", "json", "--progress-spinner", "off"]
    which = ["--disable-pip", "--require-hashes", "--requirement", str(requirements)]
    answer = _run([str(_PIP_AUDIT), *options, *which, *further_options])
    return read_pip_audit(answer, requirements.name, expected=len(pinned(requirements)))


def npm_vulnerabilities(page: Path, options: Sequence[str] = ()) -> Report:
    """What npm says of a folder's lock file."""
    return read_npm_audit(_run(["npm", "--prefix", str(page), "audit", "--json", *options]))


def read_pip_audit(answer: Any, name: str, *, expected: int) -> Report:
    """`answer` is what pip-audit printed as JSON; None where it printed none."""
    if not isinstance(answer, dict) or "dependencies" not in answer:
        return Report([], unasked=[f"vulnerabilities of {name}: the database did not answer."])
    packages = answer["dependencies"]
    asked = [package for package in packages if "vulns" in package]
    found = [
        f"{package['name']} {package['version']} of {name} has {vulnerability['id']};"
        f" mended in {', '.join(vulnerability['fix_versions']) or 'no version yet'}."
        for package in asked
        for vulnerability in package["vulns"]
    ]
    left_out = max(expected, len(packages)) - len(asked)
    unasked = [f"vulnerabilities of {left_out} packages of {name}: the database has none of them."]
    return Report(
        [f"Vulnerabilities: asked about {len(asked)} packages of {name}."],
        found,
        unasked if left_out else (),
    )


def read_npm_audit(answer: Any) -> Report:
    """`answer` is what `npm audit` printed as JSON; None where it printed none."""
    if not isinstance(answer, dict) or "vulnerabilities" not in answer:
        return Report([], unasked=["vulnerabilities of the page: the database did not answer."])
    count = answer["metadata"]["dependencies"]["total"]
    found = [
        f"{name} of the page has a vulnerability of severity {entry['severity']}."
        for name, entry in answer["vulnerabilities"].items()
    ]
    return Report([f"Vulnerabilities: asked about {count} packages of the page."], found)


def _run(command: Sequence[str]) -> Any:
    """What a program printed as JSON; None where it is missing, hangs or prints something else."""
    try:
        run = subprocess.run(
            command, check=False, capture_output=True, text=True, timeout=_SECONDS, cwd=ROOT
        )
        return json.loads(run.stdout)
    except (OSError, subprocess.TimeoutExpired, json.JSONDecodeError):
        return None
