"""Exports that have more rows than they may."""

from dataclasses import replace
from datetime import timedelta

from shared.export import Status
from shared.query_execution import QueryState
from tests.builders import JANUARY, error_name, the_part
from tests.fake_system import FakeSystem
from tests.fakes import Fate

HOUR = timedelta(hours=1)
FAILED = Fate(QueryState.FAILED, "COLUMN_NOT_FOUND: line 1:8: no")
RUNS_ON = Fate(QueryState.RUNNING)


def test_exactly_the_row_limit_passes() -> None:
    system = FakeSystem(row_limit=100)
    system.athena.calls = {JANUARY.start: 100}
    assert system.run().status is Status.SUCCEEDED


def test_over_the_row_limit_the_rows_query_is_stopped_and_there_is_no_file() -> None:
    system = FakeSystem(row_limit=100)
    system.athena.calls = {JANUARY.start: 101}
    system.athena.fates = {"rows": [RUNS_ON]}
    export = system.run()
    assert export.status is Status.REJECTED
    assert error_name(export) == "row-limit-exceeded"
    assert system.athena.stopped == ["rows-0"]
    assert the_part(export).file is None
    assert export.control_totals is not None
    assert export.control_totals.rows == 101


def test_over_the_row_limit_there_is_no_file_even_where_athena_has_written_one() -> None:
    system = FakeSystem(row_limit=100)
    system.athena.calls = {JANUARY.start: 101}
    export = system.run()
    assert export.status is Status.REJECTED
    assert the_part(export).file is None


def test_over_the_row_limit_timeframes_that_tile_the_order_are_suggested() -> None:
    system = FakeSystem(row_limit=100)
    system.athena.calls = {JANUARY.start: 100, JANUARY.start + HOUR: 100}
    export = system.run()
    assert export.suggested_timeframes is not None
    first, second = export.suggested_timeframes
    one_o_clock = JANUARY.start + HOUR
    assert (first.start, first.end, first.rows, first.fits) == (
        JANUARY.start,
        one_o_clock,
        100,
        True,
    )
    assert (second.start, second.end, second.rows, second.fits) == (
        one_o_clock,
        JANUARY.end,
        100,
        True,
    )
    assert export.error is not None
    assert "Single hours" not in export.error.detail


def test_hours_over_the_row_limit_by_themselves_are_named() -> None:
    system = FakeSystem(row_limit=100)
    system.athena.calls = {JANUARY.start: 101, JANUARY.start + HOUR: 101}
    export = system.run()
    assert export.suggested_timeframes is not None
    assert [part.fits for part in export.suggested_timeframes] == [False, False]
    assert export.error is not None
    assert "Single hours that have more rows than that: 2" in export.error.detail
    assert "the first from 2026-01-01 00:00 UTC" in export.error.detail


def test_the_row_limit_is_the_one_of_when_the_export_was_asked_for() -> None:
    system = FakeSystem(row_limit=100)
    system.athena.calls = {JANUARY.start: 50}
    look = system.create()
    system.exports = replace(system.exports, row_limit=10)
    assert system.wait(look).export.status is Status.SUCCEEDED
