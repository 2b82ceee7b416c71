"""How an export goes on, for every state that its two queries can be in together."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import product

import pytest

from shared.export import PROBLEM_TYPE_PREFIX, ExportError, Part, ResolvedTimeframe, Status
from shared.outcome import (
    MAX_ATTEMPTS,
    NOT_STARTED,
    RESULT_UNREADABLE,
    TIMED_OUT,
    Decision,
    Facts,
    Fail,
    Reject,
    Retry,
    Succeed,
    Wait,
    decide,
    query_failed,
    row_limit_exceeded,
    too_many_parts,
)
from shared.query_execution import QueryState
from tests.builders import JANUARY, a_query, a_summary

LIMIT = 100
WHOLE = ResolvedTimeframe.of(JANUARY)

QUEUED = a_query(QueryState.QUEUED)
RUNNING = a_query(QueryState.RUNNING)
SUCCEEDED = a_query(QueryState.SUCCEEDED)
FAILED = a_query(QueryState.FAILED, reason="COLUMN_NOT_FOUND: line 1:8: Column 'x'")
RETRYABLE = a_query(
    QueryState.FAILED, reason="INTERNAL_ERROR: s3://secret-bucket/key", is_retryable=True
)
STOPPED = a_query(QueryState.CANCELLED, reason="Query was cancelled by user")
CUT_OFF = a_query(
    QueryState.CANCELLED,
    reason="Query cancelled! : Bytes scanned limit was exceeded",
)
STATES = {
    "queued": QUEUED,
    "running": RUNNING,
    "succeeded": SUCCEEDED,
    "failed": FAILED,
    "failed for now": RETRYABLE,
    "stopped": STOPPED,
    "cut off": CUT_OFF,
}


def name(decision: Decision) -> str:
    """A decision in words: its kind, or the last part of its error's type."""
    match decision:
        case Wait(status):
            return str(status)
        case Fail(error):
            return error.type.removeprefix(PROBLEM_TYPE_PREFIX)
        case _:
            return type(decision).__name__.lower()


def expected(
    summary: str,
    rows: str,
    *,
    count: int | None,
    output_rows: int | None,
    file_size: int | None,
    attempt: int,
) -> str:
    """The first of the rules that applies."""
    states = {summary, rows}
    again = "retry" if attempt == 1 else None
    both_done = states == {"succeeded"}
    rules = [
        (count is not None and count > LIMIT, "reject"),
        (rows == "cut off" and summary in ("queued", "running"), "running"),
        ("failed" in states, "query-failed"),
        ("failed for now" in states, again or "query-failed"),
        ("cut off" in states, "scan-limit-exceeded"),
        ("stopped" in states, "query-cancelled"),
        (
            both_done and output_rows not in (None, count, (count or 0) + 1),
            again or "call-logs-changed",
        ),
        (both_done and not file_size, "file-missing"),
        (both_done, "succeed"),
        (states == {"queued"}, "queued"),
        (True, "running"),
    ]
    return next(outcome for applies, outcome in rules if applies)


@pytest.mark.parametrize("rows", STATES)
@pytest.mark.parametrize("summary", STATES)
def test_every_pair_of_states_has_the_outcome_that_the_rules_give_it(
    summary: str, rows: str
) -> None:
    counts = [0, 1, LIMIT, LIMIT + 1, 10 * LIMIT] if summary == "succeeded" else [None]
    for count, attempt in product(counts, [1, 2]):
        for output_rows, file_size in results(count, rows):
            facts = Facts(
                STATES[summary],
                STATES[rows],
                None if count is None else a_summary(count),
                output_rows,
                file_size,
            )
            assert name(decided(facts, attempt=attempt)) == expected(
                summary,
                rows,
                count=count,
                output_rows=output_rows,
                file_size=file_size,
                attempt=attempt,
            )


def results(count: int | None, rows: str) -> Iterator[tuple[int | None, int | None]]:
    """What may be known of the rows query's result: its rows and its bytes."""
    if count is None or rows != "succeeded":
        return iter([(None, None)])
    near = {count - 1, count, count + 1, count + 2, LIMIT + 1, 0, None}
    return product(near, [None, 0, 1000])


def decided(facts: Facts, *, attempt: int = 1) -> Decision:
    return decide(Part(timeframe=WHOLE, attempt=attempt), facts, row_limit=LIMIT)


def done(count: int, output_rows: int | None = None) -> Facts:
    return Facts(SUCCEEDED, SUCCEEDED, a_summary(count), output_rows, file_size=1000)


@pytest.mark.parametrize("limit", [1, LIMIT, 1_000_000])
def test_up_to_the_limit_passes_and_one_more_does_not(limit: int) -> None:
    part = Part(timeframe=WHOLE)
    for count in (limit - 1, limit):
        assert decide(part, done(count), row_limit=limit) == Succeed(a_summary(count), 1000)
    assert decide(part, done(limit + 1), row_limit=limit) == Reject(a_summary(limit + 1))


def test_too_many_rows_are_told_as_soon_as_they_are_counted() -> None:
    for rows in STATES.values():
        facts = Facts(SUCCEEDED, rows, a_summary(LIMIT + 1))
        assert isinstance(decided(facts), Reject)


def test_an_export_without_rows_succeeds() -> None:
    assert decided(done(0, output_rows=0)) == Succeed(a_summary(0), 1000)


@pytest.mark.parametrize("output_rows", [None, 50, 51])
def test_as_many_rows_as_were_counted_pass_with_or_without_the_header(
    output_rows: int | None,
) -> None:
    assert isinstance(decided(done(50, output_rows)), Succeed)


