"""awswrangler's `athena.read_sql_query`."""

import json

from tests.clients.conftest import COLUMNS, STATEMENT, WORKSPACE, Clients
from tests.clients.programs.rows import Row
from tests.functional.athena_caller import DATABASE, WORKGROUP

TYPES = {
    "call_id": "string",
    "called_at": "datetime64[us]",
    "api_key_name": "string",
    "call_type": "string",
    "input_tokens": "Int64",
    "output_tokens": "Int64",
    "completion_time_ms": "Int64",
    "input_token_price": "object",
}


def test_a_frame_has_every_value_in_its_type(clients: Clients, logged: list[Row]) -> None:
    options = json.dumps({"ctas_approach": False})
    read = clients.program("wrangler", WORKGROUP, DATABASE, STATEMENT, options)
    assert read["rows"] == logged
    assert read["types"] == TYPES


def test_frames_come_in_pieces(clients: Clients, logged: list[Row]) -> None:
    options = json.dumps({"ctas_approach": False, "chunksize": 500})
    read = clients.program("wrangler", WORKGROUP, DATABASE, STATEMENT, options)
    assert read["rows"] == logged
    assert set(read["frames"][:-1]) == {500}
    assert len(read["frames"]) > 2


def test_parameters_go_in_by_name(clients: Clients, logged: list[Row]) -> None:
    embeddings = [row for row in logged if row[COLUMNS.index("call_type")] == "embedding"]
    options = {"ctas_approach": False, "params": {"workspace": WORKSPACE, "type": "embedding"}}
    statement = (
        "SELECT count(*) AS calls FROM api_calls"
        " WHERE workspace_id = :workspace AND call_type = :type"
    )
    read = clients.program("wrangler", WORKGROUP, DATABASE, statement, json.dumps(options))
    assert read["rows"] == [[str(len(embeddings))]]
    assert embeddings
