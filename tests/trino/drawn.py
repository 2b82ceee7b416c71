"""What Hypothesis draws: calls, and which of them are asked for."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Final

from hypothesis import strategies as st

from shared.call_log import FILTERS, Columns
from shared.local_time import Granularity
from shared.queries import CallSelection, rows_query, summary_query
from shared.timeframe import Timeframe
from shared.usage_query import usage_query
from tests.call_table import Call

# Instants that are hard for a clock: changes of time, a leap day, ends of days, months and years.
_MOMENTS: Final = {
    "Europe/Berlin": ("2025-03-30T01:00Z", "2025-10-26T01:00Z", "2024-12-31T23:00Z"),
    "America/New_York": ("2025-03-09T07:00Z", "2025-11-02T06:00Z", "2024-03-01T05:00Z"),
    "Asia/Kolkata": ("2025-01-31T18:30Z", "2024-02-28T18:30Z"),
    "Pacific/Apia": ("2025-02-28T11:00Z", "2023-12-31T11:00Z"),
    "UTC": ("2024-02-29T00:00Z", "2025-12-31T23:59:59.999Z"),
}
_MILLISECOND: Final = timedelta(milliseconds=1)
_HOUR: Final = timedelta(hours=1)
_STEPS: Final = [timedelta(0), _MILLISECOND, _HOUR - _MILLISECOND, _HOUR, timedelta(days=1)]

_HARD_TEXTS: Final = (
    "", "a", "a/b", "gpt-4o", '"', 'say "x", \n', "'", "'; --", "''", "100%", "%s", "%%", "\\",
    "\\n", "a\rb\r\n", "\t", " ", "é", "e\u0301", "漢字", "日本語モデル", "مودل", "עברית",
    "😀", "👩‍👩‍👧",
    "=1+1", "+1", "-1", "@cf/meta/llama-3", "＝1", "\u200b=1", "\ufeff+x", "\u00a0@", "1,5", "NULL",
    "\\N", "\x7f", "\x01", "ß", "ẞ", "İ", "\U0010ffff", "\ue000",
)  # fmt: skip
TEXTS: Final = st.sampled_from(_HARD_TEXTS) | st.text(
    st.characters(exclude_categories=["Cs"]), max_size=12
)
_PRICES: Final = st.sampled_from(
    list(map(Decimal, ("0", "0.000001", "0.15", "2.5", "75", "99999.999999")))
) | st.decimals(0, 10**6, places=6)
_TOKENS: Final = st.sampled_from([0, 1, 3, 999, 10**12]) | st.integers(0, 10**5)
_DURATIONS: Final = st.sampled_from([0, 1, 99, 100, 249, 250, 499_999, 500_000]) | st.integers(
    0, 4 * 10**6
)


@dataclass(frozen=True)
class Asked:
    """Calls, and the statements about some of them."""

    calls: list[Call]
    statements: dict[str, str]


@st.composite
def asked(draw: st.DrawFn, workspace_id: str) -> Asked:
    """Calls of a workspace around a hard instant, and every kind of statement about them."""
    zone = draw(st.sampled_from(sorted(_MOMENTS)))
    moment = datetime.fromisoformat(draw(st.sampled_from(_MOMENTS[zone])))
    calls: list[Call] = draw(st.lists(_calls(workspace_id, moment), max_size=25))
    selection = CallSelection(workspace_id, draw(_timeframes(moment, calls)), draw(_filters(calls)))
    rows = rows_query(
        selection,
        row_limit=draw(st.sampled_from([1, 10, 1_000_000])),
        columns=draw(st.sampled_from(Columns)),
        spreadsheet_safe=draw(st.booleans()),
    )
    return Asked(
        calls,
        {
            "rows": rows,
            "summary": summary_query(selection),
            "usage": usage_query(selection, draw(st.sampled_from(Granularity)), zone),
        },
    )


def _near(moment: datetime) -> st.SearchStrategy[datetime]:
    steps = st.sampled_from(_STEPS + [-step for step in _STEPS])
    days = st.integers(-2 * 86_400_000, 2 * 86_400_000).map(lambda ms: timedelta(milliseconds=ms))
    return (steps | days).map(lambda step: moment + step)


@st.composite
def _calls(draw: st.DrawFn, workspace_id: str, moment: datetime) -> Call:
    is_embedding = draw(st.booleans())
    return Call(
        workspace_id=workspace_id,
        call_id=draw(st.uuids().map(str) | TEXTS),
        called_at=draw(_near(moment)).astimezone(UTC).replace(tzinfo=None),
        api_key_id=draw(st.sampled_from(["key-1", "key-2", None]) | TEXTS),
        api_key_name=draw(TEXTS | st.none()),
        provider=draw(st.sampled_from(["openai", "azure", None]) | TEXTS),
        model=draw(TEXTS | st.none()),
        call_type="embedding" if is_embedding else "completion",
        input_tokens=draw(_TOKENS | st.none()),
        output_tokens=None if is_embedding else draw(_TOKENS | st.none()),
        completion_time_ms=draw(_DURATIONS | st.none()),
        input_token_price=draw(_PRICES | st.none()),
        output_token_price=draw(_PRICES | st.none()),
    )


@st.composite
def _timeframes(draw: st.DrawFn, moment: datetime, calls: list[Call]) -> Timeframe:
    is_of_one_call = draw(st.booleans())
    if calls and is_of_one_call:  # the one millisecond of a call
        start = draw(st.sampled_from(calls)).called_at.replace(tzinfo=UTC)
        return Timeframe(start, start + _MILLISECOND)
    bounds = draw(st.lists(_near(moment), min_size=2, max_size=2, unique=True))
    if draw(st.booleans()):
        bounds.append(moment - timedelta(days=draw(st.integers(3, 40))))
    return Timeframe(min(bounds).astimezone(UTC), max(bounds).astimezone(UTC))


def _filters(calls: list[Call]) -> st.SearchStrategy[dict[str, tuple[str, ...]]]:
    """Often none; else values that calls have, and others."""

    def values(column: str) -> st.SearchStrategy[tuple[str, ...]]:
        there = sorted({value for call in calls if (value := getattr(call, column)) is not None})
        value = (st.sampled_from(there) | TEXTS) if there else TEXTS
        return st.lists(value.filter(bool), min_size=1, max_size=3).map(tuple)

    chosen = st.lists(st.sampled_from(sorted(FILTERS.values())), unique=True, max_size=2)
    return st.just({}) | chosen.flatmap(
        lambda columns: st.fixed_dictionaries({column: values(column) for column in columns})
    )
