"""The list for security reviewers names tests that there are."""

import ast
import re
from functools import cache

import pytest

from local.audit.pins import ROOT

TEXT = (ROOT / "docs/security-tests.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", TEXT)))


@cache
def names_in(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return {name for name in functions if name.startswith("test_")}


@pytest.mark.parametrize("named", NAMED)
def test_what_is_named_is_a_test_or_a_file_of_them(named: str) -> None:
    path, _, test = named.partition("::")
    assert names_in(path) >= ({test} if test else set())
    assert names_in(path)


def test_every_item_names_at_least_one() -> None:
    items = re.findall(r"^- .*?(?=^- |^## |\n\n)", TEXT, re.MULTILINE | re.DOTALL)
    assert len(items) > 30
    assert [item for item in items if "`tests/" not in item] == []


def test_the_security_policy_leads_to_the_list() -> None:
    assert "(docs/security-tests.md)" in (ROOT / "SECURITY.md").read_text(encoding="utf-8")
