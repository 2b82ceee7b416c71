"""An idempotency key stands for one order, and one export, however often it is sent."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.export import Status
from shared.export_request import ExportRequest
from shared.exports import IdempotencyKeyReusedError, Look
from shared.timeframe import Period
from tests.fake_system import ORDER, FakeSystem

JANUARY = ExportRequest(start="2026-01-01", end="2026-01-31")
KEYED = replace(ORDER, idempotency_key="key-1")


def test_the_same_order_with_the_same_key_is_the_same_export() -> None:
    system = FakeSystem()
    first = system.create(idempotency_key="key-1")
    second = system.create(idempotency_key="key-1")
    assert second.export.id == first.export.id
    assert len(system.store.manifests) == 1


def test_orders_without_a_key_are_exports_of_their_own() -> None:
    system = FakeSystem()
    assert system.create().export.id != system.create().export.id


def test_the_same_order_with_another_key_is_another_export() -> None:
    system = FakeSystem()
    first = system.create(idempotency_key="key-1")
    assert system.create(idempotency_key="key-2").export.id != first.export.id
    assert {key for _, key in system.store.claims} == {"key-1", "key-2"}


def test_the_same_order_twice_at_once_is_the_export_of_whoever_wrote_first() -> None:
    system = FakeSystem()
    other: list[Look] = []
    system.steps.at(
        "before create manifest", lambda: other.append(system.create(idempotency_key="key-1"))
    )
    assert system.create(idempotency_key="key-1") == other[0]
    assert len(system.store.manifests) == 1


def test_an_order_that_comes_again_later_gets_the_export_as_it_stands() -> None:
    system = FakeSystem()
    finished = system.run(idempotency_key="key-1")
    system.clock.sleep(24 * 3600)
    again = system.wait(system.create(idempotency_key="key-1")).export
    assert again == finished
    assert again.status is Status.SUCCEEDED
    assert len(system.athena.queries) == 2
    assert len(system.outcomes) == 1


def test_what_is_asked_counts_and_not_how_it_is_written() -> None:
    system = FakeSystem()
    spelled_out = ExportRequest.model_validate(
        {**JANUARY.model_dump(), "timezone": "UTC", "columns": "standard"}
    )
    first = system.create(request=JANUARY, idempotency_key="key-1")
    assert system.create(request=spelled_out, idempotency_key="key-1").export == first.export


@pytest.mark.parametrize(
    "other",
    [
        {"request": ExportRequest(start="2026-01-01", end="2026-01-30")},
        {"request": JANUARY.model_copy(update={"models": ["gpt-4o"]})},
        {"request": JANUARY.model_copy(update={"spreadsheet_safe": False})},
        {"period_of": datetime(2026, 2, 1, tzinfo=UTC)},
    ],
)
def test_another_order_with_the_same_key_is_refused(other: dict[str, Any]) -> None:
    system = FakeSystem()
    system.create(idempotency_key="key-1")
    with pytest.raises(IdempotencyKeyReusedError):
        system.create(idempotency_key="key-1", **other)
    assert len(system.store.manifests) == 1


def test_who_sends_an_order_does_not_matter() -> None:
    system = FakeSystem()
    first = system.create(idempotency_key="key-1")
    second = system.create(idempotency_key="key-1", requested_by="bob@acme.example")
    assert second.export == first.export


def test_a_key_of_another_workspace_is_another_key() -> None:
    system = FakeSystem()
    mine = system.create(idempotency_key="key-1").export
    theirs = system.create(idempotency_key="key-1", workspace_id="ws-umbrella").export
    assert theirs.id != mine.id
    assert theirs.workspace_id == "ws-umbrella"


def test_the_timeframe_is_the_one_of_the_first_time() -> None:
    system = FakeSystem()
    month = ExportRequest(period=Period.LAST_30_DAYS)
    first = system.create(request=month, idempotency_key="key-1").export
    system.clock.sleep(48 * 3600)
    assert system.create(request=month, idempotency_key="key-1").export == first


def test_an_order_that_comes_again_gets_its_export_though_it_could_not_be_made_any_more() -> None:
    system = FakeSystem()
    first = system.create(idempotency_key="key-1").export
    shorter = replace(system.exports.limits, max_days=1)
    system.exports = replace(system.exports, limits=shorter)
    assert system.create(idempotency_key="key-1").export == first


def test_a_key_whose_export_was_never_written_down_gives_it_as_of_the_first_time() -> None:
    system = FakeSystem()
    system.steps.at("before create manifest", fail)
    month = ExportRequest(period=Period.LAST_30_DAYS)
    with pytest.raises(InterruptedError):
        system.create(request=month, idempotency_key="key-1")
    (claim,) = system.store.claims.values()
    first_time = system.clock.time
    three_hours_later = first_time + timedelta(hours=3)  # older than any export may get
    system.clock.time = three_hours_later
    look = system.create(request=month, idempotency_key="key-1")
    assert look.export.id == claim.export_id
    assert look.export.timeframe.end == first_time - timedelta(minutes=15)
    assert look.export.data_through == first_time - timedelta(minutes=15)
    assert look.export.created_at == three_hours_later
    assert not system.exports.wait(look, system.clock.time).export.status.is_final


def fail() -> None:
    raise InterruptedError


def test_of_two_orders_at_once_one_claims_the_key_and_both_get_its_export() -> None:
    system = FakeSystem(tick=timedelta(milliseconds=1))
    others: list[str] = []

    def order_too() -> None:
        others.append(system.create(idempotency_key="key-1").export.id)

    system.steps.at("before claim key", order_too)
    assert [system.create(idempotency_key="key-1").export.id] == others


def test_of_two_different_orders_at_once_the_one_that_does_not_claim_the_key_is_refused() -> None:
    system = FakeSystem(tick=timedelta(milliseconds=1))
    other = replace(KEYED, request=ExportRequest(start="2026-02-01", end="2026-02-02"))
    system.steps.at("before claim key", lambda: system.exports.create(other))
    with pytest.raises(IdempotencyKeyReusedError):
        system.exports.create(KEYED)


def test_the_order_of_a_filters_values_makes_no_other_order() -> None:
    system = FakeSystem()
    one, other = (ExportRequest(models=models) for models in (["a", "b"], ["b", "a"]))
    first = system.create(request=one, idempotency_key="key-1")
    assert system.create(request=other, idempotency_key="key-1").export.id == first.export.id
    with pytest.raises(IdempotencyKeyReusedError):
        system.create(request=ExportRequest(models=["a"]), idempotency_key="key-1")
