"""Template, code, OpenAPI document, `docs/api.md` and README tell of the same API."""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from local.openapi import DOCUMENT
from local.openapi.document import ROOT
from local.template import Template
from shared.export import PROBLEM_TYPE_PREFIX

DOCUMENTED: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROUTES = {
    f"{method.upper()} {path}"
    for path, methods in DOCUMENTED["paths"].items()
    for method in methods
}


def test_the_templates_routes_are_those_that_are_documented() -> None:
    assert {f"{route.method} {route.path}" for route in Template.load().routes()} == ROUTES


@pytest.mark.parametrize("text", [API, README], ids=["api.md", "README.md"])
def test_prose_names_no_other_routes(text: str) -> None:
    named = re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`?\s]*)", text)
    assert named
    assert set(named) <= ROUTES


def test_every_route_has_its_place_in_the_guide() -> None:
    for route in ROUTES:
        assert f"`{route}`" in API


NOT_OVER_HTTP = {"schedule-changed"}


def problem_names() -> Iterator[str]:
    """The names of all problem types that HTTP knows, as the code's own words."""
    for module in ("problems.py", "outcome.py"):
        tree = ast.parse((ROOT / "shared" / module).read_text(encoding="utf-8"))
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if ast.unparse(call.func) in {"problem", "ExportError.named"}:
                given = [keyword.value for keyword in call.keywords if keyword.arg == "name"]
                name = ast.literal_eval((given or call.args)[0])
                assert isinstance(name, str)
                if name not in NOT_OVER_HTTP:
                    yield name


def test_every_type_of_problem_is_documented() -> None:
    names = set(problem_names())
    assert len(names) > 15
    document = json.dumps(DOCUMENTED)
    for name in names:
        assert f'"{PROBLEM_TYPE_PREFIX}{name}"' in document
        assert f"`{name}`" in API


def test_the_guide_knows_no_other_problems() -> None:
    _, _, section = API.partition("## Problems")
    section, _, _ = section.partition("\n### ")
    table = re.findall(r"^\| `([a-z-]+)` \|", section, flags=re.MULTILINE)
    assert set(table) == set(problem_names())


def test_every_field_of_the_models_is_in_the_guide() -> None:
    for name, schema in DOCUMENTED["components"]["schemas"].items():
        for field in schema.get("properties", {}):
            assert f"`{field}`" in API, f"{name}.{field}"


def test_every_value_of_the_enumerations_is_in_the_guide() -> None:
    for name, schema in DOCUMENTED["components"]["schemas"].items():
        for value in schema.get("enum", []):
            assert f"`{value}`" in API, f"{name} {value}"


def examples(value: Any) -> Iterator[Any]:
    """All that is in the examples, whole and in parts."""
    yield value
    for part in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    ):
        yield from examples(part)


def test_the_guides_json_is_that_of_the_documents_examples() -> None:
    blocks = re.findall(r"^```json\n(.*?)^```", API, flags=re.MULTILINE | re.DOTALL)
    known = list(examples(DOCUMENTED["paths"]))
    assert len(blocks) > 3
    for block in blocks:
        assert json.loads(block) in known, block


def test_a_page_may_send_and_see_every_documented_header() -> None:
    cors = Template.load().cors()
    operations = [o for methods in DOCUMENTED["paths"].values() for o in methods.values()]
    sent = {
        parameter["name"]
        for operation in operations
        for parameter in operation.get("parameters", [])
        if parameter["in"] == "header"
    }
    seen = {
        header
        for operation in operations
        for response in operation["responses"].values()
        for header in response.get("headers", {})
    }
    assert sent == {"Prefer", "Idempotency-Key"} <= set(cors.allow_headers)
    assert seen == set(cors.expose_headers)
    assert {method.split()[0] for method in ROUTES} <= set(cors.allow_methods)
