"""When a schedule fires on one machine, and what it sends."""

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from local.cron import Cron, ScheduleExpressionError
from local.scheduler import delivery, scheduled_times

BERLIN = ZoneInfo("Europe/Berlin")


def fired(expression: str, zone: ZoneInfo, start: str, end: str) -> list[str]:
    first, last = (datetime.fromisoformat(f"{bound}Z") for bound in (start, end))
    return [
        f"{time:%Y-%m-%dT%H:%M}" for time in scheduled_times(Cron(expression), zone, first, last)
    ]


def test_a_monthly_schedule_keeps_its_local_hour_through_a_clock_change() -> None:
    assert fired("cron(0 6 1 * ? *)", BERLIN, "2026-03-15T00:00", "2026-05-15T00:00") == [
        "2026-04-01T04:00",
        "2026-05-01T04:00",
    ]
    assert fired("cron(0 6 1 * ? *)", BERLIN, "2026-10-15T00:00", "2026-12-15T00:00") == [
        "2026-11-01T05:00",
        "2026-12-01T05:00",
    ]


def test_a_skipped_hour_is_left_out_and_a_repeated_one_counts_once() -> None:
    nightly = "cron(30 2 * * ? *)"
    assert fired(nightly, BERLIN, "2026-03-28T00:00", "2026-03-30T12:00") == [
        "2026-03-28T01:30",
        "2026-03-30T00:30",
    ]
    assert fired(nightly, BERLIN, "2026-10-25T00:00", "2026-10-25T12:00") == ["2026-10-25T00:30"]


def test_weekdays_are_those_of_the_zone() -> None:
    mondays = fired("cron(0 1 ? * MON *)", BERLIN, "2026-11-01T00:00", "2026-11-15T00:00")
    assert mondays == ["2026-11-02T00:00", "2026-11-09T00:00"]
    honolulu = ZoneInfo("Pacific/Honolulu")
    late = fired("cron(0 23 ? * MON *)", honolulu, "2026-11-02T00:00", "2026-11-09T00:00")
    assert late == ["2026-11-03T09:00"]


def test_a_run_in_the_repeated_hour_is_not_lost_at_the_end_of_the_days() -> None:
    nightly = "cron(30 2 * * ? *)"
    assert fired(nightly, BERLIN, "2026-10-24T12:00", "2026-10-25T01:15") == ["2026-10-25T00:30"]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("31 * ?", ["10-31", "12-31"]),  # months that have one
        ("L * ?", ["10-31", "11-30", "12-31"]),
        ("LW * ?", ["10-30", "11-30", "12-31"]),
        ("1W * ?", ["10-01", "11-02", "12-01"]),
        ("1,15 11-12 ?", ["11-01", "11-15", "12-01", "12-15"]),
        ("10/15 NOV ?", ["11-10", "11-25"]),
        ("? 10 MON#1", ["10-05"]),
        ("? 10 6L", ["10-30"]),
        ("? 10 L", ["10-31"]),
        ("? 10 SAT,1", ["10-03", "10-04", "10-10", "10-11", "10-17", "10-18", "10-24", "10-25",
                        "10-31"]),
    ],
)  # fmt: skip
def test_days_are_those_that_scheduler_means(days: str, expected: list[str]) -> None:
    day, month, weekday = days.split()
    times = Cron(f"cron(0 6 {day} {month} {weekday} 2026)").times(
        date(2026, 10, 1), date(2026, 12, 31)
    )
    assert [f"{time:%m-%d}" for time in times] == expected


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("rate(5 minutes)", "is no schedule"),
        ("0 6 1 * ? *", "is no schedule"),
        ("cron(0 6 1 *)", "is no schedule"),
        ("", "is no schedule"),
        ("cron(x 6 1 * ? *)", "X is no minutes"),
        ("cron(60 6 1 * ? *)", "60 is no minutes"),
        ("cron(0/0 6 1 * ? *)", "0/0 is no minutes"),
        ("cron(0 6-4 1 * ? *)", "6-4 is no hours"),
        ("cron(0 6 0 * ? *)", "0 is no day of the month"),
        ("cron(0 6 ? * 0 *)", "0 is no day of the week"),
        ("cron(0 6 ? * 8 *)", "8 is no day of the week"),
        ("cron(0 6 ? * FOO *)", "FOO is no day of the week"),
        ("cron(0 6 1 13 ? *)", "13 is no month"),
        ("cron(0 6 1 * ? 26)", "26 is no year"),
        ("cron(0 6 1 * * *)", "needs a ?"),
        ("cron(0 6 ? * ? *)", "needs a ?"),
    ],
)
def test_what_is_no_cron_expression_is_refused_by_name(expression: str, said: str) -> None:
    with pytest.raises(ScheduleExpressionError, match=re.escape(said)):
        Cron(expression)


def test_an_event_of_a_schedule_gets_the_scheduled_time_and_placeholders_are_filled_in() -> None:
    when = datetime(2026, 11, 1, 6, tzinfo=BERLIN)
    sent = {
        "workspace_id": "ws-acme",
        "scheduled_time": "<aws.scheduler.scheduled-time>",
        "schedule_arn": "<aws.scheduler.schedule-arn>",
    }
    filled = delivery(sent, when)
    assert filled["scheduled_time"] == "2026-11-01T05:00:00Z"
    assert filled["schedule_arn"].startswith("arn:aws:scheduler:")
    assert delivery({**sent, "schedule_arn": "arn:of-ones-own"}, when)["schedule_arn"] == (
        "arn:of-ones-own"
    )


def test_a_placeholder_is_filled_in_by_itself_too() -> None:
    event = {"workspace_id": "ws-acme", "scheduled_time": "<aws.scheduler.scheduled-time>"}
    assert delivery(event, datetime(2026, 11, 1, tzinfo=UTC)) == {
        "workspace_id": "ws-acme",
        "scheduled_time": "2026-11-01T00:00:00Z",
    }


def test_any_other_event_is_sent_as_it_is() -> None:
    for event in ({"workspace_id": "ws-acme"}, {"task": "sweep"}, ["no event"], None, "text"):
        assert delivery(event, datetime(2026, 11, 1, tzinfo=UTC)) == event
