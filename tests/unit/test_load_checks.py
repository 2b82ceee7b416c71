"""The verdict on a load run: it passes where all is well, and each check sees what it is for."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.load import checks
from benchmarks.load.aftermath import Aftermath, failures
from benchmarks.load.call_logs import Plan, write_call_logs
from benchmarks.load.checks import CHECKS, Evidence
from benchmarks.load.journal import Download, Exchange, Journal, Writer
from benchmarks.load.memory import (
    FUNCTION,
    FUNCTION_MOST,
    STACK,
    WARM_UP,
    Sample,
    outgrown,
)
from benchmarks.load.truth import HEADER, Meant, Sums, Truth, resolved
from tests.parquet_oracle import HEADER as CSV_HEADER
from tests.parquet_oracle import csv_rows, logged_calls, total_cost

PLAN = Plan(workspaces=2, calls=900, end=date(2026, 3, 1))
MINE, THEIRS = PLAN.names()
ASKED = {"start": "2026-02-10", "end": "2026-02-12"}
TIMEFRAME = {"start": "2026-02-10T00:00:00.000Z", "end": "2026-02-13T00:00:00.000Z"}
MADE_AT = "2026-03-02T09:00:00.000Z"
EXPORT_ID = {MINE: "7" * 26, THEIRS: "8" * 26}
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> Truth:
    folder = tmp_path_factory.mktemp("load") / "call-logs"
    write_call_logs(folder, PLAN)
    return Truth(folder)


def test_the_truth_is_what_the_parquet_files_say(truth: Truth) -> None:
    start, end = datetime(2026, 2, 10), datetime(2026, 2, 13)  # noqa: DTZ001  the oracle's are naive
    for workspace in PLAN.names():
        meant = Meant.by(workspace, TIMEFRAME, {})
        header, rows = csv_rows(truth.file(meant, is_extended=False, is_safe=True))
        assert header == HEADER == CSV_HEADER
        assert rows == logged_calls(truth.folder, workspace, start, end)
        sums = truth.sums(meant)
        assert sums.rows == len(rows) > 10
        assert sums.input_tokens == sum(int(row[5] or 0) for row in rows)
        unpriced = [row for row in rows if row[8] is None]
        assert sums.unpriced_calls == len(unpriced)
        assert sums.cost_usd == total_cost(row for row in rows if row not in unpriced)


def test_workspaces_have_nothing_in_common_but_names(truth: Truth) -> None:
    mine, theirs = (
        csv_rows(truth.file(Meant.by(name, TIMEFRAME, {}), is_extended=False, is_safe=True))[1]
        for name in PLAN.names()
    )
    assert not set(mine) & set(theirs)
    assert {row[1] for row in mine}.isdisjoint(row[1] for row in theirs)


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ({}, "2026-02-01T00:00+00:00", MADE_AT),
        ({"period": "last_7_days"}, "2026-02-24T00:00+00:00", MADE_AT),
        (ASKED, "2026-02-10T00:00+00:00", "2026-02-13T00:00+00:00"),
        (
            {**ASKED, "timezone": "America/New_York"},
            "2026-02-10T05:00+00:00",
            "2026-02-13T05:00+00:00",
        ),
        (
            {"start": "2026-02-10T06:30:00Z", "end": "2026-02-11T01:00:00Z"},
            "2026-02-10T06:30+00:00",
            "2026-02-11T01:00+00:00",
        ),
    ],
)
def test_timeframes_are_what_admins_mean(asked: dict[str, str], start: str, end: str) -> None:
    expected = (datetime.fromisoformat(start), datetime.fromisoformat(end))
    assert resolved(asked, datetime.fromisoformat(MADE_AT)) == expected


def totals(truth: Truth, workspace: str) -> dict[str, Any]:
    sums = truth.sums(Meant.by(workspace, TIMEFRAME, {}))
    return {**vars(sums), "cost_usd": f"{sums.cost_usd:f}"}


def subject(workspace: str) -> str:
    return f"ada@{workspace}.example"


def export(truth: Truth, workspace: str) -> dict[str, Any]:
    content = truth.file(Meant.by(workspace, TIMEFRAME, {}), is_extended=False, is_safe=True)
    whole = totals(truth, workspace)
    return {
        "id": EXPORT_ID[workspace],
        "workspace_id": workspace,
        "requested_by": subject(workspace),
        "status": "succeeded",
        "created_at": MADE_AT,
        "data_through": MADE_AT,
        "request": {**ASKED, "columns": "standard", "spreadsheet_safe": True},
        "timeframe": TIMEFRAME,
        "row_count": whole["rows"],
        "control_totals": {**whole, "by_model": [whole]},
        "files": [
            {
                "name": f"api-usage_{workspace}_20260210T000000Z_20260213T000000Z.csv",
                "size_bytes": len(content),
                "rows": whole["rows"],
                "timeframe": TIMEFRAME,
                "control_totals": whole,
            }
        ],
        "progress": None,
        "error": None,
    }


def exchanges(truth: Truth, workspace: str) -> Iterator[Exchange]:
    shown, whole = export(truth, workspace), totals(truth, workspace)
    figures = {"timeframe": TIMEFRAME, "control_totals": whole}
    keys = {"api_keys": [{"id": f"key-{workspace[-3:]}-1"}, {"id": None}]}
    usage = {"timeframe": TIMEFRAME, "totals": {**whole, "calls": whole["rows"]}, "tables": keys}
    key = {"Idempotency-Key": f"first of {workspace}"}
    look = f"/exports/{shown['id']}"
    busy = Exchange(
        call="1",
        subject=subject(workspace),
        workspace=workspace,
        method="POST",
        route="/exports",
        path="/exports",
        sent=ASKED,
        headers=key,
        at=0,
        seconds=1,
        status=429,
        media_type="application/json",
        answer={"message": "Too Many Requests"},
    )
    yield busy
    yield replace(busy, status=200, answer=shown)
    for number, (name, path, status, answer) in enumerate(
        [
            ("GET /exports/{id}", look, 200, shown),
            ("DELETE /exports/{id}", look, 409, {"type": "export-finished"}),
            ("GET /exports", "/exports", 200, {"exports": [shown], "next_cursor": None}),
            ("GET /usage", "/usage?…", 200, usage),
            ("POST /exports/estimate", "/exports/estimate", 200, figures),
            ("GET file", shown["id"], 200, None),
        ]
    ):
        method, route = name.split(" ")
        at = datetime.fromisoformat(MADE_AT).timestamp()
        yield replace(busy, call=f"{number + 2} {workspace}", method=method, route=route, path=path,
                      headers={}, status=status, answer=answer, at=at)  # fmt: skip
    foreign = f"/exports/{EXPORT_ID[MINE if workspace == THEIRS else THEIRS]}"
    not_found = {"type": "urn:api-usage-export:problem:not-found"}
    yield replace(busy, call=f"pry-{workspace}", method="GET", route="/exports/{id}", path=foreign,
                  status=404, media_type=PROBLEM, answer=not_found)  # fmt: skip


@pytest.fixture
def evidence(truth: Truth) -> Evidence:
    """A run in which all is well."""
    journal = Journal()
    listed, stored, claimed = {}, {}, {}
    for number, workspace in enumerate(PLAN.names()):
        for exchange in exchanges(truth, workspace):
            call = f"{exchange.call} of {number}"
            journal.exchanges.append(replace(exchange, call=call))
        shown = export(truth, workspace)
        content = truth.file(Meant.by(workspace, TIMEFRAME, {}), is_extended=False, is_safe=True)
        digest = hashlib.sha256(content).hexdigest()
        journal.downloads.append(
            Download(
                subject(workspace),
                workspace,
                shown["id"],
                shown["files"][0]["name"],
                digest,
                len(content),
            )
        )
        listed[workspace] = [shown]
        stored[workspace] = {shown["id"]: export(truth, workspace)}
        key = hashlib.sha256(f"first of {workspace}".encode()).hexdigest()
        claimed[workspace] = {key: shown["id"]}
    return Evidence(journal, Aftermath(listed, stored, claimed, [], []), truth, row_limit=100)


def all_violations(evidence: Evidence) -> dict[str, list[str]]:
    return {check.__name__: found for check in CHECKS if (found := list(check(evidence)))}


def test_a_good_run_passes(evidence: Evidence) -> None:
    assert all_violations(evidence) == {}


Spoil = Callable[[Evidence], Any]


def answers(name: str, **changes: Any) -> Spoil:
    """Of every exchange with this name, the answered ones."""

    def spoil(evidence: Evidence) -> None:
        changed = evidence.journal.exchanges
        for number, exchange in enumerate(changed):
            if exchange.name == name and exchange.status == 200:
                changed[number] = replace(exchange, **changes)

    return spoil


def in_list(workspace: str, **changes: Any) -> Spoil:
    return lambda evidence: evidence.aftermath.listed[workspace][0].update(changes)


def in_file(**changes: Any) -> Spoil:
    return lambda evidence: evidence.aftermath.listed[MINE][0]["files"][0].update(changes)


def shown_of_the_other(evidence: Evidence) -> None:
    """As if a warm process had kept another tenant's answer."""
    everything = evidence.journal.exchanges
    (theirs,) = [e for e in everything if e.workspace == THEIRS and e.name == "GET /exports"]
    (index,) = [
        n for n, e in enumerate(everything) if e.workspace == MINE and e.name == "GET /exports"
    ]
    everything[index] = replace(everything[index], answer=theirs.answer)


