"""What the statements give, on DuckDB, against the same calls reckoned in Python."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.call_log import Columns
from shared.queries import CallSelection, rows_query, summary_query
from shared.timeframe import Timeframe
from shared.totals import Summary, Totals, read_summary
from tests.call_table import NOON, Call, CallTable

TABLE = CallTable()
TIMEFRAME = Timeframe(datetime(2026, 1, 30, 22, tzinfo=UTC), datetime(2026, 2, 1, 2, tzinfo=UTC))
ACME = CallSelection("ws-acme", TIMEFRAME)
runs = settings(max_examples=settings().max_examples // 3)

PRICES = st.one_of(
    st.none(),
    st.sampled_from([Decimal(0), Decimal("0.000001"), Decimal("2.5"), Decimal(10)]),
    st.decimals(0, 99_999, places=6),
)
TOKENS = st.one_of(st.none(), st.integers(0, 5000), st.just(10**12))
CALLED_AT = st.one_of(
    st.integers(0, 28 * 3600 * 1000 - 1),
    st.sampled_from([0, 1, 28 * 3600 * 1000 - 1, 2 * 3600 * 1000 - 1, 2 * 3600 * 1000]),
).map(lambda ms: TIMEFRAME.start.replace(tzinfo=None) + timedelta(milliseconds=ms))
CALLS = st.lists(
    st.builds(
        Call,
        call_id=st.text("0123456789abcdef", min_size=16, max_size=16),
        called_at=CALLED_AT,
        api_key_name=st.one_of(st.none(), st.text(max_size=10)),
        provider=st.sampled_from(["openai", "azure", None]),
        model=st.sampled_from(["gpt-4o", "o3-mini", "@cf/meta/llama", None]),
        input_tokens=TOKENS,
        output_tokens=TOKENS,
        completion_time_ms=st.one_of(st.none(), st.integers(0, 600_000)),
        input_token_price=PRICES,
        output_token_price=PRICES,
    ),
    max_size=12,
    unique_by=lambda call: call.call_id,
)


def is_unpriced(call: Call) -> bool:
    pairs = [
        (call.input_tokens, call.input_token_price),
        (call.output_tokens, call.output_token_price),
    ]
    return any(tokens and price is None for tokens, price in pairs)


def cost(call: Call) -> Fraction:
    """US dollars, of a call that has its prices."""
    pairs = [
        (call.input_tokens, call.input_token_price),
        (call.output_tokens, call.output_token_price),
    ]
    return sum(
        (
            Fraction(tokens) * Fraction(price) / 1_000_000
            for tokens, price in pairs
            if tokens and price
        ),
        start=Fraction(0),
    )


def in_order(calls: Iterable[Call]) -> list[Call]:
    return sorted(calls, key=lambda call: (call.called_at, call.call_id))


def price(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:.6f}"


@given(calls=CALLS)
@runs
def test_the_rows_are_the_calls_in_order(calls: list[Call]) -> None:
    TABLE.fill(calls)
    rows = TABLE.run(rows_query(ACME, row_limit=1000, spreadsheet_safe=False))
    assert [list(row.values()) for row in rows] == [
        [
            f"{call.called_at:%Y-%m-%d %H:%M:%S}.{call.called_at.microsecond // 1000:03}",
            call.api_key_id,
            call.api_key_name,
            call.provider,
            call.model,
            call.input_tokens,
            call.output_tokens,
            call.completion_time_ms,
            price(call.input_token_price),
            price(call.output_token_price),
        ]
        for call in in_order(calls)
    ]


@given(calls=CALLS)
@runs
def test_three_more_columns_have_id_type_and_exact_cost(calls: list[Call]) -> None:
    TABLE.fill(calls)
    rows = TABLE.run(rows_query(ACME, row_limit=1000, columns=Columns.EXTENDED))
    for row, call in zip(rows, in_order(calls), strict=True):
        assert row["Call ID"] == call.call_id
        assert row["Call Type"] == call.call_type
        text = row["Total Cost (USD)"]
        if is_unpriced(call):
            assert text is None
        else:
            assert set(text) <= set("0123456789.")
            assert Fraction(text) == cost(call)


def test_text_is_made_safe_in_every_column_of_text() -> None:
    unsafe = Call(
        call_id="@id", api_key_id="=1", api_key_name="+1", provider="-1", model="\t", call_type="'"
    )
    TABLE.fill([unsafe])
    (row,) = TABLE.run(rows_query(ACME, row_limit=10, columns=Columns.EXTENDED))
    assert row["API Key ID"] == "'=1"
    assert row["API Key Name"] == "'+1"
    assert row["Provider"] == "'-1"
    assert row["Model"] == "'\t"
    assert row["Call ID"] == "'@id"
    assert row["Call Type"] == "''"


def test_an_embedding_has_no_output() -> None:
    TABLE.fill([Call(output_tokens=None, output_token_price=None, call_type="embedding")])
    (row,) = TABLE.run(rows_query(ACME, row_limit=10, columns=Columns.EXTENDED))
    assert row["Output Tokens"] is None
    assert row["Output Token Price (USD/1M tokens)"] is None
    assert row["Total Cost (USD)"] == "0.001250000000"


def test_one_row_more_than_the_limit_is_given() -> None:
    TABLE.fill(Call(call_id=f"{count:02}") for count in range(20))
    assert len(TABLE.run(rows_query(ACME, row_limit=10))) == 11


def summary_of(selection: CallSelection) -> Summary:
    """The summary, by way of text, as it comes from Athena's result file."""
    return read_summary(
        {name: "" if value is None else str(value) for name, value in row.items()}
        for row in TABLE.run(summary_query(selection))
    )


