"""Timeframes that are refused: each names the field at fault and says what to do."""

from datetime import UTC, date, datetime, timedelta

import pytest

from shared.timeframe import (
    Period,
    Timeframe,
    TimeframeError,
    TimeframeLimits,
    TimeframeRequest,
    resolve_timeframe,
)

NOW = datetime(2026, 3, 18, 14, 30, 45, 123456, tzinfo=UTC)
LIMITS = TimeframeLimits(settle=timedelta(minutes=15), max_days=366, first_day=date(2023, 1, 1))


def resolve(
    start: str | None = None,
    end: str | None = None,
    period: Period | None = None,
    timezone: str = "UTC",
    *,
    limits: TimeframeLimits = LIMITS,
    period_of: datetime | None = None,
) -> Timeframe:
    request = TimeframeRequest(start, end, period, timezone)
    return resolve_timeframe(request, now=NOW, limits=limits, period_of=period_of)


def test_an_error_has_its_field_and_its_sentence_and_shows_both() -> None:
    with pytest.raises(TimeframeError) as error:
        resolve("2026-01-31", "2026-01-30")
    assert error.value.field == "start"
    assert error.value.message == "must be before end"
    assert str(error.value) == "start: must be before end"


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-01-31", "2026-01-30"),
        ("2026-01-31T09:30", "2026-01-31T09:30"),
        ("2026-01-31T09:30Z", "2026-01-31T09:30+01:00"),
        ("2026-02-01", "2026-02-01T00:00"),
        ("2026-01-31T09:30:00.000001", "2026-01-31T09:30:00.001"),  # one millisecond, rounded up
        ("2031-01-31", "2030-01-31"),
    ],
)
def test_a_start_that_is_not_before_the_end_is_refused(start: str, end: str) -> None:
    with pytest.raises(TimeframeError, match="must be before end") as error:
        resolve(start, end)
    assert error.value.field == "start"


@pytest.mark.parametrize("start", ["2026-03-19", "2026-03-18T14:30:46Z", "2030-01-01"])
@pytest.mark.parametrize("end", [None, "2030-12-31"])
def test_a_start_in_the_future_is_refused(start: str, end: str | None) -> None:
    with pytest.raises(TimeframeError, match="is in the future") as error:
        resolve(start, end)
    assert error.value.field == "start"


@pytest.mark.parametrize(
    "start", ["2026-03-18T14:15:45.123Z", "2026-03-18T14:20Z", "2026-03-18T14:30:45Z"]
)
@pytest.mark.parametrize("end", [None, "2026-03-18"])
def test_a_start_after_which_no_logs_are_complete_is_refused_with_the_time_they_are(
    start: str, end: str | None
) -> None:
    with pytest.raises(TimeframeError, match="complete up to 2026-03-18 14:15:45 UTC") as error:
        resolve(start, end)
    assert error.value.field == "start"


def test_a_start_at_this_very_moment_is_not_in_the_future() -> None:
    now = NOW.replace(microsecond=0)
    request = TimeframeRequest(start="2026-03-18T14:30:45Z")
    with pytest.raises(TimeframeError, match="no complete calls yet"):
        resolve_timeframe(request, now=now, limits=LIMITS)


def test_the_last_complete_millisecond_can_be_had() -> None:
    assert resolve("2026-03-18T14:15:45.122Z").start == datetime(
        2026, 3, 18, 14, 15, 45, 122000, tzinfo=UTC
    )


def test_a_period_that_has_not_begun_for_the_logs_is_refused() -> None:
    midnight = datetime(2026, 3, 1, 0, 5, tzinfo=UTC)
    with pytest.raises(TimeframeError, match="no complete calls yet") as error:
        resolve_timeframe(TimeframeRequest(period=Period.THIS_MONTH), now=midnight, limits=LIMITS)
    assert error.value.field == "period"


def test_an_end_alone_is_refused_for_its_missing_start() -> None:
    with pytest.raises(TimeframeError, match="is missing") as error:
        resolve(end="2026-01-31")
    assert error.value.field == "start"


