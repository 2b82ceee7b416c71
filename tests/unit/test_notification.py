"""What those who wait for an unattended export are sent."""

import json
import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.export import (
    ControlTotals,
    Export,
    ExportError,
    ExportFile,
    Part,
    ResolvedTimeframe,
    Status,
    Trigger,
)
from shared.export_request import ExportRequest
from shared.notification import Notification, outcome_notification, refusal_notification
from shared.problems import SCHEDULE_CHANGED
from shared.totals import Summary, Totals
from tests.builders import JANUARY, NOW, an_export
from tests.fake_unattended import SCHEDULE_ARN

FOLDER = "s3://exports/scheduled/ws-acme/default/monthly/2026-01-01_2026-01-31/"
PAGE = "https://usage.example"
GPT = Totals(1_234_560, 9_876_543_210, 123_456, Decimal("1234.00000000005"), 17)
SECRET = Totals(7, 90, 5, Decimal("0.5"), 0)
COUNTED = Summary(
    {JANUARY.start: GPT + SECRET},
    {("openai", "gpt-4o"): GPT, ("secret-provider", "secret-model"): SECRET},
)


def ended(status: Status, **values: Any) -> Export:
    """A scheduled export of January in two files, or without any."""
    timeframe = ResolvedTimeframe.of(JANUARY)
    files = [
        ExportFile(key=f"athena/{number}.csv", name=f"{number}.csv", size_bytes=1_000_000 + number)
        for number in (1, 2)
    ]
    given: dict[str, Any] = {
        "status": status,
        "trigger": Trigger.SCHEDULE,
        "requested_by": SCHEDULE_ARN,
        "completed_at": NOW,
        "control_totals": ControlTotals.of(COUNTED),
        "parts": [Part(timeframe=timeframe, file=file) for file in files],
        "error": None
        if status in (Status.SUCCEEDED, Status.CANCELLED)
        else ExportError.named("some-reason", "A title", "What happened. What to do."),
    }
    return an_export(**given | values)


def notification(export: Export, page_url: str = PAGE) -> Notification:
    return outcome_notification(export, page_url=page_url, delivered_to=FOLDER)


def lines(told: Notification) -> dict[str, str]:
    """The table of the mail."""
    found = re.findall(r"^([A-Z][a-z ]+): +(.+)$", told.text.rpartition("\n\n")[2], re.MULTILINE)
    return dict(found)


def test_a_success_is_told_with_its_exact_figures() -> None:
    export = ended(Status.SUCCEEDED)
    told = notification(export)
    assert told.subject == "API usage export succeeded: ws-acme"
    assert told.text.startswith("A scheduled export of API usage has succeeded.\n")
    assert lines(told) == {
        "Workspace": "ws-acme",
        "Requested by": SCHEDULE_ARN,
        "Timeframe": "2026-01-01 00:00 up to 2026-02-01 00:00 (UTC)",
        "Calls": "1,234,567",
        "Tokens": "9,876,543,300 in, 123,461 out",
        "Cost": "1234.50000000005 USD, without 17 calls that have no price",
        "Files": "2, 2,000,003 bytes",
        "Delivered to": FOLDER,
        "Export": export.id,
        "Page": f"https://usage.example/#/exports/{export.id}",
    }
    assert told.message == {
        "export_id": export.id,
        "workspace_id": "ws-acme",
        "outcome": "succeeded",
        "trigger": "schedule",
        "requested_by": SCHEDULE_ARN,
        "request": {"start": "2026-01-01", "end": "2026-01-31"},
        "timeframe": {"start": "2026-01-01T00:00:00.000Z", "end": "2026-02-01T00:00:00.000Z"},
        "row_limit": 1_000_000,
        "control_totals": {
            "rows": 1_234_567,
            "input_tokens": 9_876_543_300,
            "output_tokens": 123_461,
            "cost_usd": "1234.50000000005",
            "unpriced_calls": 17,
        },
        "files": [
            {"name": "1.csv", "size_bytes": 1_000_001},
            {"name": "2.csv", "size_bytes": 1_000_002},
        ],
        "delivered_to": FOLDER,
        "error": None,
        "page": f"https://usage.example/#/exports/{export.id}",
    }
    assert told.attributes == {
        "workspace_id": "ws-acme",
        "outcome": "succeeded",
        "trigger": "schedule",
    }


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status.REJECTED, "has been rejected"),
        (Status.FAILED, "has failed"),
        (Status.CANCELLED, "has been cancelled"),
    ],
)
def test_another_end_is_told_with_its_reason_and_without_files(status: Status, words: str) -> None:
    told = notification(ended(status))
    assert told.subject == f"API usage export {status}: ws-acme"
    assert words in told.text.splitlines()[0]
    assert ("A title: What happened. What to do." in told.text) == (status != "cancelled")
    assert lines(told).get("Row limit") == ("1,000,000" if status == "rejected" else None)
    assert {"Files", "Delivered to"}.isdisjoint(lines(told))
    assert (told.message["files"], told.message["delivered_to"]) == ([], None)
    assert told.message["outcome"] == told.attributes["outcome"] == status
    assert (told.message["error"] is None) == (status == "cancelled")


