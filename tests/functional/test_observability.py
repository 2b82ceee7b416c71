"""What the functions write down: enough to operate and audit by, and nothing that is secret."""

import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from local.stack import LocalStack
from tests.functional.conftest import WORKSPACE, Caller
from tests.functional.function_log import audits, log_lines
from tests.parquet_oracle import csv_rows


@pytest.fixture(scope="module")
def logs(stack: LocalStack) -> Path:
    """Where the stack's functions log to."""
    folder: Path = stack.log_directory
    return folder


def test_each_outcome_is_one_audit_event_with_who_what_and_how_much(
    admin: Caller, logs: Path
) -> None:
    export = admin("POST", "/exports", {"period": "yesterday", "columns": "extended"}).body
    admin("GET", f"/exports/{export['id']}")
    (event,) = audits(logs, export["id"])
    queries = event.pop("queries")
    assert event == {
        "export_id": export["id"],
        "workspace_id": WORKSPACE,
        "requested_by": "ada@acme.example",
        "trigger": "api",
        "outcome": "succeeded",
        "error": None,
        "timeframe": export["timeframe"],
        "columns": "extended",
        "rows": export["row_count"],
        "files": 1,
        "attempt": 1,
        "bytes_scanned": export["bytes_scanned"],
        "repeated": False,
    }
    assert [query["state"] for query in queries] == ["SUCCEEDED", "SUCCEEDED"]
    assert all(uuid.UUID(query["id"]) for query in queries)


def test_each_outcome_has_metrics_by_outcome_and_trigger(
    admin: Caller, stack: LocalStack, logs: Path
) -> None:
    def metrics() -> list[dict[str, Any]]:
        return [line for line in log_lines(logs) if "_aws" in line]

    before = len(metrics())
    export = admin("POST", "/exports", {"period": "yesterday"}).body
    direct = stack.invoke("ExportFunction", {"workspace_id": WORKSPACE, "period": "yesterday"})
    over_http, directly = metrics()[before:]
    for line, trigger, expected in ((over_http, "api", export), (directly, "direct", direct)):
        described = line["_aws"]["CloudWatchMetrics"][0]
        assert described["Namespace"] == "ApiUsageExport"
        assert set(described["Dimensions"][0]) == {"outcome", "trigger", "service"}
        assert (line["outcome"], line["trigger"]) == ("succeeded", trigger)
        assert line["Exports"] == [1]
        assert line["Rows"] == [expected["row_count"]]
        assert line["BytesScanned"] == [expected["bytes_scanned"]]
        assert line["EngineTime"][0] > 0
        assert line["OwnTime"][0] >= 0
        units = {metric["Name"]: metric["Unit"] for metric in described["Metrics"]}
        assert units["OwnTime"] == units["EngineTime"] == units["QueueTime"] == "Milliseconds"


def test_log_lines_carry_the_requests_id_from_the_gateway(admin: Caller, logs: Path) -> None:
    reply = admin("POST", "/exports", {"period": "yesterday"})
    (line,) = [
        line
        for line in log_lines(logs)
        if line.get("audit", {}).get("export_id") == reply.body["id"]
    ]
    assert line["correlation_id"] == reply.headers["apigw-requestid"]
    assert re.fullmatch(r"1-[0-9a-f]{8}-[0-9a-f]{24}", line["xray_trace_id"])


def test_no_flow_logs_a_token_a_signature_a_name_or_a_row(
    stack: LocalStack, admin: Caller, member: Caller, other_admin: Caller, logs: Path
) -> None:
    done = admin("POST", "/exports", {"columns": "extended"}).body
    admin("GET", f"/exports/{done['id']}")
    admin("GET", "/exports")
    admin("DELETE", f"/exports/{done['id']}")
    admin("POST", "/exports/estimate", {})
    admin("GET", "/usage")
    admin("POST", "/exports", {"start": "nonsense"})
    other_admin("GET", f"/exports/{done['id']}")
    member("POST", "/exports", {})
    token = stack.identity_provider.token(workspace_id=WORKSPACE, lifetime=-600)
    assert Caller(stack.url, token)("GET", "/exports").status == 403

    _, rows = csv_rows(admin.download(done["file"]["download_url"])[1])
    names = {row[2] for row in rows} - {None}
    call_ids = {row[10] for row in rows}
    written = "".join(path.read_text() for path in logs.glob("*.log"))
    assert len(written) > 1000
    assert "X-Amz-Signature" not in written
    assert "X-Amz-Credential" not in written
    assert "Bearer" not in written
    assert token.rpartition(".")[2] not in written
    assert not re.search(r"eyJ[\w-]{20,}\.eyJ", written)  # any JSON web token
    assert not {name for name in names if name and name in written}
    assert not {call_id for call_id in call_ids if call_id and call_id in written}


@pytest.mark.parametrize(
    ("body", "headers", "status", "problem"),
    [
        ({"start": "nonsense"}, {}, 422, "invalid-request"),
        ({"start": "2020-01-01", "end": "2026-01-01"}, {}, 422, "invalid-request"),
        ({}, {"Idempotency-Key": "x" * 300}, 422, "invalid-request"),
        ({"period": "last_7_days"}, {"Idempotency-Key": "taken"}, 422, "idempotency-key-reused"),
        (b"{", {"Content-Type": "application/json"}, 400, "malformed-body"),
        (b"{}", {"Content-Type": "text/csv"}, 415, "unsupported-media-type"),
        ({"models": ["x" * 17_000]}, {}, 413, "body-too-large"),
    ],
)
def test_a_request_that_makes_no_export_is_an_audit_event_too(
    admin: Caller, logs: Path, body: Any, headers: dict[str, str], status: int, problem: str
) -> None:
    if "Idempotency-Key" in headers:
        admin("POST", "/exports", {"period": "yesterday"}, headers)
    before = len(audits(logs, None))
    reply = admin("POST", "/exports", body, headers)
    assert reply.status == status
    assert audits(logs, None)[before:] == [
        {
            "export_id": None,
            "workspace_id": WORKSPACE,
            "requested_by": "ada@acme.example",
            "trigger": "api",
            "outcome": "refused",
            "error": f"urn:api-usage-export:problem:{problem}",
        }
    ]


def test_what_asks_for_no_export_is_not_one_that_was_refused(admin: Caller, logs: Path) -> None:
    before = len(audits(logs, None))
    assert admin("POST", "/exports/estimate", {"start": "nonsense"}).status == 422
    assert admin("GET", "/exports?colour=red").status == 422
    assert admin("GET", "/exports/0123456789abcdefghjkmnpqrs").status == 404
    assert admin("POST", "/exports", {"period": "yesterday"}).status == 200
    assert audits(logs, None)[before:] == []


def test_a_denial_is_logged_with_its_cause(stack: LocalStack, member: Caller, logs: Path) -> None:
    member("POST", "/exports", {})
    lines = (logs / "AuthorizerFunction.log").read_text()
    assert "Access denied" in lines