@pytest.mark.parametrize(
    ("start", "end"), [("2026-01-01", None), (None, "2026-01-31"), ("2026-01-01", "2026-01-31")]
)
def test_a_period_beside_a_start_or_an_end_is_refused(start: str | None, end: str | None) -> None:
    with pytest.raises(TimeframeError, match="not both") as error:
        resolve(start, end, Period.YESTERDAY)
    assert error.value.field == "period"


@pytest.mark.parametrize(
    "timezone",
    [
        "",
        " ",
        ".",
        "..",
        "/",
        "../etc/passwd",
        "/etc/passwd",
        "Europe",
        "Europe/",
        "Europe//Berlin",
        "Europe/../UTC",
        "Europe/Atlantis",
        "europe/berlin",
        " UTC",
        "UTC ",
        "UTC\n",
        "UTC\0",
        "\0",
        "+01:00",
        "tzdata.zi",
        "zone.tab",
        "__init__.py",
        "Éurope/Berlin",
        "\ud800",
        "A" * 1000,
    ],
)
def test_an_unknown_time_zone_is_refused(timezone: str) -> None:
    with pytest.raises(TimeframeError, match="not a known IANA time zone") as error:
        resolve("2026-01-01", timezone=timezone)
    assert error.value.field == "timezone"


def test_an_unknown_time_zone_is_refused_also_where_nothing_needs_it() -> None:
    with pytest.raises(TimeframeError, match="timezone: "):
        resolve("2026-01-01T00:00Z", "2026-01-02T00:00Z", timezone="Nowhere")


NOT_A_BOUND = [
    "",
    "today",
    "2026",
    "2026-01",
    "20260131",
    "2026-1-31",
    "2026-01-31 09:30",
    "2026-W05-6",
    "2026-031",
    "+2026-01-31",
    "-2026-01-31",
    "12026-01-31",
    " 2026-01-31",
    "2026-01-31 ",
    "2026-01-31\n",
    "2026-01-31T",
    "2026-01-31T09",
    "2026-01-31T0930",
    "2026-01-31T24:00",
    "2026-01-31T24:00:00Z",
    "2026-01-31T23:60",
    "2026-01-31T23:59:60Z",
    "2026-01-31T09:30:00,5Z",
    "2026-01-31T09:30:00.Z",
    "2026-01-31T09:30:00.1234567Z",
    "2026-01-31T09:30.5Z",
    "2026-01-31T09:30z",
    "2026-01-31t09:30Z",
    "2026-01-31T09:30+1",
    "2026-01-31T09:30+0100",
    "2026-01-31T09:30+24:00",
    "2026-01-31T09:30+01:60",
    "2026-01-31T09:30+01:00:30",
    "2026-01-31T09:30Europe/Berlin",
    "２０２６-０１-３１",
    "٢٠٢٦-٠١-٣١",
    "2026‐01‐31",
    "2026-01-31T09:30:00Z\0",
    "1767225600",
    "NaN",
]


@pytest.mark.parametrize("text", NOT_A_BOUND)
def test_what_is_not_an_iso_date_or_datetime_is_refused(text: str) -> None:
    with pytest.raises(TimeframeError, match="is not an ISO 8601 date or datetime") as error:
        resolve(start=text)
    assert error.value.field == "start"
    with pytest.raises(TimeframeError, match="is not an ISO 8601 date or datetime") as error:
        resolve("2026-01-01", end=text)
    assert error.value.field == "end"


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-29",
        "2025-02-29T00:00Z",
        "2026-04-31",
        "2026-13-01",
        "2026-00-01",
        "2026-01-00",
        "0000-01-01",
        "0000-12-31T23:59:59Z",
    ],
)
def test_what_is_no_day_of_the_calendar_is_refused(text: str) -> None:
    with pytest.raises(TimeframeError, match="is not a date of the calendar") as error:
        resolve(start=text)
    assert error.value.field == "start"
    with pytest.raises(TimeframeError, match="is not a date of the calendar") as error:
        resolve("2026-01-01", end=text)
    assert error.value.field == "end"