def usage_of_the_other(evidence: Evidence) -> None:
    for exchange in evidence.journal.exchanges:
        if exchange.name == "GET /usage" and exchange.workspace == MINE:
            exchange.answer["tables"]["api_keys"][0]["id"] = "key-001-1"


def file_of_the_other(evidence: Evidence) -> None:
    mine, theirs = evidence.journal.downloads
    evidence.journal.downloads[0] = replace(mine, content=theirs.content)


def one_row_less(evidence: Evidence) -> None:
    download = evidence.journal.downloads[0]
    content = evidence.truth.file(
        Meant.by(MINE, TIMEFRAME, {}), is_extended=False, is_safe=True
    ).rsplit(b"\n", 2)[0]
    spoilt = hashlib.sha256(content + b"\n").hexdigest()
    evidence.journal.downloads[0] = replace(download, content=spoilt)


def ends_throttled(evidence: Evidence) -> None:
    (index,) = [
        n
        for n, exchange in enumerate(evidence.journal.exchanges)
        if exchange.name == "POST /exports"
        and exchange.status == 200
        and exchange.workspace == MINE
    ]
    del evidence.journal.exchanges[index]


def answered_with_another_id(evidence: Evidence) -> None:
    exchange = next(e for e in evidence.journal.exchanges if e.status == 200)
    other = {**exchange.answer, "id": "9" * 26}
    evidence.journal.exchanges.append(replace(exchange, answer=other))


