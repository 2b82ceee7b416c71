"""Usage reports: which query is asked, and what its answer says around the figures."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from shared.local_time import Granularity
from shared.timeframe import Timeframe, TimeframeError
from shared.usage_report import MAX_BUCKETS, fitting_granularity
from tests.builders import NOW
from tests.call_table import Call
from tests.fake_usage import FOREVER, USAGE, FakeUsage

CALLED_AT = datetime.fromisoformat("2026-03-17T12:00")


def test_a_report_says_what_was_counted_and_up_to_when() -> None:
    report = FakeUsage([Call(called_at=CALLED_AT)]).report(timezone="Europe/Berlin")
    assert report.totals.calls == 1
    assert report.totals.cost_usd == Decimal("0.01325")
    # The last 30 days up to 14:30:45.123, of which the last quarter of an hour is not there yet.
    assert report.timeframe.start == datetime(2026, 2, 16, 23, tzinfo=UTC)
    assert report.timeframe.end == datetime(2026, 3, 18, 14, 15, tzinfo=UTC)
    assert report.data_through == NOW - timedelta(minutes=15)
    assert report.timezone == "Europe/Berlin"
    assert report.granularity is Granularity.DAY


def test_series_have_a_value_for_each_bucket() -> None:
    report = FakeUsage([Call(called_at=CALLED_AT)]).report(timezone="Europe/Berlin")
    assert len(report.buckets) == 30
    assert report.buckets == sorted(report.buckets)
    (series,) = report.series.models
    assert series.calls == [0] * 28 + [1, 0]
    assert series.cost_usd == [*[Decimal(0)] * 28, Decimal("0.01325"), Decimal(0)]
    assert report.buckets[28] == datetime(2026, 3, 16, 23, tzinfo=UTC)


def test_a_call_after_the_last_full_five_minutes_waits_for_them() -> None:
    usage = FakeUsage([Call(called_at=datetime.fromisoformat("2026-03-18T14:15:00"))])
    assert usage.report().totals.calls == 0
    usage.clock.time += timedelta(minutes=5)
    assert usage.report().totals.calls == 1


def test_only_the_calls_that_a_filter_keeps_are_counted() -> None:
    calls = [
        Call(call_id=model, model=model, called_at=CALLED_AT) for model in ("a,b", "a", "b", "c")
    ]
    usage = FakeUsage(calls)
    assert [row.name for row in usage.report(models=["a,b"]).tables.models] == ["a,b"]
    assert usage.report(models=["a", "b"]).totals.calls == 2
    assert usage.report(call_types=["embedding"]).totals.calls == 0
    assert usage.report(api_key_ids=["key-1"], providers=["openai"]).totals.calls == 4


def test_each_workspace_has_its_own_calls_and_its_own_query() -> None:
    calls = [
        Call(
            workspace_id=workspace, call_id=workspace, model=f"of {workspace}", called_at=CALLED_AT
        )
        for workspace in ("ws-acme", "ws-globex", "ws-acme2")
    ]
    usage = FakeUsage(calls)
    for workspace in ("ws-acme", "ws-globex"):
        report = usage.report(workspace_id=workspace)
        assert [row.name for row in report.tables.models] == [f"of {workspace}"]
    assert usage.report(workspace_id="ws-empty").totals.calls == 0
    assert len(usage.athena.queries) == 3


def test_the_same_request_is_one_query_for_five_minutes() -> None:
    usage = FakeUsage([Call(called_at=CALLED_AT)])
    first = usage.report()
    usage.clock.time = NOW + timedelta(minutes=4)
    assert usage.report() == first.model_copy(
        update={"data_through": first.data_through + timedelta(minutes=4)}
    )
    assert len(usage.athena.queries) == 1
    usage.clock.time = NOW + timedelta(minutes=5)
    usage.report()
    assert len(usage.athena.queries) == 2


def test_a_report_that_takes_longer_is_asked_for_again() -> None:
    usage = FakeUsage([Call(called_at=CALLED_AT)])
    usage.athena.fates[USAGE] = FOREVER
    assert usage.ask(seconds=20) is None
    assert usage.ask(seconds=20) is None
    assert len(usage.athena.queries) == 1
    assert usage.athena.stopped == []


# Granularity


@pytest.mark.parametrize(
    ("length", "granularity"),
    [
        (timedelta(milliseconds=1), Granularity.HOUR),
        (timedelta(days=3), Granularity.HOUR),
        (timedelta(days=3, milliseconds=1), Granularity.DAY),
        (timedelta(days=100), Granularity.DAY),
        (timedelta(days=100, milliseconds=1), Granularity.WEEK),
        (timedelta(days=366), Granularity.WEEK),
    ],
)
def test_the_granularity_fits_the_timeframe(length: timedelta, granularity: Granularity) -> None:
    assert fitting_granularity(Timeframe(NOW - length, NOW)) is granularity


@pytest.mark.parametrize(
    ("period", "granularity"),
    [("yesterday", "hour"), ("last_7_days", "day"), ("last_90_days", "day")],
)
def test_a_period_has_the_granularity_that_fits_it(period: str, granularity: str) -> None:
    assert FakeUsage().report(period=period).granularity == granularity


@pytest.mark.parametrize("granularity", Granularity)
def test_the_granularity_that_is_asked_for_is_kept(granularity: Granularity) -> None:
    report = FakeUsage().report(period="last_7_days", granularity=granularity)
    assert report.granularity is granularity
    # From Thursday, 12 March, to Wednesday, 18 March, a quarter past two
    assert (
        len(report.buckets) == {"hour": 6 * 24 + 15, "day": 7, "week": 2, "month": 1}[granularity]
    )


def test_there_are_at_most_a_thousand_buckets() -> None:
    usage = FakeUsage()
    hours = [
        datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number) for number in (0, 1000, 1001)
    ]
    start, fits, does_not = [f"{hour:%Y-%m-%dT%H:%M:%SZ}" for hour in hours]
    assert len(usage.report(start=start, end=fits, granularity="hour").buckets) == MAX_BUCKETS
    with pytest.raises(TimeframeError) as raised:
        usage.ask(start=start, end=does_not, granularity="hour")
    assert raised.value.field == "granularity"
    assert "1,001 buckets" in raised.value.message
    assert len(usage.athena.queries) == 1  # of the one that fits
