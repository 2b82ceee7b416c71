"""cfn-lint knows CloudFormation's schemas: property names, types, references, patterns."""

from cfnlint.api import lint_file  # type: ignore[import-untyped]  # ships no types

from local.template.template import TEMPLATE


def test_cfn_lint_has_nothing_to_say() -> None:
    assert [str(match) for match in lint_file(TEMPLATE)] == []