def unasked(evidence: Evidence) -> None:
    extra = {**evidence.aftermath.listed[MINE][0], "id": "9" * 26}
    evidence.aftermath.listed[MINE].append(extra)
    evidence.aftermath.stored[MINE]["9" * 26] = extra


GATEWAYS_503: dict[str, Any] = {"status": 503, "answer": {"message": "Service Unavailable"}}
OURS_503: dict[str, Any] = {
    "status": 503,
    "media_type": PROBLEM,
    "answer": {"type": "service-unavailable"},
}
WRONG = [
    (checks.every_answer_is_one_that_clients_are_told_of, answers("GET /exports", status=404)),
    (checks.every_answer_is_one_that_clients_are_told_of, answers("GET /usage", **OURS_503)),
    (
        checks.every_answer_is_one_that_clients_are_told_of,
        answers("GET /usage", **OURS_503, retry_after="0"),
    ),
    (
        checks.every_answer_is_one_that_clients_are_told_of,
        answers("GET /usage", status=503, answer={"message": "Traceback"}),
    ),
    (
        checks.every_answer_is_one_that_clients_are_told_of,
        answers("GET /usage", status=500, media_type=PROBLEM, answer={"type": "internal-error"}),
    ),
    (checks.every_answer_is_one_that_clients_are_told_of, answers("POST /exports", status=202)),
    (
        checks.every_answer_is_one_that_clients_are_told_of,
        lambda e: e.journal.exchanges.append(replace(e.journal.exchanges[1], call="pry-9")),
    ),
    (checks.every_throttled_call_succeeds_when_repeated, ends_throttled),
    (checks.every_throttled_call_succeeds_when_repeated, answers("GET /usage", **GATEWAYS_503)),
    (checks.nothing_is_lost, lambda e: e.aftermath.unfinished.append("running/ws/1")),
    (checks.nothing_is_lost, in_list(MINE, status="running")),
    (checks.nothing_is_lost, lambda e: e.aftermath.listed[MINE].clear()),
    (
        checks.nothing_is_lost,
        lambda e: e.aftermath.listed[MINE].append(e.aftermath.listed[MINE][0]),
    ),
    (checks.nothing_is_lost, lambda e: e.aftermath.stored[MINE].clear()),
    (checks.nothing_is_lost, answered_with_another_id),
    (checks.nothing_is_lost, unasked),
    (checks.a_key_stands_for_one_export, answered_with_another_id),
    (checks.a_key_stands_for_one_export, lambda e: e.aftermath.claimed[MINE].clear()),
    (
        checks.a_key_stands_for_one_export,
        lambda e: e.aftermath.claimed[MINE].update(other=EXPORT_ID[MINE]),
    ),
    (checks.nothing_is_mixed_up, shown_of_the_other),
    (checks.nothing_is_mixed_up, usage_of_the_other),
    (checks.nothing_is_mixed_up, in_list(MINE, requested_by=subject(THEIRS))),
    (checks.nothing_is_mixed_up, in_file(name="api-usage_ws-load-001_20260210.csv")),
    (
        checks.nothing_is_mixed_up,
        lambda e: e.aftermath.stored[MINE][EXPORT_ID[MINE]]["request"].update(end="2026-02-13"),
    ),
    (checks.exports_end_as_they_should, in_list(MINE, status="cancelled")),
    (
        checks.exports_end_as_they_should,
        in_list(MINE, status="failed", error={"detail": "Athena could not read the call logs."}),
    ),
    (
        checks.exports_end_as_they_should,
        lambda e: e.journal.exchanges.extend(
            replace(x, status=200) for x in [*e.journal.exchanges] if x.method == "DELETE"
        ),
    ),
    (checks.totals_are_those_of_the_call_logs, in_list(MINE, status="rejected")),
    (checks.totals_are_those_of_the_call_logs, in_list(MINE, row_count=1)),
    (checks.totals_are_those_of_the_call_logs, in_file(rows=1)),
    (checks.totals_are_those_of_the_call_logs, in_list(MINE, files=[])),
    (
        checks.totals_are_those_of_the_call_logs,
        lambda e: e.aftermath.listed[MINE][0]["control_totals"].update(cost_usd="0.000001"),
    ),
    (
        checks.totals_are_those_of_the_call_logs,
        lambda e: e.aftermath.listed[MINE][0]["files"][0].update(
            control_totals=totals(e.truth, THEIRS)
        ),
    ),
    (
        checks.totals_are_those_of_the_call_logs,
        in_list(MINE, timeframe={**TIMEFRAME, "end": "2026-02-12T23:00:00.000Z"}),
    ),
    (
        checks.totals_are_those_of_the_call_logs,
        lambda e: [
            x.answer["totals"].update(input_tokens=1)
            for x in e.journal.exchanges
            if x.name == "GET /usage"
        ],
    ),
    (checks.files_have_every_row_of_their_own_and_no_other, file_of_the_other),
    (checks.files_have_every_row_of_their_own_and_no_other, one_row_less),
    (checks.files_have_every_row_of_their_own_and_no_other, in_file(size_bytes=1)),
    (checks.files_have_every_row_of_their_own_and_no_other, in_file(name="another.csv")),
    (checks.no_function_fails, lambda e: e.aftermath.failures.append("[ERROR] KeyError: 'id'")),
    (checks.there_was_something_to_check, lambda e: e.journal.downloads.clear()),
    (checks.there_was_something_to_check, answers("GET /usage", status=404)),
]