def reckoned(calls: Iterable[Call]) -> Totals:
    calls = list(calls)
    dollars = sum((cost(call) for call in calls if not is_unpriced(call)), start=Fraction(0))
    return Totals(
        rows=len(calls),
        input_tokens=sum(call.input_tokens or 0 for call in calls),
        output_tokens=sum(call.output_tokens or 0 for call in calls),
        cost_usd=Decimal(int(dollars * 10**12)) * Decimal("1e-12"),
        unpriced_calls=sum(map(is_unpriced, calls)),
    )


@given(calls=CALLS)
@runs
def test_the_summary_is_what_the_calls_add_up_to(calls: list[Call]) -> None:
    TABLE.fill(calls)
    by_hour, by_model = defaultdict(list), defaultdict(list)
    for call in calls:
        hour = call.called_at.replace(minute=0, second=0, microsecond=0, tzinfo=UTC)
        by_hour[hour].append(call)
        by_model[call.provider or "", call.model or ""].append(call)
    summary = summary_of(ACME)
    assert summary.by_hour == {hour: reckoned(group) for hour, group in by_hour.items()}
    assert summary.by_model == {model: reckoned(group) for model, group in by_model.items()}
    assert summary.totals == reckoned(calls)


@given(calls=CALLS)
@runs
def test_the_summary_adds_up_to_what_the_file_has(calls: list[Call]) -> None:
    TABLE.fill(calls)
    rows = TABLE.run(rows_query(ACME, row_limit=1000, columns=Columns.EXTENDED))
    costs = [row["Total Cost (USD)"] for row in rows]
    totals = summary_of(ACME).totals
    assert totals.rows == len(rows)
    assert totals.unpriced_calls == costs.count(None)
    assert Fraction(totals.cost_usd) == sum(Fraction(cost) for cost in costs if cost is not None)
    assert totals.input_tokens == sum(row["Input Tokens"] or 0 for row in rows)


def test_no_calls_have_an_empty_summary() -> None:
    TABLE.fill([])
    assert summary_of(ACME) == Summary({}, {})


def test_five_hundred_tokens_in_and_twelve_hundred_out_cost_what_the_price_list_says() -> None:
    TABLE.fill([Call()])
    assert summary_of(ACME).totals == Totals(1, 500, 1200, Decimal("0.01325"))


def test_a_call_that_lacks_one_of_its_prices_is_counted_and_costs_nothing() -> None:
    TABLE.fill([Call(output_token_price=None), Call(call_id="call-2")])
    totals = summary_of(ACME).totals
    assert (totals.rows, totals.unpriced_calls) == (2, 1)
    assert totals.cost_usd == Decimal("0.01325")


def test_a_price_that_is_missing_does_not_matter_where_there_are_no_tokens() -> None:
    free = Call(input_tokens=0, input_token_price=None, output_tokens=None, output_token_price=None)
    TABLE.fill([free])
    assert summary_of(ACME).totals == Totals(rows=1)


def test_sums_may_be_larger_than_a_bigint() -> None:
    TABLE.fill(Call(call_id=str(count), input_tokens=9 * 10**18) for count in range(3))
    assert summary_of(ACME).totals.input_tokens == 27 * 10**18


def test_only_calls_of_the_workspace_within_the_timeframe_are_taken() -> None:
    start, end = (bound.replace(tzinfo=None) for bound in (TIMEFRAME.start, TIMEFRAME.end))
    millisecond = timedelta(milliseconds=1)
    TABLE.fill(
        [
            Call(call_id="before", called_at=start - millisecond),
            Call(call_id="first", called_at=start),
            Call(call_id="last", called_at=end - millisecond),
            Call(call_id="after", called_at=end),
            Call(call_id="another's", workspace_id="ws-acme2"),
            Call(call_id="nobody's", workspace_id="WS-ACME"),
        ]
    )
    rows = TABLE.run(rows_query(ACME, row_limit=10, columns=Columns.EXTENDED))
    assert [row["Call ID"] for row in rows] == ["first", "last"]
    assert summary_of(ACME).totals.rows == 2


TEXTS = st.one_of(st.text(min_size=1), st.text("'\"\\%?-;\n\0‘’", min_size=1, max_size=4))


@given(kept=st.lists(TEXTS, min_size=1, max_size=3), others=st.lists(TEXTS, max_size=5))
@runs
def test_a_filter_keeps_exactly_the_calls_that_have_one_of_its_values(
    kept: list[str], others: list[str]
) -> None:
    texts = [*kept, *others]
    calls = [
        Call(call_id=str(count), called_at=NOON + timedelta(seconds=count), model=text)
        for count, text in enumerate(texts)
    ]
    TABLE.fill(calls)
    selection = replace(ACME, filters={"model": tuple(kept)})
    rows = TABLE.run(rows_query(selection, row_limit=100, spreadsheet_safe=False))
    assert [row["Model"] for row in rows] == [text for text in texts if text in kept]
    assert summary_of(selection).totals.rows == len(rows)


def test_filters_must_all_hold() -> None:
    TABLE.fill(
        [
            Call(call_id="both", provider="azure", call_type="embedding"),
            Call(call_id="one", provider="azure"),
            Call(call_id="other", call_type="embedding"),
            Call(call_id="none"),
        ]
    )
    both = replace(ACME, filters={"provider": ("azure",), "call_type": ("embedding",)})
    rows = TABLE.run(rows_query(both, row_limit=10, columns=Columns.EXTENDED))
    assert [row["Call ID"] for row in rows] == ["both"]