@pytest.mark.parametrize("output_rows", [0, 49, 52, 101])
def test_another_number_of_rows_is_tried_again_once_and_then_fails(output_rows: int) -> None:
    assert decided(done(50, output_rows)) == Retry()
    last = decided(done(50, output_rows), attempt=MAX_ATTEMPTS)
    assert name(last) == "call-logs-changed"


def test_a_file_does_not_pass_before_its_rows_are_counted() -> None:
    assert decided(Facts(RUNNING, SUCCEEDED)) == Wait(Status.RUNNING)
    assert decided(Facts(QUEUED, SUCCEEDED)) == Wait(Status.RUNNING)


def test_a_count_does_not_pass_before_its_file_is_written() -> None:
    assert decided(Facts(SUCCEEDED, QUEUED, a_summary(50))) == Wait(Status.RUNNING)


def test_a_failure_that_may_pass_is_tried_again_once() -> None:
    assert decided(Facts(RETRYABLE, RUNNING)) == Retry()
    assert name(decided(Facts(RETRYABLE, RUNNING), attempt=MAX_ATTEMPTS)) == "query-failed"


def test_the_cause_is_told_and_not_that_the_other_query_was_stopped_for_it() -> None:
    for facts in (Facts(STOPPED, CUT_OFF), Facts(CUT_OFF, STOPPED)):
        assert name(decided(facts)) == "scan-limit-exceeded"
    for facts in (Facts(STOPPED, FAILED), Facts(FAILED, STOPPED)):
        assert name(decided(facts)) == "query-failed"
    for facts in (Facts(STOPPED, RETRYABLE), Facts(RETRYABLE, STOPPED)):
        assert decided(facts) == Retry()


def test_athenas_words_for_the_scan_limit_are_known_in_any_case() -> None:
    words = replace(CUT_OFF, reason=CUT_OFF.reason.upper())
    assert name(decided(Facts(words, RUNNING))) == "scan-limit-exceeded"


def test_rows_that_are_too_many_to_read_may_still_be_counted_and_suggestions_made() -> None:
    assert decided(Facts(RUNNING, CUT_OFF)) == Wait(Status.RUNNING)
    over, within = a_summary(LIMIT + 1), a_summary(LIMIT)
    assert decided(Facts(SUCCEEDED, CUT_OFF, over)) == Reject(over)
    assert name(decided(Facts(SUCCEEDED, CUT_OFF, within))) == "scan-limit-exceeded"
    assert name(decided(Facts(FAILED, CUT_OFF))) == "query-failed"


def test_too_many_rows_are_told_with_both_numbers() -> None:
    detail = row_limit_exceeded(1_234_567, 1_000_000).detail
    assert "1,234,567 rows" in detail
    assert "1,000,000" in detail


def test_hours_that_are_too_many_by_themselves_are_told_with_the_first_of_them() -> None:
    hours = [datetime(2026, 1, 5, 9, tzinfo=UTC), datetime(2026, 1, 6, tzinfo=UTC)]
    detail = row_limit_exceeded(20, 10, hours).detail
    assert "more rows than that: 2, the first from 2026-01-05 09:00 UTC;" in detail
    assert "Single hours" not in row_limit_exceeded(20, 10).detail


def test_an_error_has_a_title_for_people() -> None:
    assert row_limit_exceeded(20, 10).title == "Too many rows"
    assert too_many_parts(20, 10, 3, 2).title == "Too many rows"
    assert query_failed("SYNTAX_ERROR: line 1", may_pass=False).title == "The query failed"


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        ("COLUMN_NOT_FOUND: line 1:8: Column 'x' cannot be resolved", " (COLUMN_NOT_FOUND)."),
        ("HIVE_CURSOR_ERROR: s3://secret-bucket/ws-acme/key.parquet", " (HIVE_CURSOR_ERROR)."),
        ("Insufficient permissions on s3://secret-bucket", "call logs."),
        ("s3://SECRET: no", "call logs."),
        ("S3://SECRET: no", "call logs."),
        ("secret: no", "call logs."),
        ("", "call logs."),
    ],
)
def test_of_athenas_reason_only_its_code_is_told(reason: str, told: str) -> None:
    error = query_failed(reason, may_pass=True)
    assert told in error.detail
    assert "secret" not in error.detail.lower()


def test_to_try_again_is_advised_where_it_may_help_and_nowhere_else() -> None:
    assert "Try again" in query_failed("INTERNAL_ERROR: no", may_pass=True).detail
    assert "Try again" not in query_failed("HIVE_BAD_DATA: no", may_pass=False).detail


def every_error() -> Iterator[ExportError]:
    yield row_limit_exceeded(2, 1)
    yield too_many_parts(200, 1, 200, 100)
    yield from (TIMED_OUT, NOT_STARTED, RESULT_UNREADABLE)
    for summary, rows, attempt in product(STATES.values(), STATES.values(), [1, 2]):
        for result in (None, 1, 99):
            counted = a_summary(1) if summary is SUCCEEDED else None
            decision = decided(Facts(summary, rows, counted, result, None), attempt=attempt)
            if isinstance(decision, Fail):
                yield decision.error


def test_every_error_says_what_happened_and_what_to_do_in_sentences() -> None:
    errors = {error.detail: error for error in every_error()}
    assert len({error.type for error in errors.values()}) == 9
    for error in errors.values():
        assert error.title
        assert error.detail.endswith(".")
        assert error.detail.count(". ") >= 1