@pytest.mark.parametrize(
    ("check", "spoil"), WRONG, ids=lambda value: getattr(value, "__name__", "")
)
def test_each_check_sees_what_it_is_for(
    evidence: Evidence, check: Callable[[Evidence], Iterator[str]], spoil: Spoil
) -> None:
    spoil(evidence)
    assert list(check(evidence))


def test_every_check_is_seen_to_fail() -> None:
    assert {check for check, _ in WRONG} == set(CHECKS)


def test_what_a_function_failed_with_is_in_its_log(tmp_path: Path) -> None:
    (tmp_path / "ExportFunction.log").write_text(
        "START RequestId: 1-2 Version: $LATEST\n"
        '{"level": "ERROR", "message": "a schedule\'s input was refused"}\n'
        "[ERROR] KeyError: 'id'\nTraceback (most recent call last):\n"
        "RequestId: 1-2 Error: Task timed out after 30.00 seconds\n"
    )
    assert failures(tmp_path) == [
        "ExportFunction: [ERROR] KeyError: 'id'",
        "ExportFunction: RequestId: 1-2 Error: Task timed out after 30.00 seconds",
    ]


def test_an_order_without_an_answer_may_have_made_an_export(evidence: Evidence) -> None:
    order = next(e for e in evidence.journal.exchanges if e.status == 200)
    unasked(evidence)
    evidence.journal.exchanges.append(replace(order, call="slow", headers={}, **GATEWAYS_503))
    assert list(checks.nothing_is_lost(evidence)) == []


