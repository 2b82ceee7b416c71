"""An admin's requests, made from the OpenAPI document, are answered as it says."""

import json

import pytest

from local.openapi import DOCUMENT
from local.stack import LocalStack
from tests.functional.fuzzing import fuzz

pytestmark = pytest.mark.embedded("hundreds of random requests say nothing of the engine")

WORKSPACE = "ws-hooli"  # has few calls, and no other test makes exports of it


@pytest.mark.parametrize("examples", [15, pytest.param(60, marks=pytest.mark.slow)])
def test_an_admin_is_answered_as_documented(stack: LocalStack, examples: int) -> None:
    token = stack.identity_provider.token(workspace_id=WORKSPACE)
    exchanges = fuzz(stack.url, token, max_examples=examples, stateful=True)
    paths = json.loads(DOCUMENT.read_text(encoding="utf-8"))["paths"]
    assert len(exchanges) > 800
    assert {exchange.operation for exchange in exchanges if exchange.status == 200} >= {
        f"{method.upper()} {path}"
        for path, methods in paths.items()
        for method in methods
        if method != "delete"  # most exports are done before they can be cancelled
    }
