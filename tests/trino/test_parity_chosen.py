"""Both engines answer the same to each kind of statement, in each of its forms."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product
from pathlib import Path

import pytest

from local.stack import LocalStack
from shared.call_log import Columns
from shared.local_time import Granularity
from shared.queries import CallSelection, rows_query, summary_query
from shared.timeframe import Timeframe
from shared.usage_query import usage_query
from tests.trino.both_engines import Parity
from tests.trino.logged import log
from tests.usage_calls import TEXTS, hard_calls

pytestmark = pytest.mark.trino

HARD = "ws-hard-on-both"
SPRING = datetime(2025, 3, 30, 1, tzinfo=UTC)  # when the clocks change in Europe
AUTUMN = datetime(2025, 10, 26, 1, tzinfo=UTC)
ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Apia")
FILTERS: tuple[dict[str, tuple[str, ...]], ...] = (
    {},
    {"model": tuple(text for text in TEXTS if text), "provider": ("openai", "é", "'; --", "\\")},
    {"api_key_id": ("key-1", "key-2"), "call_type": ("embedding",)},
    {"model": ("nobody's",)},
)
REAL_CALLS = Path(__file__).parents[3] / "shared" / "data" / "real-calls"
needs_real_calls = pytest.mark.skipif(
    not REAL_CALLS.is_dir(), reason=f"the real call logs are not here: {REAL_CALLS}"
)


@pytest.fixture(scope="module", autouse=True)
def hard_logs(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Calls around both clock changes of a year."""
    around = [
        change + timedelta(minutes=minutes, milliseconds=minutes % 3 - 1)
        for change in (SPRING, AUTUMN)
        for minutes in range(-1800, 1800, 15)
    ]
    calls = hard_calls(seed=5, count=900, instants=around)
    own = [call for call in calls if call.workspace_id == "ws-acme"]
    folder = tmp_path_factory.mktemp("hard")
    log(stack, folder, [replace(call, workspace_id=HARD) for call in own])


def around(change: datetime, days: int = 2) -> Timeframe:
    return Timeframe(change - timedelta(days=days), change + timedelta(days=days))


def test_usage_at_every_granularity_in_every_zone(parity: Parity) -> None:
    selection = CallSelection(HARD, around(AUTUMN))
    asked = product(Granularity, ZONES)
    parity.check(*(("usage", usage_query(selection, size, zone)) for size, zone in asked))


def test_usage_where_the_clocks_skip_an_hour(parity: Parity) -> None:
    selection = CallSelection(HARD, around(SPRING))
    asked = product((Granularity.HOUR, Granularity.DAY), ZONES[1:3])
    parity.check(*(("usage", usage_query(selection, size, zone)) for size, zone in asked))


@pytest.mark.parametrize("filters", FILTERS, ids=["all", "texts", "keys", "none"])
def test_rows_and_summaries_with_every_choice(
    parity: Parity, filters: dict[str, tuple[str, ...]]
) -> None:
    selection = CallSelection(HARD, around(AUTUMN), filters)
    chosen = product(Columns, (True, False), (1, 1_000_000))
    rows = (
        rows_query(selection, row_limit=limit, columns=columns, spreadsheet_safe=is_safe)
        for columns, is_safe, limit in chosen
    )
    *_, summary = parity.check(
        *(("rows", statement) for statement in rows), ("summary", summary_query(selection))
    )
    assert bool(summary.rows) is ("nobody's" not in filters.get("model", ()))


def test_a_workspace_without_calls(parity: Parity) -> None:
    selection = CallSelection("ws-without-calls", around(SPRING))
    for answer in parity.check(*every_kind(selection)):
        assert answer.rows == []
        assert answer.columns


def test_a_year_of_days(parity: Parity) -> None:
    year = Timeframe(datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    rows, summary, _ = parity.check(*every_kind(CallSelection(HARD, year)))
    assert len(rows.rows) == sum(int(row[4] or 0) for row in summary.rows if row[3] == "0") > 500


def test_the_samples_of_a_month(parity: Parity, today: date) -> None:
    midnight = datetime.combine(today, datetime.min.time(), UTC)
    month = Timeframe(midnight - timedelta(days=30), midnight)
    rows, *_ = parity.check(*every_kind(CallSelection("ws-acme", month)))
    assert len(rows.rows) > 1_000


@needs_real_calls
def test_the_real_calls(parity: Parity, stack: LocalStack) -> None:
    stack.aws.add_call_logs(REAL_CALLS)
    day = Timeframe(datetime(2023, 11, 16, tzinfo=UTC), datetime(2023, 11, 17, tzinfo=UTC))
    rows, *_ = parity.check(*every_kind(CallSelection("ws-azure", day)))
    assert len(rows.rows) == 28_185


def every_kind(selection: CallSelection) -> list[tuple[str, str]]:
    return [
        ("rows", rows_query(selection, row_limit=1_000_000, columns=Columns.EXTENDED)),
        ("summary", summary_query(selection)),
        ("usage", usage_query(selection, Granularity.DAY, "Europe/Berlin")),
    ]


def test_no_statement_asks_an_engine_to_approximate() -> None:
    for _, statement in every_kind(CallSelection(HARD, around(SPRING))):
        assert "approx" not in statement.lower()