def test_a_key_with_another_body_may_be_refused_and_one_with_the_same_may_not(
    evidence: Evidence,
) -> None:
    order = next(e for e in evidence.journal.exchanges if e.status == 200)
    refusal = {"type": "urn:api-usage-export:problem:idempotency-key-reused"}
    refused = replace(order, call="9", status=422, media_type=PROBLEM, answer=refusal)
    evidence.journal.exchanges.append(replace(refused, sent={"period": "last_7_days"}))
    assert all_violations(evidence) == {}
    evidence.journal.exchanges[-1] = refused
    assert list(checks.every_answer_is_one_that_clients_are_told_of(evidence))


def test_a_journal_is_read_as_it_was_written(evidence: Evidence, tmp_path: Path) -> None:
    writer = Writer(tmp_path / "journal")
    entries: list[Exchange | Download] = [*evidence.journal.exchanges, *evidence.journal.downloads]
    for entry in entries:
        writer.write(entry)
    writer.close()
    assert Journal.read(tmp_path / "journal") == evidence.journal


def samples(stack: Callable[[int], float], function: Callable[[int], float]) -> list[Sample]:
    return [Sample(at, stack(at), {1: 60.0, 2: function(at)}) for at in range(70)]


def test_memory_that_levels_off_is_bounded() -> None:
    def warms_up(at: int) -> float:
        return 40 if at < 8 else 70

    assert list(outgrown(samples(lambda at: 300 + at * 0.5, warms_up), exports=0)) == []


def test_a_process_that_goes_on_growing_is_seen() -> None:
    (stack,) = outgrown(samples(lambda at: 300 + at * 2, lambda at: 70), exports=0)
    assert "moto" in stack
    assert list(outgrown(samples(lambda at: 300 + at * 2, lambda at: 70), exports=500)) == []
    (function,) = outgrown(samples(lambda at: 300, lambda at: 70 + at * 0.5), exports=500)
    assert "function" in function
    (large,) = outgrown(samples(lambda at: 300, lambda at: FUNCTION_MOST + 1), exports=0)
    assert f"{FUNCTION_MOST} may be" in large


def test_a_run_too_short_to_see_growth_in_does_not_pass_for_one_without() -> None:
    short = samples(lambda at: 300, lambda at: 70)[: WARM_UP + 2]
    assert sorted(line.partition(":")[0] for line in outgrown(short, exports=0)) == sorted(
        [STACK, FUNCTION]
    )


def test_sums_are_read_from_either_kind_of_totals() -> None:
    rest = {"input_tokens": 2, "output_tokens": 3, "cost_usd": "0.5", "unpriced_calls": 1}
    assert Sums.of({**rest, "rows": 1}) == Sums.of({**rest, "calls": 1})
    assert Sums.of({**rest, "rows": 1}) != Sums.of({**rest, "rows": 2})
