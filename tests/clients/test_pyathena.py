"""PyAthena's cursors, as they come from the registry."""

import pytest

from tests.clients.conftest import STATEMENT, Clients
from tests.clients.programs.rows import Row
from tests.functional.athena_caller import DATABASE, WORKGROUP

PYTHON = {
    "call_id": ["str"],
    "called_at": ["datetime"],
    "api_key_name": ["str"],
    "call_type": ["str"],
    "input_tokens": ["int"],
    "output_tokens": ["int"],
    "completion_time_ms": ["int"],
    "input_token_price": ["Decimal"],
}
PANDAS = PYTHON | {
    "called_at": ["Timestamp"],
    "input_tokens": ["int64"],
    "output_tokens": ["int64"],
    "completion_time_ms": ["int64"],
}
ARROW = PYTHON | {"input_token_price": ["str"]}  # as PyAthena has it


@pytest.mark.parametrize(
    ("cursor", "types"),
    [
        ("default", PYTHON),
        ("dict", PYTHON),
        ("pandas", PANDAS),
        ("arrow", ARROW),
        ("async", PYTHON),
    ],
)
def test_a_cursor_reads_every_value_in_its_type(
    clients: Clients, logged: list[Row], cursor: str, types: dict[str, list[str]]
) -> None:
    read = clients.program("cursors", cursor, WORKGROUP, DATABASE, STATEMENT)
    assert read["rows"] == logged
    assert read["types"] == types
