"""Thousands of requests that the OpenAPI document allows, or just about does not allow.

Whatever comes back must be what the document says: status, media type, headers, body.
"""

import json
from collections.abc import Callable
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import Case

from local.openapi import DOCUMENT
from local.stack import LocalStack

WORKSPACE = "ws-hooli"

api = schemathesis.openapi.from_dict(json.loads(DOCUMENT.read_text()))

@pytest.fixture(scope="module")
def admin_headers(stack):
    return {"Authorization": f"Bearer {stack.identity_provider.token(workspace_id=WORKSPACE)}"}

from collections import Counter
COUNT = Counter()

@api.parametrize()
@settings(max_examples=50)
def test_admin(case: Case, stack: LocalStack, admin_headers) -> None:
    r = case.call(base_url=stack.url, headers=admin_headers)
    COUNT[case.operation.label, r.status_code] += 1
    case.validate_response(r, headers=admin_headers)

def test_count():
    print(COUNT)
