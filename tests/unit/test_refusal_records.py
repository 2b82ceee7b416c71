"""What is recorded of an order that is refused: an event like that of any other outcome."""

from typing import Any

import pytest

from tests.fake_unattended import DIRECT, SCHEDULE_ARN, SCHEDULED, UnattendedSystem


def recorded(event: object, caplog: pytest.LogCaptureFixture) -> list[Any]:
    """The audit events that an event's refusal leaves."""
    caplog.clear()
    UnattendedSystem().invoke(event)
    return [vars(record)["audit"] for record in caplog.records if "audit" in vars(record)]


def test_it_says_whose_schedule_was_refused_and_for_which_workspace(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert recorded(SCHEDULED | {"colour": "red"}, caplog) == [
        {
            "export_id": None,
            "workspace_id": "ws-acme",
            "requested_by": SCHEDULE_ARN,
            "trigger": "schedule",
            "outcome": "refused",
            "error": "urn:api-usage-export:problem:invalid-request",
        }
    ]


def test_each_workspace_of_a_list_has_its_own(caplog: pytest.LogCaptureFixture) -> None:
    named = ["ws-one", "no workspace", "ws-two"]
    events = recorded(SCHEDULED | {"workspace_id": named, "colour": "red"}, caplog)
    assert [event["workspace_id"] for event in events] == named


@pytest.mark.parametrize("named", ["x" * 10_000, None, {"a": "\ud800" * 999}])
def test_what_is_no_name_is_text_of_a_bounded_length(
    named: object, caplog: pytest.LogCaptureFixture
) -> None:
    schedule = f"{SCHEDULE_ARN}{'y' * 10_000}"
    (event,) = recorded(SCHEDULED | {"workspace_id": named, "schedule_arn": schedule}, caplog)
    assert len(event["workspace_id"]) <= 256
    assert len(event["requested_by"]) == 256
    assert event["workspace_id"].isascii()


@pytest.mark.parametrize(
    ("changes", "workspace_id"),
    [
        ({"colour": "red"}, "ws-acme"),
        ({"start": "2027-01-01", "end": "2027-01-02"}, "ws-acme"),
        ({"workspace_id": ["ws-acme", "ws-acme"]}, None),
        # What is no workspace may be anything, and is not written down.
        ({"workspace_id": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZGEifQ.c2ln"}, None),
        ({"workspace_id": "ws-acme\n"}, None),
        ({"workspace_id": None}, None),
    ],
)
def test_of_a_direct_invocation_it_names_a_workspace_if_it_is_one(
    changes: dict[str, Any], workspace_id: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    assert recorded(DIRECT | changes, caplog) == [
        {
            "export_id": None,
            "workspace_id": workspace_id,
            "requested_by": "direct invocation",
            "trigger": "direct",
            "outcome": "refused",
            "error": "urn:api-usage-export:problem:invalid-request",
        }
    ]


def test_each_workspace_of_a_direct_list_that_is_refused_has_its_own(
    caplog: pytest.LogCaptureFixture,
) -> None:
    events = recorded(DIRECT | {"workspace_id": ["ws-one", "no workspace", "ws-two"]}, caplog)
    assert [event["workspace_id"] for event in events] == [None]