@pytest.mark.parametrize(
    ("end", "timezone"),
    [
        ("9999-12-31", "UTC"),  # whose end is a day of the year 10000
        ("9999-12-31T23:59:59.999999Z", "UTC"),
        ("9999-12-31T23:00-01:00", "UTC"),
        ("9999-12-31T23:00", "America/New_York"),
        ("0001-01-01T00:00+01:00", "UTC"),
        ("0001-01-01T00:00", "Asia/Kolkata"),
    ],
)
def test_what_no_calendar_of_ours_holds_is_refused(end: str, timezone: str) -> None:
    with pytest.raises(TimeframeError, match="out of range") as error:
        resolve("2026-01-01", end, timezone=timezone)
    assert error.value.field == "end"


@pytest.mark.parametrize(
    ("start", "timezone"),
    [
        ("2022-12-31", "UTC"),
        ("2022-12-31T23:59:59.999Z", "UTC"),
        ("2023-01-01", "Europe/Berlin"),  # begins on the last day of 2022, UTC
        ("0001-01-01", "UTC"),
    ],
)
def test_a_start_before_the_first_day_of_the_logs_is_refused(start: str, timezone: str) -> None:
    with pytest.raises(TimeframeError, match=r"first day of the call logs, 2023-01-01") as error:
        resolve(start, "2023-01-10", timezone=timezone)
    assert error.value.field == "start"


def test_the_first_day_of_the_logs_can_be_had() -> None:
    resolved = resolve("2023-01-01", "2023-01-01")
    assert resolved.start == datetime(2023, 1, 1, tzinfo=UTC)


def test_a_period_that_begins_before_the_first_day_of_the_logs_is_refused() -> None:
    young = TimeframeLimits(timedelta(0), max_days=366, first_day=date(2026, 3, 1))
    with pytest.raises(TimeframeError, match="first day of the call logs") as error:
        resolve(period=Period.LAST_30_DAYS, limits=young)
    assert error.value.field == "period"


@pytest.mark.parametrize(
    ("start", "end", "fits"),
    [
        ("2025-01-01", "2026-01-01", True),  # 366 days
        ("2025-01-01", "2026-01-02", False),
        ("2025-01-01T00:00Z", "2026-01-02T00:00Z", True),
        ("2025-01-01T00:00Z", "2026-01-02T00:00:00.001Z", False),
        ("2025-03-17T14:15:45.123Z", None, True),
        ("2025-03-17T14:15:45.122Z", None, False),
    ],
)
def test_a_timeframe_over_the_longest_is_refused(start: str, end: str | None, fits: bool) -> None:
    if fits:
        resolve(start, end)
        return
    with pytest.raises(TimeframeError, match="longer than 366 days: choose a shorter") as error:
        resolve(start, end)
    assert error.value.field == "start"


def test_the_length_that_counts_is_the_one_up_to_where_the_logs_are_complete() -> None:
    assert resolve("2025-06-01", "2027-12-31").end < NOW


def test_a_period_over_the_longest_timeframe_is_refused() -> None:
    short = TimeframeLimits(timedelta(0), max_days=7, first_day=date(2023, 1, 1))
    with pytest.raises(TimeframeError, match="longer than 7 days") as error:
        resolve(period=Period.LAST_30_DAYS, limits=short)
    assert error.value.field == "period"
    assert resolve(period=Period.LAST_7_DAYS, limits=short)


@pytest.mark.parametrize("period", Period)
@pytest.mark.parametrize(
    "period_of", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, tzinfo=UTC)]
)
@pytest.mark.parametrize("timezone", ["UTC", "Pacific/Auckland", "Pacific/Honolulu"])
def test_a_period_counted_from_the_ends_of_time_is_refused(
    period: Period, period_of: datetime, timezone: str
) -> None:
    with pytest.raises(TimeframeError) as error:
        resolve(period=period, timezone=timezone, period_of=period_of)
    assert error.value.field == "period"


@pytest.mark.parametrize("counted_from", ["0001-01-01T00:00Z", "9999-12-31T00:00Z"])
def test_a_period_counted_from_an_end_of_the_calendar_is_refused(counted_from: str) -> None:
    with pytest.raises(TimeframeError, match="a time that is out of range") as error:
        resolve(period=Period.LAST_7_DAYS, period_of=datetime.fromisoformat(counted_from))
    assert error.value.field == "period"
