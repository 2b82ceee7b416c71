"""What is stored of an export, and how its id and its file are named."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.call_log import Columns
from shared.export import (
    EXPORT_ID_PATTERN,
    RANDOM_BITS,
    ControlTotals,
    Export,
    ExportError,
    ExportFile,
    Part,
    Queries,
    ResolvedTimeframe,
    Status,
    Suggestion,
    Trigger,
    export_id,
    file_name,
    instant_text,
)
from shared.export_request import ExportRequest
from shared.row_limit import SuggestedTimeframe
from shared.timeframe import Timeframe, TimeframeLimits, TimeframeRequest, resolve_timeframe
from shared.totals import Totals
from tests.builders import JANUARY, NOW, a_summary, an_export

MILLISECOND = timedelta(milliseconds=1)
WHOLE = ResolvedTimeframe.of(JANUARY)
RANDOM = st.integers(0, 2**RANDOM_BITS - 1)
INSTANTS = st.datetimes(
    datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("9999-12-31")
).map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000, tzinfo=UTC))


@given(instants=st.tuples(INSTANTS, INSTANTS), random=st.tuples(RANDOM, RANDOM))
def test_ids_of_later_exports_come_first_in_the_order_of_keys(
    instants: tuple[datetime, datetime], random: tuple[int, int]
) -> None:
    ids = [export_id(instant, bits) for instant, bits in zip(instants, random, strict=True)]
    if instants[0] != instants[1]:
        assert (ids[0].encode() < ids[1].encode()) == (instants[0] > instants[1])


def test_an_id_is_forty_eight_bits_of_time_counted_down_and_eighty_random_bits() -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert RANDOM_BITS == 80
    assert export_id(epoch, 0) == "7zzzzzzzzz" + "0" * 16
    assert export_id(epoch, 2**80 - 1) == "7" + "z" * 25
    assert export_id(epoch + MILLISECOND, 0) == "7zzzzzzzzy" + "0" * 16


def test_a_millisecond_later_is_later() -> None:
    assert export_id(NOW + MILLISECOND, 2**RANDOM_BITS - 1) < export_id(NOW, 0)


@given(instant=INSTANTS, random=RANDOM)
def test_an_id_has_twenty_six_characters_that_nobody_misreads(
    instant: datetime, random: int
) -> None:
    identity = export_id(instant, random)
    assert re.fullmatch(EXPORT_ID_PATTERN, identity)
    assert set(identity).isdisjoint("ilouILOU")


@given(random=st.lists(RANDOM, min_size=2, max_size=2, unique=True))
def test_no_random_bit_is_lost(random: list[int]) -> None:
    assert export_id(NOW, random[0]) != export_id(NOW, random[1])


@pytest.mark.parametrize("identity", ["", "0" * 25, "0" * 27, "0" * 25 + "i", "0" * 25 + "A"])
def test_what_cannot_be_an_id_is_told_by_its_pattern(identity: str) -> None:
    assert not re.fullmatch(EXPORT_ID_PATTERN, identity)


def test_an_instant_is_shown_in_utc_with_milliseconds() -> None:
    berlin = datetime.fromisoformat("2026-01-31T10:30:00.007+01:00")
    assert instant_text(berlin) == "2026-01-31T09:30:00.007Z"
    assert instant_text(berlin.replace(microsecond=0)) == "2026-01-31T09:30:00.000Z"


@pytest.mark.parametrize("status", Status)
def test_four_states_are_final(status: Status) -> None:
    assert status.is_final == (status in {"succeeded", "rejected", "failed", "cancelled"})


def test_a_finished_export_survives_its_storage() -> None:
    summary = a_summary(rows=3)
    part = SuggestedTimeframe(JANUARY, summary.totals, fits=True)
    export = an_export(
        status=Status.SUCCEEDED,
        trigger=Trigger.SCHEDULE,
        completed_at=NOW + MILLISECOND,
        request=ExportRequest.model_validate(
            {"period": "previous_month", "call_types": ["embedding"], "models": ["é'\n"]}
        ),
        parts=[
            Part(
                timeframe=WHOLE,
                attempt=2,
                queries=Queries(summary="a", rows="b"),
                control_totals=ControlTotals.of(summary),
                file=ExportFile(key="athena/b.csv", name="x.csv", size_bytes=1),
            )
        ],
        control_totals=ControlTotals.of(summary),
        bytes_scanned=12345,
        athena_cost_usd=Decimal("0.0001"),
        suggested_timeframes=[Suggestion.of(part)],
        revision="c0ffee",
        error=ExportError.named("x", "X", "x."),
    )
    assert Export.model_validate_json(export.model_dump_json()) == export


def test_a_new_export_survives_its_storage() -> None:
    export = an_export()
    assert export.status is Status.QUEUED
    assert export.parts == [Part(timeframe=WHOLE, attempt=1)]
    assert Export.model_validate_json(export.model_dump_json()) == export


def test_control_totals_are_the_summarys_and_money_is_plain_text() -> None:
    totals = ControlTotals.of(a_summary(rows=3))
    assert totals.model_dump(mode="json") == {
        "rows": 3,
        "input_tokens": 3000,
        "output_tokens": 0,
        "cost_usd": "0.003",
        "unpriced_calls": 0,
        "by_model": [
            {
                "provider": "openai",
                "model": "gpt-4o",
                "rows": 3,
                "input_tokens": 3000,
                "output_tokens": 0,
                "cost_usd": "0.003",
                "unpriced_calls": 0,
            }
        ],
    }


def test_a_tiny_cost_is_never_written_with_an_exponent() -> None:
    part = SuggestedTimeframe(JANUARY, Totals(cost_usd=Decimal("3E-12")), fits=True)
    assert '"cost_usd":"0.000000000003"' in Suggestion.of(part).model_dump_json()


@given(bounds=st.lists(st.integers(0, 40 * 86_400_000), min_size=2, max_size=2, unique=True))
def test_a_suggestion_that_is_sent_back_means_the_same_timeframe(bounds: list[int]) -> None:
    start, end = (JANUARY.start + MILLISECOND * bound for bound in sorted(bounds))
    part = SuggestedTimeframe(Timeframe(start, end), Totals(), fits=True)
    shown = Suggestion.of(part).model_dump(mode="json")
    resolved = resolve_timeframe(
        TimeframeRequest(shown["start"], shown["end"], timezone="Asia/Kolkata"),
        now=NOW,
        limits=TimeframeLimits(timedelta(minutes=15), 366, JANUARY.first_day),
    )
    assert resolved == part.timeframe


def test_a_file_is_named_after_workspace_and_timeframe() -> None:
    assert (
        file_name(an_export(), WHOLE) == "api-usage_ws-acme_20260101T000000Z_20260201T000000Z.csv"
    )


def test_a_files_name_tells_columns_and_filters() -> None:
    request = ExportRequest(columns=Columns.EXTENDED, models=["gpt-4o"])
    assert file_name(an_export(request=request), WHOLE) == (
        "api-usage_ws-acme_20260101T000000Z_20260201T000000Z_extended_"
        f"{request.filter_suffix()}.csv"
    )


@given(models=st.lists(st.text(min_size=1), min_size=1), timezone=st.text(min_size=1, max_size=9))
def test_nothing_that_a_client_sends_gets_into_a_files_name(
    models: list[str], timezone: str
) -> None:
    request = ExportRequest.model_construct(models=models, timezone=timezone)
    name = file_name(an_export(request=request), WHOLE)
    assert re.fullmatch(r"[A-Za-z0-9_-]+\.csv", name)


def test_a_resolved_timeframe_gives_its_value_back() -> None:
    assert WHOLE.value() == JANUARY