def test_what_was_never_counted_has_no_figures() -> None:
    told = notification(ended(Status.FAILED, control_totals=None))
    assert {"Calls", "Tokens", "Cost"}.isdisjoint(lines(told))
    assert told.message["control_totals"] is None


def test_no_calls_are_told_as_none() -> None:
    told = notification(ended(Status.SUCCEEDED, control_totals=ControlTotals.of(Summary({}, {}))))
    figures = lines(told)
    assert (figures["Calls"], figures["Tokens"], figures["Cost"]) == ("0", "0 in, 0 out", "0 USD")


def test_a_direct_export_is_told_as_one() -> None:
    export = ended(Status.SUCCEEDED, trigger=Trigger.DIRECT, requested_by="direct invocation")
    told = outcome_notification(export, page_url="", delivered_to=None)
    assert told.text.startswith("A direct export of API usage has succeeded.")
    assert "Delivered to" not in lines(told)
    assert told.attributes["trigger"] == "direct"


@pytest.mark.parametrize(
    ("page_url", "link"),
    [
        ("https://usage.example", "https://usage.example/#/exports/{}"),
        ("https://usage.example/", "https://usage.example/#/exports/{}"),
        ("https://usage.example/a/b/", "https://usage.example/a/b/#/exports/{}"),
        ("", None),
    ],
)
def test_the_page_is_linked_to_where_there_is_one(page_url: str, link: str | None) -> None:
    export = ended(Status.SUCCEEDED)
    told = notification(export, page_url)
    expected = link and link.format(export.id)
    assert told.message["page"] == expected
    assert lines(told).get("Page") == expected


@pytest.mark.parametrize("status", [status for status in Status if status.is_final])
def test_nothing_that_downloads_and_no_name_of_a_provider_or_model_is_sent(status: Status) -> None:
    told = notification(ended(status))
    sent = told.subject + told.text + json.dumps(told.message)
    assert "athena/" not in sent
    assert "?" not in sent.replace("/#/", "")  # no query string, which a signature would be in
    assert "secret" not in sent
    assert "gpt-4o" not in sent


def test_filters_are_told_to_programs_as_they_were_asked() -> None:
    request = ExportRequest(models=["gpt-4o"], timezone="Europe/Berlin")
    told = notification(ended(Status.SUCCEEDED, request=request))
    assert told.message["request"] == {"models": ["gpt-4o"], "timezone": "Europe/Berlin"}
    assert "gpt-4o" not in told.text


@given(workspace=st.text(max_size=300), arn=st.text(max_size=300))
@example(workspace="w" * 300, arn="a" * 300)
@example(workspace="", arn="\n")
@example(workspace="line\r\nbreak \x1b ü", arn=" ")
def test_a_subject_is_what_sns_takes_whatever_an_event_names(workspace: str, arn: str) -> None:
    told = refusal_notification(arn, workspace, SCHEDULE_CHANGED)
    assert 0 < len(told.subject) <= 100
    assert re.fullmatch(r"[!-~][ -~]*", told.subject)
    assert all(value.strip() for value in told.attributes.values())


@pytest.mark.parametrize("status", [status for status in Status if status.is_final])
def test_the_longest_workspace_id_fits_into_a_subject(status: Status) -> None:
    told = notification(ended(status, workspace_id="w" * 64))
    assert told.subject.isascii()
    assert len(told.subject) <= 100
    assert told.subject.endswith("w" * 64)


def test_a_refusal_is_told_with_what_is_wrong() -> None:
    told = refusal_notification(SCHEDULE_ARN, "ws-acme", SCHEDULE_CHANGED)
    assert told.subject == "API usage export refused: ws-acme"
    assert f"{SCHEDULE_CHANGED.title}: {SCHEDULE_CHANGED.detail}" in told.text
    assert lines(told) == {"Workspace": "ws-acme", "Requested by": SCHEDULE_ARN}
    assert told.message["export_id"] is None
    assert told.message["error"]["type"].endswith(":schedule-changed")
    assert told.attributes == {
        "workspace_id": "ws-acme",
        "outcome": "refused",
        "trigger": "schedule",
    }


def test_a_timeframe_is_told_in_the_time_zone_that_was_asked_for() -> None:
    start = datetime.fromisoformat("2026-01-31T23:00:00+00:00")
    end = datetime.fromisoformat("2026-02-28T23:00:00+00:00")
    told = notification(
        ended(
            Status.SUCCEEDED,
            timeframe=ResolvedTimeframe(start=start, end=end),
            request=ExportRequest(timezone="Europe/Berlin"),
        )
    )
    assert lines(told)["Timeframe"] == ("2026-02-01 00:00 up to 2026-03-01 00:00 (Europe/Berlin)")
