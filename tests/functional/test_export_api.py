"""Exports over HTTP, through gateway, authorizer, Lambda, Athena and S3."""

import time
import uuid
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from local.stack import LocalStack
from tests.functional.conftest import OTHER_WORKSPACE, WORKSPACE, Caller, Reply
from tests.parquet_oracle import HEADER, csv_rows, logged_calls, total_cost

FINAL = {"succeeded", "rejected", "failed", "cancelled"}


def finished(caller: Caller, reply: Reply) -> Any:
    """The export of a reply, once it has an outcome."""
    export = reply.body
    for _ in range(200):
        if export["status"] in FINAL:
            return export
        time.sleep(0.1)
        export = caller("GET", f"/exports/{export['id']}").body
    raise AssertionError(f"no outcome: {export}")


def without_urls(export: Any) -> Any:
    """An export, but for what each look makes anew."""
    anew = {"download_url": None, "download_url_expires_at": None}
    files = [file | anew for file in export["files"]]
    return {**export, "files": files, "file": files[0] if export["file"] else None}


def naive(instant: str) -> datetime:
    return datetime.fromisoformat(instant).astimezone(UTC).replace(tzinfo=None)


@pytest.fixture(scope="module")
def month(admin: Caller) -> Any:
    """The default export: the last 30 days."""
    reply = admin("POST", "/exports", {})
    assert reply.status == 200
    return reply.body


def test_every_row_of_the_file_is_what_the_call_logs_hold(
    admin: Caller, call_logs: Path, month: Any
) -> None:
    _, content = admin.download(month["file"]["download_url"])
    header, rows = csv_rows(content)
    timeframe = month["timeframe"]
    expected = logged_calls(
        call_logs, WORKSPACE, naive(timeframe["start"]), naive(timeframe["end"])
    )
    assert header == HEADER
    assert len(rows) > 1000
    assert rows == expected


def test_control_totals_are_what_the_file_adds_up_to(admin: Caller, month: Any) -> None:
    _, content = admin.download(month["file"]["download_url"])
    _, rows = csv_rows(content)
    totals = month["control_totals"]
    assert totals["rows"] == month["row_count"] == month["file"]["rows"] == len(rows)
    assert totals["input_tokens"] == sum(int(row[5] or 0) for row in rows)
    assert totals["output_tokens"] == sum(int(row[6] or 0) for row in rows)
    assert Decimal(totals["cost_usd"]) == total_cost(rows)
    assert totals["unpriced_calls"] == 0
    for column in ("rows", "input_tokens", "output_tokens", "unpriced_calls"):
        assert totals[column] == sum(model[column] for model in totals["by_model"])
    assert Decimal(totals["cost_usd"]) == sum(
        Decimal(model["cost_usd"]) for model in totals["by_model"]
    )


def test_the_default_timeframe_is_thirty_calendar_days_up_to_now(month: Any) -> None:
    start, end = naive(month["timeframe"]["start"]), naive(month["timeframe"]["end"])
    assert start == datetime.combine(end.date() - timedelta(days=29), datetime.min.time())
    assert abs(naive(month["created_at"]) - end) < timedelta(seconds=1)  # settle is 0 here
    assert month["data_through"] == month["timeframe"]["end"]


