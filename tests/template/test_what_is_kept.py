"""The operations page says what exports and audit events hold: all of it, and nothing else."""

import re
from pathlib import Path

import pytest

from functions.export.outcomes import audit_event
from shared.call_log import CSV_COLUMNS, Columns
from tests.fake_unattended import DIRECT, SCHEDULED, UnattendedSystem

TEXT = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")
RETENTION = TEXT.partition("\n## Retention\n")[2]


def paragraph(heading: str) -> str:
    """The text of a paragraph that starts with these words, on one line."""
    text = RETENTION.partition(f"**{heading}**")[2].partition("\n\n")[0]
    assert text
    return " ".join(text.split())


def test_the_columns_of_a_file_are_named_in_their_order() -> None:
    text = paragraph("What an export contains.")
    places = [text.index(column.header) for column in CSV_COLUMNS[Columns.EXTENDED]]
    assert places == sorted(places)
    assert len(set(places)) == 13


def test_the_fields_of_audit_events_are_named_with_those_of_a_refusal_first(
    caplog: pytest.LogCaptureFixture,
) -> None:
    text = paragraph("What an audit event says.")
    named = [name for name in re.findall(r"`(\w+)`", text) if name != "audit"]
    system = UnattendedSystem()
    system.invoke(DIRECT)
    (outcome,) = system.outcomes
    assert named == list(audit_event(outcome))
    system.invoke(SCHEDULED | {"colour": "red"})
    (refused,) = [vars(record)["audit"] for record in caplog.records if "audit" in vars(record)]
    assert named[:6] == list(refused)
