"""What holds of every timeframe, whatever is asked, wherever and whenever."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import assume, given
from hypothesis import strategies as st

from shared.timeframe import (
    Period,
    TimeframeError,
    TimeframeLimits,
    TimeframeRequest,
    data_through,
    resolve_timeframe,
    start_of_day,
)

FIELDS = {"start", "end", "period", "timezone"}

CLOCK_CHANGES_AT_MIDNIGHT = [
    "Africa/Cairo", "America/Havana", "America/Santiago", "Asia/Beirut", "Atlantic/Azores",
]  # fmt: skip
ZONES = st.sampled_from(
    [
        "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Asia/Kathmandu",
        "Australia/Lord_Howe", "Pacific/Apia", "Pacific/Honolulu", *CLOCK_CHANGES_AT_MIDNIGHT,
    ]
)  # fmt: skip
ALL_ZONES = st.sampled_from(sorted(available_timezones()))
NOWS = st.datetimes(datetime.fromisoformat("2023-01-01"), datetime.fromisoformat("2035-01-01")).map(
    lambda moment: moment.replace(tzinfo=UTC)
)
LIMITS = st.builds(
    TimeframeLimits,
    settle=st.integers(0, 1440).map(lambda minutes: timedelta(minutes=minutes)),
    max_days=st.integers(1, 800),
    first_day=st.dates(date(2020, 1, 1), date(2026, 1, 1)),
)
DATES = st.dates().map(date.isoformat)
DATETIMES = st.one_of(st.datetimes(), st.datetimes(timezones=st.timezones())).map(
    datetime.isoformat
)
ALMOST_DATETIMES = st.from_regex(
    r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,7})?)?"
    r"(Z|[+-][0-9]{2}:[0-9]{2})?)?\Z"
)
BOUNDS = st.one_of(st.none(), DATES, DATETIMES, ALMOST_DATETIMES, st.text(max_size=30))


@given(
    request=st.builds(
        TimeframeRequest,
        start=BOUNDS,
        end=BOUNDS,
        period=st.one_of(st.none(), st.sampled_from(Period)),
        timezone=st.one_of(ZONES, ALL_ZONES, st.text(max_size=20)),
    ),
    now=NOWS,
    limits=LIMITS,
    period_of=st.one_of(st.none(), st.datetimes().map(lambda time: time.replace(tzinfo=UTC))),
)
def test_anything_asked_is_an_interval_within_the_limits_or_an_error_with_its_field(
    request: TimeframeRequest, now: datetime, limits: TimeframeLimits, period_of: datetime | None
) -> None:
    try:
        resolved = resolve_timeframe(request, now=now, limits=limits, period_of=period_of)
    except TimeframeError as error:
        assert error.field in FIELDS  # noqa: PT017 - either is right
        return
    assert resolved.start < resolved.end <= data_through(now, limits.settle) <= now
    assert resolved.start.date() >= limits.first_day
    assert resolved.start.utcoffset() == resolved.end.utcoffset() == timedelta(0)
    assert resolved.start.microsecond % 1000 == resolved.end.microsecond % 1000 == 0
    assert resolved.end - resolved.start <= timedelta(days=limits.max_days + 1)


def months(day: date) -> int:
    return day.year * 12 + day.month


def is_in(period: Period, day: date, today: date) -> bool:
    """The words of a period, day by day."""
    ago = (today - day).days
    match period:
        case Period.LAST_7_DAYS:
            return 0 <= ago < 7
        case Period.LAST_30_DAYS:
            return 0 <= ago < 30
        case Period.LAST_90_DAYS:
            return 0 <= ago < 90
        case Period.YESTERDAY:
            return ago == 1
        case Period.PREVIOUS_WEEK:
            return day.isocalendar()[:2] == (today - timedelta(days=7)).isocalendar()[:2]
        case Period.THIS_MONTH:
            return months(today) == months(day) and ago >= 0
        case Period.PREVIOUS_MONTH:
            return months(today) - months(day) == 1


NEAR_A_BOUND = st.one_of(
    st.integers(-2, 2).map(lambda count: timedelta(milliseconds=count)),
    st.integers(-180, 180).map(lambda count: timedelta(minutes=count)),
    st.integers(-40, 40).map(lambda count: timedelta(days=count)),
)


@given(
    period=st.sampled_from(Period),
    timezone=ZONES,
    now=NOWS,
    counted_from_now=st.booleans(),
    behind=st.integers(0, 60 * 24 * 40).map(lambda minutes: timedelta(minutes=minutes)),
    from_start=st.booleans(),
    away=NEAR_A_BOUND,
)
def test_a_call_is_in_a_period_exactly_when_its_local_day_is(
    period: Period,
    timezone: str,
    now: datetime,
    counted_from_now: bool,
    behind: timedelta,
    from_start: bool,
    away: timedelta,
) -> None:
    limits = TimeframeLimits(timedelta(minutes=15), max_days=366, first_day=date(2020, 1, 1))
    period_of = now if counted_from_now else now - behind
    try:
        resolved = resolve_timeframe(
            TimeframeRequest(period=period, timezone=timezone),
            now=now,
            limits=limits,
            period_of=period_of,
        )
    except TimeframeError:  # the month began less than 15 minutes ago
        assume(False)
    called_at = (resolved.start if from_start else resolved.end) + away
    zone = ZoneInfo(timezone)
    today, day = period_of.astimezone(zone).date(), called_at.astimezone(zone).date()
    is_over = period in (Period.YESTERDAY, Period.PREVIOUS_WEEK, Period.PREVIOUS_MONTH)
    is_complete = called_at < data_through(now if is_over else period_of, limits.settle)
    expected = is_in(period, day, today) and is_complete
    assert (resolved.start <= called_at < resolved.end) == expected


@given(
    first=st.dates(date(2023, 1, 2), date(2029, 12, 1)),
    days=st.integers(0, 365),
    timezone=ZONES,
    from_start=st.booleans(),
    away=NEAR_A_BOUND,
)
def test_a_call_is_between_two_dates_exactly_when_its_local_day_is(
    first: date, days: int, timezone: str, from_start: bool, away: timedelta
) -> None:
    last = first + timedelta(days=days)
    resolved = resolve_timeframe(
        TimeframeRequest(first.isoformat(), last.isoformat(), None, timezone),
        now=datetime(2035, 1, 1, tzinfo=UTC),
        limits=TimeframeLimits(timedelta(0), max_days=366, first_day=date(2023, 1, 1)),
    )
    called_at = (resolved.start if from_start else resolved.end) + away
    is_between = first <= called_at.astimezone(ZoneInfo(timezone)).date() <= last
    assert (resolved.start <= called_at < resolved.end) == is_between


@given(
    local=st.datetimes(datetime.fromisoformat("2024-01-01"), datetime.fromisoformat("2025-01-01")),
    offset=st.integers(-23 * 60 - 59, 23 * 60 + 59),
)
def test_a_datetime_with_an_offset_is_local_time_minus_the_offset_rounded_up(
    local: datetime, offset: int
) -> None:
    sign, (hours, minutes) = "-" if offset < 0 else "+", divmod(abs(offset), 60)
    resolved = resolve_timeframe(
        TimeframeRequest(f"{local.isoformat()}{sign}{hours:02}:{minutes:02}"),
        now=datetime(2025, 3, 1, tzinfo=UTC),
        limits=TimeframeLimits(timedelta(0), max_days=800, first_day=date(2023, 1, 1)),
    )
    utc = local.replace(tzinfo=UTC) - timedelta(minutes=offset)
    assert timedelta(0) <= resolved.start - utc < timedelta(milliseconds=1)
    assert resolved.start.microsecond % 1000 == 0


@given(day=st.dates(date(2023, 1, 1), date(2030, 12, 31)), timezone=ALL_ZONES)
def test_a_day_starts_at_the_first_minute_that_any_zone_counts_to_it(
    day: date, timezone: str
) -> None:
    zone = ZoneInfo(timezone)
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    minutes = [noon + timedelta(minutes=minute) for minute in range(-27 * 60, 4 * 60)]
    first = next(minute for minute in minutes if minute.astimezone(zone).date() >= day)
    assert start_of_day(day, zone) == first
