"""The real row limit, on real volume: a million rows pass, one more does not."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from local.stack import LocalStack
from tests.functional.conftest import Caller

pytestmark = pytest.mark.slow

WORKSPACE = "ws-million"
CALLS = 1_000_001
SPACING = timedelta(milliseconds=80)


@pytest.fixture(scope="module")
def first_call(
    stack: LocalStack, tmp_path_factory: pytest.TempPathFactory, today: date
) -> datetime:
    """A day of 1,000,001 calls, one each 80 ms, put among the stack's call logs."""
    day = today - timedelta(days=2)
    folder = tmp_path_factory.mktemp("million") / f"workspace_id={WORKSPACE}" / f"day={day}"
    folder.mkdir(parents=True)
    duckdb.execute(
        f"""
        COPY (
          SELECT
            printf('call_%07d', i) AS call_id,
            ('{day}'::TIMESTAMP + to_milliseconds(i * 80))::TIMESTAMP_MS AS called_at,
            'key_' || i % 7 AS api_key_id,
            'Key ' || i % 7 AS api_key_name,
            'openai' AS provider,
            'gpt-4.1' AS model,
            'completion' AS call_type,
            i % 1000 AS input_tokens,
            i % 300 AS output_tokens,
            i % 5000 AS completion_time_ms,
            2::DECIMAL(18, 6) AS input_token_price,
            8::DECIMAL(18, 6) AS output_token_price
          FROM range({CALLS}) AS calls (i)
        ) TO '{folder}/calls.parquet' (FORMAT parquet)
        """
    )
    stack.aws.add_call_logs(folder.parent.parent)
    return datetime.combine(day, datetime.min.time(), UTC)


@pytest.fixture(scope="module")
def million_admin(stack: LocalStack) -> Caller:
    return Caller(stack.url, stack.identity_provider.token(workspace_id=WORKSPACE))


def export_of(caller: Caller, start: datetime, rows: int) -> Any:
    """The outcome of exporting the first `rows` calls."""
    end = start + rows * SPACING
    asked = {"start": start.isoformat(), "end": end.isoformat()}
    reply = caller("POST", "/exports", asked, {"Prefer": "wait=25"})
    assert reply.status in {200, 422}
    return reply.body


def test_a_million_rows_are_exported_whole(
    million_admin: Caller, first_call: datetime, tmp_path: Path
) -> None:
    export = export_of(million_admin, first_call, 1_000_000)
    assert export["status"] == "succeeded"
    assert export["row_count"] == export["row_limit"] == 1_000_000
    totals = export["control_totals"]
    expected_cost = sum(i % 1000 * 2 + i % 300 * 8 for i in range(1_000_000))
    assert Decimal(totals["cost_usd"]) == Decimal(expected_cost) / 1_000_000

    file = tmp_path / "million.csv"
    file.write_bytes(million_admin.download(export["file"]["download_url"])[1])
    counted = duckdb.execute(
        f"""
        SELECT count(*), count(DISTINCT "Date"), sum("Input Tokens"), sum("Output Tokens")
        FROM read_csv('{file}', header = true)
        """
    ).fetchall()
    assert counted == [(1_000_000, 1_000_000, totals["input_tokens"], totals["output_tokens"])]


def test_one_row_less_is_exported_too(million_admin: Caller, first_call: datetime) -> None:
    export = export_of(million_admin, first_call, 999_999)
    assert (export["status"], export["row_count"]) == ("succeeded", 999_999)


def test_one_row_more_is_refused_with_the_exact_count(
    million_admin: Caller, first_call: datetime
) -> None:
    problem = export_of(million_admin, first_call, CALLS)
    assert problem["status"] == 422
    assert (problem["row_count"], problem["row_limit"]) == (1_000_001, 1_000_000)
    parts = problem["suggested_timeframes"]
    assert sum(part["rows"] for part in parts) == CALLS
    assert all(part["rows"] <= 1_000_000 for part in parts)
