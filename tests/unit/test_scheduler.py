"""When a schedule fires on one machine, and what it sends."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from local.scheduler import ScheduleExpressionError, delivery, scheduled_times

BERLIN = ZoneInfo("Europe/Berlin")


def fired(expression: str, zone: ZoneInfo, start: str, end: str) -> list[str]:
    first, last = (datetime.fromisoformat(f"{bound}Z") for bound in (start, end))
    return [f"{time:%Y-%m-%dT%H:%M}" for time in scheduled_times(expression, zone, first, last)]


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


@pytest.mark.parametrize(
    "expression", ["rate(5 minutes)", "0 6 1 * ? *", "cron(0 6 1 *)", "cron(x 6 1 * ? *)", ""]
)
def test_what_is_no_cron_expression_is_refused_by_name(expression: str) -> None:
    with pytest.raises(ScheduleExpressionError, match=r"schedule|field"):
        scheduled_times(
            expression, BERLIN, datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
        )


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


def test_any_other_event_is_sent_as_it_is() -> None:
    for event in ({"workspace_id": "ws-acme"}, {"task": "sweep"}, ["no event"], None, "text"):
        assert delivery(event, datetime(2026, 11, 1, tzinfo=UTC)) == event