def test_the_file_is_an_attachment_with_a_short_lived_signed_url(admin: Caller, month: Any) -> None:
    file = month["file"]
    headers, content = admin.download(file["download_url"])
    signed = parse_qs(urlsplit(file["download_url"]).query)
    assert headers["Content-Disposition"] == f'attachment; filename="{file["name"]}"'
    assert headers["Content-Type"].startswith("text/csv")
    assert headers["Cache-Control"] == "no-store"
    assert len(content) == file["size_bytes"]
    assert signed["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
    assert int(signed["X-Amz-Expires"][0]) <= 600


def test_each_look_signs_a_fresh_url(admin: Caller, month: Any) -> None:
    time.sleep(1.1)  # signatures are to the second
    again = admin("GET", f"/exports/{month['id']}").body
    assert again["file"]["download_url"] != month["file"]["download_url"]
    assert without_urls(again) == without_urls(month)


def test_respond_async_answers_at_once_and_says_where_to_look(admin: Caller) -> None:
    reply = admin("POST", "/exports", {}, {"Prefer": "respond-async"})
    assert reply.status == 202
    assert reply.headers["Location"] == f"/exports/{reply.body['id']}"
    assert int(reply.headers["Retry-After"]) > 0
    assert reply.headers["Preference-Applied"] == "respond-async"
    assert reply.body["status"] in {"queued", "running"}
    assert reply.body["file"] is None
    assert reply.body["progress"]["elapsed_seconds"] >= 0
    export = finished(admin, reply)
    assert export["status"] == "succeeded"
    assert export["progress"] is None


def test_a_timeframe_without_calls_gives_a_file_with_its_header(
    stack: LocalStack, admin: Caller
) -> None:
    empty = Caller(stack.url, stack.identity_provider.token(workspace_id="ws-empty"))
    export = empty("POST", "/exports", {}).body
    _, content = admin.download(export["file"]["download_url"])
    assert csv_rows(content) == (HEADER, [])
    assert export["control_totals"]["cost_usd"] == "0"


def test_a_time_zones_day_is_exported_to_the_millisecond(
    admin: Caller, call_logs: Path, today: date
) -> None:
    day = today - timedelta(days=3)
    request = {"start": f"{day}", "end": f"{day}", "timezone": "Asia/Kolkata"}
    export = admin("POST", "/exports", request).body
    start = datetime.combine(day, datetime.min.time()) - timedelta(hours=5, minutes=30)
    _, content = admin.download(export["file"]["download_url"])
    assert naive(export["timeframe"]["start"]) == start
    assert csv_rows(content)[1] == logged_calls(
        call_logs, WORKSPACE, start, start + timedelta(days=1)
    )


def test_filters_keep_only_what_they_name(admin: Caller, call_logs: Path, month: Any) -> None:
    request = {"call_types": ["embedding"], "providers": ["openai", "no-such-provider"]}
    export = admin("POST", "/exports", request).body
    _, content = admin.download(export["file"]["download_url"])
    _, rows = csv_rows(content)
    start, end = naive(month["timeframe"]["start"]), naive(month["timeframe"]["end"])
    expected = [
        row
        for row in logged_calls(call_logs, WORKSPACE, start, end)
        if row[3] == "openai" and row[6] is None  # embeddings alone have no output tokens
    ]
    assert rows[: len(expected)] == expected
    assert len(expected) > 10
    assert "filtered" in export["file"]["name"]


def test_extended_columns_add_id_type_and_exact_cost(admin: Caller) -> None:
    export = admin("POST", "/exports", {"columns": "extended"}).body
    _, content = admin.download(export["file"]["download_url"])
    header, rows = csv_rows(content)
    assert header == (*HEADER, "Call ID", "Call Type", "Total Cost (USD)")
    for row in rows:
        assert Decimal(row[12] or "NaN") == total_cost([row])
    assert len({row[10] for row in rows}) == len(rows)
    assert {row[11] for row in rows} == {"completion", "embedding"}


class TestBadInput:
    """Each a problem that names the field."""

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"start": "2026-02-30"}, "start"),
            ({"start": "01/02/2026"}, "start"),
            ({"start": "2026-01-02", "end": "2026-01-01"}, "start"),
            ({"start": "2999-01-01"}, "start"),
            ({"start": "2024-01-01", "end": "2025-06-01"}, "start"),
            ({"start": "2022-12-31", "end": "2023-01-31"}, "start"),
            ({"end": "2026-01-01"}, "start"),
            ({"start": "2026-01-01", "end": "tomorrow"}, "end"),
            ({"start": "2025-03-30T02:30:00", "timezone": "Europe/Berlin"}, "start"),
            ({"timezone": "Mars/Olympus"}, "timezone"),
            ({"period": "last_week"}, "period"),
            ({"period": "yesterday", "start": "2026-01-01"}, "period"),
            ({"workspace_id": OTHER_WORKSPACE}, "workspace_id"),
            ({"models": []}, "models"),
            ({"models": ["m"] * 101}, "models"),
            ({"call_types": ["chat"]}, "call_types[0]"),
            ({"columns": "all"}, "columns"),
            ({"spreadsheet_safe": "no"}, "spreadsheet_safe"),
            ({"start": 20260101}, "start"),
            ({"api_key_ids": ["\ud800"]}, "api_key_ids[0]"),
        ],
    )
    def test_a_field_at_fault_is_named(
        self, admin: Caller, body: dict[str, Any], field: str
    ) -> None:
        reply = admin("POST", "/exports", body)
        assert reply.status == 422
        assert reply.headers["Content-Type"] == "application/problem+json"
        assert reply.body["type"] == "urn:api-usage-export:problem:invalid-request"
        assert [error["field"] for error in reply.body["errors"]] == [field]

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ("{", 400),
            ("[]", 400),
            ("null", 400),
            ('{"start": NaN}', 400),
            ("[" * 8000, 400),
            ('{"start": ' + "9" * 5000 + "}", 400),
            (b'{"start": "\xff"}', 400),
            ('{"start": "' + "x" * 17_000 + '"}', 413),
        ],
        ids=["cut", "list", "null", "NaN", "deep", "long number", "not UTF-8", "17 KB"],
    )
    def test_a_body_that_cannot_be_read_is_refused(
        self, admin: Caller, body: str | bytes, status: int
    ) -> None:
        reply = admin("POST", "/exports", body, {"Content-Type": "application/json"})
        assert reply.status == status
        assert reply.headers["Content-Type"] == "application/problem+json"

    def test_another_media_type_is_refused(self, admin: Caller) -> None:
        reply = admin("POST", "/exports", "period=yesterday", {"Content-Type": "text/plain"})
        assert reply.status == 415

    @pytest.mark.parametrize("query", ["workspace_id=ws-globex", "limit=0", "limit=5&limit=6"])
    def test_query_parameters_are_checked(self, admin: Caller, query: str) -> None:
        reply = admin("GET", f"/exports?{query}")
        assert reply.status == 422
        assert reply.body["errors"][0]["field"] == query.partition("=")[0]


