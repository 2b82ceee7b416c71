"""cfn-lint knows CloudFormation's schemas; checkov knows which settings are risky."""

import os
import subprocess
from typing import Any

import pytest
from cfnlint.api import lint_file  # type: ignore[import-untyped]  # ships no types

from local.template.document import read_document
from local.template.template import TEMPLATE

ROOT = TEMPLATE.parent
SUPPRESSED: dict[str, list[dict[str, Any]]] = {
    logical_id: resource["Metadata"]["checkov"]["skip"]
    for logical_id, resource in read_document(TEMPLATE)["Resources"].items()
    if "checkov" in resource.get("Metadata", {})
}


def test_cfn_lint_has_nothing_to_say() -> None:
    assert [str(match) for match in lint_file(TEMPLATE)] == []


def test_checkov_has_nothing_to_say() -> None:
    if not (ROOT / ".checkov/installed").exists():
        pytest.skip("checkov is not installed: make check-template")
    offline = {"http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"}
    checked = subprocess.run(
        ["make", "--old-file=requirements-checkov.txt", "check-template"],  # noqa: S607 - the one on the PATH
        check=False,
        cwd=ROOT,
        env={**os.environ, **offline},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert "Failed checks: 0" in checked.stdout
    assert checked.returncode == 0


@pytest.mark.parametrize("logical_id", sorted(SUPPRESSED))
def test_what_checkov_is_not_to_say_has_its_reason(logical_id: str) -> None:
    for rule in SUPPRESSED[logical_id]:
        assert set(rule) == {"id", "comment"}
        assert rule["comment"].endswith(".")
        assert len(rule["comment"]) > 30


def test_cfn_lint_is_not_told_to_be_silent() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    assert "cfn-lint" not in text
    assert not (ROOT / ".cfnlintrc").exists()
