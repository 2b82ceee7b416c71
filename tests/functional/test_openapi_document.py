"""`docs/openapi.json` is made from the code, valid, and true in its examples."""

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

import jsonschema_rs
import pytest
from openapi_spec_validator import validate

from local.openapi import DOCUMENT, document_text

DOCUMENTED: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in DOCUMENTED["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def contents() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body that is documented: where, and its schema and examples."""
    for name, operation in operations():
        if "requestBody" in operation:
            yield name, operation["requestBody"]["content"]["application/json"]
        for status, response in operation["responses"].items():
            for content in response["content"].values():
                yield f"{name} {status}", content


def bodies() -> Iterator[Any]:
    """Every body among the examples, once."""
    examples = [
        example["value"] for _, content in contents() for example in content["examples"].values()
    ]
    yield from (body for number, body in enumerate(examples) if body not in examples[:number])


def errors(schema: dict[str, Any], value: Any) -> list[str]:
    whole = {**schema, "components": DOCUMENTED["components"]}
    validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
    return [error.message for error in validator.iter_errors(value)]


def test_it_is_the_document_of_the_code() -> None:
    is_current = DOCUMENT.read_text(encoding="utf-8") == document_text()
    assert is_current, "docs/openapi.json is stale: run `make docs`"


def test_it_is_valid_openapi() -> None:
    assert DOCUMENTED["openapi"].startswith("3.1.")
    validate(DOCUMENTED)


def test_every_example_of_a_body_fits_its_schema() -> None:
    for name, content in contents():
        assert content["examples"], name
        for example, body in content["examples"].items():
            assert errors(content["schema"], body["value"]) == [], f"{name} {example}"


def test_every_example_of_a_parameter_fits_its_schema() -> None:
    for name, operation in operations():
        for parameter in operation.get("parameters", []):
            for example in parameter.get("examples", {}).values():
                assert errors(parameter["schema"], example["value"]) == [], name


def test_a_body_that_breaks_a_schema_is_noticed_here() -> None:
    schema = {"$ref": "#/components/schemas/ExportRequest"}
    assert errors(schema, {"start": "2026-01-01"}) == []
    assert errors(schema, {"since": "2026-01-01"})
    assert errors(schema, {"period": "last_week"})


def test_a_problem_says_the_status_that_it_comes_with() -> None:
    for _, operation in operations():
        for status, response in operation["responses"].items():
            problems = response["content"].get("application/problem+json", {"examples": {}})
            for name, example in problems["examples"].items():
                assert example["value"]["status"] == int(status)
                assert example["value"]["type"].endswith(f":{name}")


def totals() -> list[dict[str, Any]]:
    return [
        body["control_totals"]
        for body in bodies()
        if isinstance(body, dict) and body.get("control_totals")
    ]


@pytest.mark.parametrize("column", ["rows", "input_tokens", "output_tokens", "cost_usd"])
def test_the_examples_control_totals_add_up(column: str) -> None:
    assert len(totals()) > 3
    for whole in totals():
        parts = [Decimal(model[column]) for model in whole["by_model"]]
        assert Decimal(whole[column]) == sum(parts)


def test_the_examples_suggested_timeframes_tile_the_whole_and_fit() -> None:
    suggested = [body for body in bodies() if body.get("suggested_timeframes")]
    assert len(suggested) > 2
    for body in suggested:
        parts = body["suggested_timeframes"]
        assert sum(part["rows"] for part in parts) == body["row_count"] > body["row_limit"]
        assert all(part["rows"] <= body["row_limit"] for part in parts)
        assert all(before["end"] == after["start"] for before, after in pairwise(parts))
        if "timeframe" in body:
            whole = {"start": parts[0]["start"], "end": parts[-1]["end"]}
            assert whole == body["timeframe"]


def test_every_answer_but_the_gateways_is_of_a_model_that_has_a_name() -> None:
    for name, content in contents():
        assert "#/components/schemas/" in json.dumps(content["schema"]), name


def test_every_operation_names_the_statuses_that_api_gateway_gives_by_itself() -> None:
    for name, operation in operations():
        assert {"401", "403", "429", "431", "500", "503"} <= operation["responses"].keys(), name


def test_every_operation_needs_a_token() -> None:
    assert DOCUMENTED["security"] == [{"bearer": []}]
    assert DOCUMENTED["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert not any("security" in operation for _, operation in operations())
