"""What is recorded of an outcome: an audit event, and metrics."""

import json
from datetime import timedelta
from typing import Any

import pytest

from functions.export.outcomes import audit_event, outcome_metrics
from shared.aws_errors import ServiceUnavailableError
from shared.export import Export, Status, Trigger
from shared.export_request import OnLimit
from shared.exports import Outcome
from shared.query_execution import QueryState
from tests.builders import JANUARY
from tests.fake_system import ORDER, FakeSystem
from tests.fake_unattended import SCHEDULE_ARN, SCHEDULED, UnattendedSystem
from tests.fakes import Fate

SPLIT = ORDER.request.model_copy(update={"on_limit": OnLimit.SPLIT})
FAILED_FOR_NOW = Fate(QueryState.FAILED, "INTERNAL_ERROR: no", is_retryable=True)


def in_three_parts(**fates: list[Fate]) -> Outcome:
    """The outcome of an export that takes three files."""
    system = FakeSystem(row_limit=100)
    hours = [JANUARY.start + timedelta(hours=hour) for hour in (0, 300, 600)]
    system.athena.calls = dict.fromkeys(hours, 60)
    system.athena.fates = {name.replace("_on_", " 2026-01-"): fate for name, fate in fates.items()}
    system.run(request=SPLIT)
    (outcome,) = system.outcomes
    return outcome


def test_the_audit_event_has_the_queries_of_all_parts() -> None:
    event = audit_event(in_three_parts())
    assert [query["id"] for query in event["queries"]] == [
        f"{role}-{part}" for part in (1, 2, 3) for role in ("summary", "rows")
    ]
    assert (event["outcome"], event["rows"], event["files"]) == ("succeeded", 180, 3)
    assert (event["attempt"], event["repeated"]) == (1, False)
    assert event["bytes_scanned"] == 8 * 20_000_000


def test_the_audit_event_has_athenas_words_on_what_failed() -> None:
    event = audit_event(in_three_parts(rows_on_13=[FAILED_FOR_NOW]))
    failed = [query for query in event["queries"] if query.get("state") == "FAILED"]
    assert [query["reason"] for query in failed] == ["INTERNAL_ERROR: no"]
    assert event["error"] == "urn:api-usage-export:problem:query-failed"
    assert (event["outcome"], event["attempt"]) == ("failed", 2)
    assert event["files"] == 2


def test_an_export_in_parts_has_no_time_of_its_own() -> None:
    assert set(outcome_metrics(in_three_parts())) == {"Exports", "Rows", "BytesScanned"}


def test_own_time_is_what_is_left_of_an_exports_life() -> None:
    system = FakeSystem()
    export = system.run()
    (outcome,) = system.outcomes
    metrics = {name: value for name, (_, value) in outcome_metrics(outcome).items()}
    assert export.completed_at is not None
    life = export.completed_at - export.created_at
    assert metrics == {
        "Exports": 1,
        "Rows": 3,
        "BytesScanned": 40_000_000,
        "QueueTime": 0,
        "EngineTime": 0,
        "OwnTime": life / timedelta(milliseconds=1),
    }


def test_an_export_without_queries_has_only_its_number() -> None:
    system = FakeSystem()
    system.athena.busy = {"summary": 10**6, "rows": 10**6}
    export: Export = system.create().export
    system.clock.sleep(3 * 3600)
    assert system.look(export).export.status is Status.FAILED
    (outcome,) = system.outcomes
    assert set(outcome_metrics(outcome)) == {"Exports"}
    assert audit_event(outcome)["queries"] == []


def metrics_of(written: str) -> list[dict[str, Any]]:
    """Lines of metrics, but for their descriptions."""
    lines = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    return [{name: value for name, value in line.items() if name != "_aws"} for line in lines]


def test_each_outcome_is_counted_once_and_each_delivery_that_fails(
    capsys: pytest.CaptureFixture[str],
) -> None:
    system = UnattendedSystem()
    system.aws.trouble = {"succeeded": ServiceUnavailableError("SNS")}
    system.invoke(SCHEDULED | {"period": None, "start": "2026-01-01", "end": "2026-01-31"})
    counted, failed = metrics_of(capsys.readouterr().out)
    assert (counted["Exports"], counted["Rows"]) == ([1], [3])
    assert (counted["outcome"], counted["trigger"]) == ("succeeded", "schedule")
    assert failed == {"FailedDeliveries": [1]}
    system.clock.sleep(15 * 60 + 1)
    system.sweep()
    assert metrics_of(capsys.readouterr().out) == []
    assert [told.is_again for told in system.outcomes] == [False, True]


def test_outcomes_of_the_api_are_counted_and_told_to_nobody(
    capsys: pytest.CaptureFixture[str],
) -> None:
    system = UnattendedSystem()
    system.run()
    (counted,) = metrics_of(capsys.readouterr().out)
    assert counted["trigger"] == "api"
    assert system.aws.published == []
    system.run(trigger=Trigger.DIRECT, requested_by=SCHEDULE_ARN)
    assert len(system.aws.published) == 1
