"""Each call to AWS × each fault, on the real handlers with real clients and a clock of ours."""

import ast
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore import xform_name

from tests.faults.document import documented
from tests.faults.faults import EVERY_CALL, Fault
from tests.faults.matrix import Matrix
from tests.faults.tables import tables
from tests.faults.ways import LONG_WAY, WAYS, Way

CODE = Path(__file__).parents[2]
Record = Callable[[str, object], None]

any_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)


@any_way
def test_each_fault_of_a_call_is_met_on_the_first_way_in_that_makes_it(
    matrix: Matrix, way: Way
) -> None:
    for call, home in matrix.homes.items():
        for fault in Fault if home is way else ():
            matrix.cell(way, call, fault)


@pytest.mark.slow
@any_way
def test_each_fault_of_each_call_is_met_on_every_way_in(matrix: Matrix, way: Way) -> None:
    for call in matrix.calls[way.name]:
        for fault in Fault:
            matrix.cell(way, call, fault)


@pytest.mark.parametrize("way", [*WAYS, LONG_WAY], ids=lambda way: way.name)
def test_each_fault_of_all_calls_at_once_is_met_in_time(matrix: Matrix, way: Way) -> None:
    for fault in Fault:
        matrix.cell(way, EVERY_CALL, fault)


@pytest.mark.parametrize("name", ["One call", "All calls at once", "Queries"])
def test_the_document_has_what_came_of_it(
    matrix: Matrix, name: str, record_property: Record
) -> None:
    seen = tables(matrix)[name]
    record_property("table", seen)
    assert documented(name) == seen, "`python -m tests.faults` writes it anew"


def test_no_call_is_in_the_code_that_is_not_in_the_table(matrix: Matrix) -> None:
    tried = {xform_name(call.partition(":")[0]) for call in matrix.homes}
    assert calls_in_the_code() == tried


def calls_in_the_code() -> set[str]:
    """What is called on a client of boto3, which the adapters keep as `_s3`, `_athena`, `_sns`."""
    found = set()
    for folder in ("shared", "functions"):
        for path in sorted((CODE / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(
                        func=ast.Attribute(
                            value=ast.Attribute(attr="_s3" | "_athena" | "_sns"), attr=name
                        ),
                        args=args,
                    ):
                        named = args[0] if name == "get_paginator" else None
                        found.add(named.value if isinstance(named, ast.Constant) else name)
    return {str(name) for name in found} - {"generate_presigned_url"}  # which asks nothing of AWS


def test_attempts_are_apart_by_pauses_that_grow_and_differ(matrix: Matrix) -> None:
    matrix.pauses.clear()
    way = WAYS[0]
    for fault in (Fault.THROTTLED, Fault.SERVER_ERROR):
        matrix._cells.pop((way.name, EVERY_CALL, fault), None)
        for call in ("PutObject: mark", "StartQueryExecution: rows"):
            matrix._cells.pop((way.name, call, fault), None)
            matrix.cell(way, call, fault)
    assert len(matrix.pauses) > 10
    assert len(set(matrix.pauses)) == len(matrix.pauses)
    assert all(0 < pause <= 2 for pause in matrix.pauses)
    assert max(matrix.pauses) > 0.2
