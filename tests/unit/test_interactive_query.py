"""Queries that a page waits for: asked again and again, they run once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.aws_errors import RefusedError, ServiceUnavailableError
from shared.interactive_query import InteractiveQueries, QueryFailedError
from shared.outcome import QUERY_CANCELLED, SCAN_LIMIT_EXCEEDED, SCAN_LIMIT_REASON
from shared.query_execution import QueryState
from shared.timeframe import Timeframe, TimeframeError, TimeframeRequest, data_through
from tests.builders import NOW
from tests.fake_system import LIMITS
from tests.fakes import FakeAthena, FakeClock, Fate

SUMMARY = "SELECT … GROUP BY GROUPING SETS …"  # the fake Athena knows it by these words
OTHER = f"{SUMMARY}, otherwise"
FIVE_MINUTES = timedelta(minutes=5)
FAILED_FOR_NOW = Fate(QueryState.FAILED, "INTERNAL_ERROR: no", is_retryable=True)


class System:
    """Interactive queries over the fakes."""

    def __init__(self, settle: timedelta = LIMITS.settle) -> None:
        self.clock = FakeClock()
        self.athena = FakeAthena()
        limits = replace(LIMITS, settle=settle)
        self.queries = InteractiveQueries(self.athena, limits, self.clock)

    def ask(
        self, workspace_id: str = "ws-acme", statement: str = SUMMARY, seconds: float = 20
    ) -> list[dict[str, str]] | None:
        until = self.clock.now() + timedelta(seconds=seconds)
        rows = self.queries.rows(workspace_id, statement, until, having="by_model")
        return None if rows is None else list(rows)

    def timeframe(self, start: str | None = None, end: str | None = None) -> Timeframe:
        return self.queries.timeframe(TimeframeRequest(start, end))


@pytest.fixture
def system() -> System:
    return System()


# Rows


def test_a_query_is_waited_for_and_its_rows_are_read(system: System) -> None:
    rows = system.ask()
    assert rows is not None
    assert [row["rows"] for row in rows] == ["3", "3"]
    assert system.athena.running == []


def test_what_takes_longer_goes_on_and_is_found_when_it_is_asked_for_again(system: System) -> None:
    system.athena.fates["summary"] = [Fate(QueryState.RUNNING)]
    asked_at = system.clock.now()
    assert system.ask(seconds=20) is None
    assert system.clock.now() == asked_at + timedelta(seconds=20)
    (query,) = system.athena.queries.values()
    query.fate = Fate()
    assert system.ask()
    assert len(system.athena.queries) == 1
    assert system.athena.stopped == []


def test_it_is_looked_at_once_even_when_there_is_no_time_left(system: System) -> None:
    assert system.ask(seconds=0) is None
    assert system.ask(seconds=-5)  # queued, running, succeeded: the second look sees the end
    assert system.clock.pauses == []


@pytest.mark.parametrize(
    ("later", "queries"),
    [
        # the clock stands at 45.123 s past half past two
        (timedelta(0), 1),
        (timedelta(minutes=4, seconds=14, milliseconds=876), 1),
        (timedelta(minutes=4, seconds=14, milliseconds=877), 2),
        (FIVE_MINUTES, 2),
    ],
)
def test_within_five_minutes_the_same_question_is_one_query(
    system: System, later: timedelta, queries: int
) -> None:
    system.ask()
    system.clock.time = NOW + later
    system.ask()
    assert len(system.athena.queries) == queries


def test_other_statements_and_other_workspaces_have_queries_of_their_own(system: System) -> None:
    for workspace in ("ws-acme", "ws-globex"):
        for statement in (SUMMARY, OTHER):
            system.ask(workspace, statement)
            system.ask(workspace, statement)
    assert len(system.athena.queries) == 4


def test_a_request_token_is_as_long_as_athena_wants_it_and_tells_nothing(system: System) -> None:
    system.ask()
    (token,) = system.athena.tokens
    assert 32 <= len(token) <= 128
    assert "ws-acme" not in token


@pytest.mark.parametrize(
    ("fate", "error_type"),
    [
        (Fate(QueryState.FAILED, "HIVE_BAD_DATA: s3://bucket/key"), "query-failed"),
        (Fate(QueryState.FAILED, "busy", is_retryable=True), "query-failed"),
        (Fate(QueryState.CANCELLED, "by somebody"), QUERY_CANCELLED.type),
        (Fate(QueryState.CANCELLED, SCAN_LIMIT_REASON), SCAN_LIMIT_EXCEEDED.type),
    ],
)
def test_a_query_that_comes_to_a_bad_end_says_which(
    system: System, fate: Fate, error_type: str
) -> None:
    system.athena.fates["summary"] = [fate]
    with pytest.raises(QueryFailedError) as raised:
        system.ask()
    assert raised.value.error.type.endswith(error_type)
    assert "s3://" not in raised.value.error.detail


def test_what_failed_is_asked_anew_after_five_minutes(system: System) -> None:
    system.athena.fates["summary"] = [Fate(QueryState.FAILED), Fate()]
    for _ in range(2):
        with pytest.raises(QueryFailedError):
            system.ask()
    system.clock.time += FIVE_MINUTES
    assert system.ask()
    assert len(system.athena.queries) == 2


def test_what_failed_for_a_moment_is_run_once_more_at_once(system: System) -> None:
    system.athena.fates["summary"] = [FAILED_FOR_NOW, Fate()]
    assert system.ask()
    assert len(system.athena.queries) == 2
    assert system.ask()  # finds the second by way of the first
    assert len(system.athena.queries) == 2


def test_what_fails_for_a_moment_twice_says_when_it_is_asked_anew(system: System) -> None:
    system.athena.fates["summary"] = [FAILED_FOR_NOW, FAILED_FOR_NOW, Fate()]
    for _ in range(3):
        with pytest.raises(QueryFailedError) as raised:
            system.ask()
    assert len(system.athena.queries) == 2
    assert raised.value.retry_after is not None
    system.clock.time += raised.value.retry_after
    assert system.ask()
    assert len(system.athena.queries) == 3


@pytest.mark.parametrize(
    ("fate", "helps"),
    [
        (Fate(QueryState.FAILED, "HIVE_BAD_DATA: no"), False),
        (Fate(QueryState.FAILED, "INTERNAL_ERROR: no", is_retryable=True), True),
        (Fate(QueryState.CANCELLED, "by somebody"), True),
        (Fate(QueryState.CANCELLED, SCAN_LIMIT_REASON), False),
    ],
)
def test_a_retry_is_promised_where_it_can_help_and_never_in_the_past(
    system: System, fate: Fate, helps: bool
) -> None:
    system.athena.fates["summary"] = [fate]
    system.clock.time = NOW + timedelta(minutes=4, seconds=14)  # a second before the next five
    with pytest.raises(QueryFailedError) as raised:
        system.ask()
    later = raised.value.retry_after
    assert (later is not None) is helps
    assert later is None or timedelta(0) < later <= FIVE_MINUTES


def test_a_second_run_is_waited_for_no_longer_than_the_first(system: System) -> None:
    system.athena.fates["summary"] = [FAILED_FOR_NOW, Fate(QueryState.RUNNING)]
    asked_at = system.clock.now()
    assert system.ask(seconds=20) is None
    assert system.clock.now() == asked_at + timedelta(seconds=20)
    assert len(system.athena.queries) == 2


def test_a_throttled_start_is_told_and_can_be_repeated(system: System) -> None:
    system.athena.busy["summary"] = 1
    with pytest.raises(ServiceUnavailableError):
        system.ask()
    assert system.ask()


def test_a_refusal_is_told(system: System) -> None:
    system.athena.refused.add("summary")
    with pytest.raises(RefusedError):
        system.ask()


# Timeframes


def test_up_to_now_is_the_same_for_five_minutes(system: System) -> None:
    # 14:30:45, and call logs are complete up to a quarter past two.
    end = datetime(2026, 3, 18, 14, 15, tzinfo=UTC)
    assert system.timeframe().end == end
    system.clock.time = NOW + timedelta(minutes=4, seconds=14)
    assert system.timeframe().end == end
    system.clock.time = NOW + FIVE_MINUTES
    assert system.timeframe().end == end + FIVE_MINUTES


@pytest.mark.parametrize("end", [None, "2026-03-18", "2026-03-18T14:20:00Z", "2027-01-01"])
def test_an_end_that_has_not_come_yet_is_up_to_now(system: System, end: str | None) -> None:
    timeframe = system.timeframe("2026-03-01", end)
    assert timeframe.start == datetime(2026, 3, 1, tzinfo=UTC)
    assert timeframe.end == datetime(2026, 3, 18, 14, 15, tzinfo=UTC)


@pytest.mark.parametrize("end", ["2026-03-18T14:15:45.122Z", "2026-03-10T00:01:02.003Z"])
def test_an_end_that_has_passed_is_left_as_it_is(system: System, end: str) -> None:
    assert system.timeframe("2026-03-01", end).end == datetime.fromisoformat(end)


def test_a_timeframe_of_less_than_five_minutes_is_not_made_empty(system: System) -> None:
    through = data_through(NOW, LIMITS.settle)
    timeframe = system.timeframe("2026-03-18T14:15:30Z")
    assert timeframe == Timeframe(datetime(2026, 3, 18, 14, 15, 30, tzinfo=UTC), through)


@pytest.mark.parametrize("minutes", [0, 1, 7, 15, 1440])
def test_no_timeframe_passes_what_is_complete(minutes: int) -> None:
    system = System(timedelta(minutes=minutes))
    assert system.queries.data_through() == NOW - timedelta(minutes=minutes)
    end = system.timeframe().end
    assert timedelta(0) <= system.queries.data_through() - end < FIVE_MINUTES
    assert end.minute % 5 == end.second == end.microsecond == 0


def test_a_timeframe_that_cannot_be_resolved_is_refused(system: System) -> None:
    with pytest.raises(TimeframeError) as raised:
        system.timeframe("tomorrow")
    assert raised.value.field == "start"