class TestIdempotency:
    def test_the_same_key_and_body_give_the_same_export(self, admin: Caller) -> None:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        first = admin("POST", "/exports", {"period": "yesterday"}, key)
        second = admin("POST", "/exports", {"period": "yesterday"}, key)
        assert first.status == second.status == 200
        assert first.body["id"] == second.body["id"]
        assert first.body["timeframe"] == second.body["timeframe"]

    def test_the_same_key_with_another_body_is_a_problem(self, admin: Caller) -> None:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        admin("POST", "/exports", {"period": "yesterday"}, key)
        reply = admin("POST", "/exports", {"period": "last_7_days"}, key)
        assert reply.status == 422
        assert reply.body["type"].endswith(":idempotency-key-reused")

    def test_a_key_belongs_to_its_workspace(self, admin: Caller, other_admin: Caller) -> None:
        key = {"Idempotency-Key": str(uuid.uuid4())}
        mine = admin("POST", "/exports", {"period": "yesterday"}, key)
        theirs = other_admin("POST", "/exports", {"period": "last_7_days"}, key)
        assert theirs.status == 200
        assert mine.body["id"] != theirs.body["id"]


class TestWhoMayCall:
    def test_no_token_is_401_and_a_member_403(self, nobody: Caller, member: Caller) -> None:
        assert nobody("POST", "/exports", {}).status == 401
        assert member("POST", "/exports", {}).status == 403
        assert nobody("POST", "/exports", {}).body == {"message": "Unauthorized"}
        assert member("POST", "/exports", {}).body == {"message": "Forbidden"}

    def test_another_workspaces_export_is_not_found_like_a_random_id(
        self, other_admin: Caller, month: Any
    ) -> None:
        replies = [
            other_admin(method, f"/exports/{export_id}")
            for method in ("GET", "DELETE")
            for export_id in (month["id"], "7z" + "0" * 24, "no-id", f"%20{month['id']}")
        ]
        assert {reply.status for reply in replies} == {404}
        assert len({reply.text for reply in replies}) == 1

    def test_the_list_holds_only_the_workspaces_own(
        self, admin: Caller, other_admin: Caller, month: Any
    ) -> None:
        other_admin("POST", "/exports", {"period": "yesterday"})
        mine = admin("GET", "/exports?limit=100").body["exports"]
        theirs = other_admin("GET", "/exports?limit=100").body["exports"]
        assert month["id"] in {export["id"] for export in mine}
        assert {export["workspace_id"] for export in mine} == {WORKSPACE}
        assert {export["workspace_id"] for export in theirs} == {OTHER_WORKSPACE}


class TestList:
    def test_pages_are_newest_first_and_complete(self, admin: Caller) -> None:
        for _ in range(3):
            admin("POST", "/exports", {"period": "yesterday"}, {"Prefer": "respond-async"})
        everything = admin("GET", "/exports?limit=100").body["exports"]
        paged: list[Any] = []
        cursor = ""
        while True:
            page = admin("GET", f"/exports?limit=2{cursor}").body
            paged += page["exports"]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        assert [export["id"] for export in paged] == [export["id"] for export in everything]
        created = [export["created_at"] for export in everything]
        assert created == sorted(created, reverse=True)
        assert all(not (export["file"] or {}).get("download_url") for export in everything)


class TestCancel:
    def test_a_running_export_is_cancelled_and_stays_so(self, admin: Caller) -> None:
        started = admin("POST", "/exports", {}, {"Prefer": "respond-async"}).body
        reply = admin("DELETE", f"/exports/{started['id']}")
        assert reply.status in {200, 409}  # 409: it was done already
        export = admin("GET", f"/exports/{started['id']}").body
        assert export["status"] == ("cancelled" if reply.status == 200 else "succeeded")

    def test_a_finished_export_keeps_its_outcome(self, admin: Caller, month: Any) -> None:
        reply = admin("DELETE", f"/exports/{month['id']}")
        assert reply.status == 409
        assert admin("GET", f"/exports/{month['id']}").body["status"] == "succeeded"
