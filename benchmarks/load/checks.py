"""Whether every admin got what is theirs, and nothing else: each check yields what is not so."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from benchmarks.load.aftermath import Aftermath
from benchmarks.load.journal import Exchange, Journal
from benchmarks.load.truth import Meant, Sums, Truth, resolved

STATUSES = {
    "POST /exports": {200, 202, 422},
    "GET /exports/{id}": {200},
    "DELETE /exports/{id}": {200, 409},
    "GET /exports": {200},
    "GET /usage": {200, 202},
    "POST /exports/estimate": {200, 202},
    "GET file": {200},
}
"""What a route may answer here, beside the answers of something that is busy."""
BUSY = {429: "Too Many Requests", 500: "Internal Server Error", 503: "Service Unavailable"}
"""API Gateway's own words; 500 is what it makes of a throttled authorizer."""

_PROBLEM = "urn:api-usage-export:problem:"
_FINAL = {"succeeded", "rejected", "failed", "cancelled"}
_FIVE_MINUTES = timedelta(minutes=5)
_SOON = timedelta(minutes=2)


@dataclass(frozen=True)
class Evidence:
    """All that is known of a run."""

    journal: Journal
    aftermath: Aftermath
    truth: Truth
    row_limit: int

    def accepted(self) -> dict[tuple[str, str], list[Exchange]]:
        """(workspace, export id) → the orders that were answered with it."""
        orders: defaultdict[tuple[str, str], list[Exchange]] = defaultdict(list)
        for exchange in self.journal.exchanges:
            if (export_id := _made(exchange)) is not None:
                orders[exchange.workspace, export_id].append(exchange)
        return dict(orders)

    def exports(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every workspace's exports, as it is shown them."""
        for workspace, exports in self.aftermath.listed.items():
            for export in exports:
                yield workspace, export


def every_answer_is_one_that_clients_are_told_of(evidence: Evidence) -> Iterator[str]:
    """A status of the route's; or of something busy, which says when to come back if it can."""
    for exchange in evidence.journal.exchanges:
        said = f"{exchange.name} answered {exchange.status} {exchange.answer}"
        if exchange.status in BUSY and not exchange.is_problem:
            if exchange.answer != {"message": BUSY[exchange.status]}:
                yield f"{said}, which are not API Gateway's words"
        elif exchange.status == 503 or (exchange.status == 202 and exchange.name != "GET file"):
            if not (exchange.retry_after or "").isdigit() or not int(exchange.retry_after or 0):
                yield f"{said} without Retry-After"
        elif exchange.call.startswith("pry-"):
            if exchange.status != 404 or exchange.answer["type"] != f"{_PROBLEM}not-found":
                yield f"{exchange.workspace} asked for another workspace's export: {said}"
        elif exchange.status not in STATUSES[exchange.name] or (
            exchange.status == 422 and not _is_deserved(exchange, evidence.journal)
        ):
            yield said


def no_function_fails(evidence: Evidence) -> Iterator[str]:
    """By their logs: API Gateway's 500 may also be that of a throttled authorizer."""
    yield from evidence.aftermath.failures


def every_throttled_call_succeeds_when_repeated(evidence: Evidence) -> Iterator[str]:
    for attempts in evidence.journal.calls():
        last = attempts[-1]
        if last.is_passing:
            yield (
                f"{last.name} of {last.subject} had no answer in {len(attempts)} attempts but"
                f" {last.status} {last.answer}"
            )


def nothing_is_lost(evidence: Evidence) -> Iterator[str]:
    """Every export that was accepted is listed and stored, once, and has ended."""
    for mark in evidence.aftermath.unfinished:
        yield f"{mark} is still there: an export without an end"
    for workspace, export in evidence.exports():
        if export["status"] not in _FINAL:
            yield f"export {export['id']} of {workspace} is {export['status']} for ever"
    accepted = evidence.accepted()
    for workspace, exports in evidence.aftermath.listed.items():
        ids = [export["id"] for export in exports]
        if ids != sorted(set(ids)):
            yield f"the list of {workspace} is out of order, or has an export twice"
        if set(ids) != evidence.aftermath.stored[workspace].keys():
            yield f"the list of {workspace} is not what is stored: {len(ids)} exports"
        known = {export_id for owner, export_id in accepted if owner == workspace}
        for export_id in known - set(ids):
            yield f"export {export_id} of {workspace} was accepted and is not there"
        unasked = set(ids) - known
        if len(unasked) > (silent := _silent_orders(evidence.journal, workspace)):
            yield (
                f"{workspace} has {len(unasked)} exports that no answer told of,"
                f" and {silent} orders without an answer"
            )


def a_key_stands_for_one_export(evidence: Evidence) -> Iterator[str]:
    ids: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for (workspace, export_id), orders in evidence.accepted().items():
        for key in {order.key for order in orders if order.key is not None}:
            ids[workspace, key].add(export_id)
    for (workspace, key), exports in ids.items():
        digest = hashlib.sha256(key.encode()).hexdigest()
        if exports != {evidence.aftermath.claimed[workspace].get(digest)}:
            yield f"key {key} of {workspace} stands for {sorted(exports)}"
    for workspace, claims in evidence.aftermath.claimed.items():
        if len(set(claims.values())) < len(claims):
            yield f"two keys of {workspace} stand for one export"


def nothing_is_mixed_up(evidence: Evidence) -> Iterator[str]:
    """No answer has an export, a person, a file or an API key of another workspace."""
    home = {exchange.subject: exchange.workspace for exchange in evidence.journal.exchanges}
    for exchange in evidence.journal.exchanges:
        shown = _exports_in(exchange)
        for export in shown:
            yield from _not_of(exchange.workspace, export, home)
        if exchange.name == "GET /usage" and exchange.status == 200:
            keys = [row["id"] for row in exchange.answer["tables"]["api_keys"] if row["id"]]
            if strangers := evidence.truth.workspaces_of(keys) - {exchange.workspace}:
                yield f"the usage of {exchange.workspace} has keys of {sorted(strangers)}"
    for workspace, export in evidence.exports():
        yield from _not_of(workspace, export, home)
    for (workspace, export_id), orders in evidence.accepted().items():
        stored = evidence.aftermath.stored[workspace].get(export_id)
        for order in orders:
            if stored and any(stored["request"][n] != v for n, v in (order.sent or {}).items()):
                yield f"export {export_id} is not what {order.subject} asked for: {order.sent}"
            if stored and order.key is None and stored["requested_by"] != order.subject:
                yield f"export {export_id} of {order.subject} is told as another's"


def exports_end_as_they_should(evidence: Evidence) -> Iterator[str]:
    """None fails, and those are cancelled whose admin was told so."""
    cancelled = {
        (exchange.workspace, exchange.path.rpartition("/")[2])
        for exchange in evidence.journal.exchanges
        if exchange.method == "DELETE" and exchange.status == 200
    }
    for workspace, export in evidence.exports():
        is_cancelled = export["status"] == "cancelled"
        if export["status"] == "failed":
            yield f"export {export['id']} of {workspace} failed: {export['error']['detail']}"
        if is_cancelled != ((workspace, export["id"]) in cancelled):
            yield f"export {export['id']} of {workspace} ended {export['status']} against its admin"


def totals_are_those_of_the_call_logs(evidence: Evidence) -> Iterator[str]:
    """Of exports, of their files, of estimates and of usage; and their timeframes are as asked."""
    for workspace, export in evidence.exports():
        name = f"export {export['id']} of {workspace}"
        if export["status"] in {"succeeded", "rejected"}:
            made_at = [datetime.fromisoformat(export[n]) for n in ("data_through", "created_at")]
            yield from _as_asked(name, export["timeframe"], export["request"], made_at)
            yield from _as_counted(name, workspace, export, export["request"], evidence.truth)
            by_model = sum(model["rows"] for model in export["control_totals"]["by_model"])
            if not export["row_count"] == export["control_totals"]["rows"] == by_model:
                yield f"{name} has {export['row_count']} rows, and {by_model} by model"
            yield from _within(name, export, evidence.row_limit)
        for file in export["files"]:
            yield from _as_counted(file["name"], workspace, file, export["request"], evidence.truth)
    for exchange in evidence.journal.exchanges:
        if exchange.status != 200 or exchange.name not in {"GET /usage", "POST /exports/estimate"}:
            continue
        name, asked = f"{exchange.name} of {exchange.workspace}", exchange.sent or {}
        times = (exchange.at, exchange.at + exchange.seconds)
        at = [datetime.fromtimestamp(time, UTC) for time in times]
        yield from _as_asked(name, exchange.answer["timeframe"], asked, at)
        yield from _as_counted(name, exchange.workspace, exchange.answer, asked, evidence.truth)


def files_have_every_row_of_their_own_and_no_other(evidence: Evidence) -> Iterator[str]:
    """To the byte: each file that an admin fetched is the CSV that the call logs make."""
    exports = {(workspace, export["id"]): export for workspace, export in evidence.exports()}
    expected: dict[tuple[str, str, str], str] = {}
    for download in evidence.journal.downloads:
        export = exports.get((download.workspace, download.export_id))
        file = _file(export, download.name)
        if export is None or file is None:
            yield f"{download.subject} got {download.name}, a file of no export of theirs"
            continue
        if download.size != file["size_bytes"]:
            yield f"{download.name} has {download.size} bytes, and {file['size_bytes']} announced"
        key = (download.workspace, download.export_id, download.name)
        if key not in expected:
            asked = export["request"]
            content = evidence.truth.file(
                Meant.by(download.workspace, file["timeframe"], asked),
                is_extended=asked["columns"] == "extended",
                is_safe=asked["spreadsheet_safe"],
            )
            expected[key] = hashlib.sha256(content).hexdigest()
        if download.content != expected[key]:
            yield f"{download.name} of {download.workspace} ({download.content}) has other rows"


def there_was_something_to_check(evidence: Evidence) -> Iterator[str]:
    answered = {
        exchange.name
        for exchange in evidence.journal.exchanges
        if exchange.status in STATUSES[exchange.name] - {202}
    }
    for name in STATUSES.keys() - answered:
        yield f"no {name} was answered"
    if not evidence.journal.downloads:
        yield "no file was fetched"


CHECKS: tuple[Callable[[Evidence], Iterator[str]], ...] = (
    there_was_something_to_check,
    every_answer_is_one_that_clients_are_told_of,
    no_function_fails,
    every_throttled_call_succeeds_when_repeated,
    nothing_is_lost,
    a_key_stands_for_one_export,
    nothing_is_mixed_up,
    exports_end_as_they_should,
    totals_are_those_of_the_call_logs,
    files_have_every_row_of_their_own_and_no_other,
)


def _made(exchange: Exchange) -> str | None:
    """The id of the export that an order was answered with."""
    if exchange.name != "POST /exports" or exchange.status not in {200, 202, 422}:
        return None
    answer: Mapping[str, Any] = exchange.answer
    made: str | None = answer.get("export_id") if exchange.status == 422 else answer["id"]
    return made


def _is_deserved(exchange: Exchange, journal: Journal) -> bool:
    """Whether a 422 is for too many rows, or for a key that had been used for another request."""
    kind = exchange.answer["type"].removeprefix(_PROBLEM)
    return kind == "row-limit-exceeded" or (
        kind == "idempotency-key-reused"
        and any(
            other.key == exchange.key and other.sent != exchange.sent
            for other in journal.exchanges
            if other.workspace == exchange.workspace
        )
    )


def _silent_orders(journal: Journal, workspace: str) -> int:
    """How many exports there may be that no answer told of."""
    orders = [
        exchange
        for exchange in journal.exchanges
        if exchange.workspace == workspace and exchange.name == "POST /exports"
    ]
    told = {order.key for order in orders if _made(order) is not None}
    untold = {order.key for order in orders} - told - {None}
    keyless = [
        order for order in orders if order.key is None and order.status in {0, 500, 503}
    ]  # a function that was too slow for API Gateway may have made one all the same
    return len(untold) + len(keyless)


def _exports_in(exchange: Exchange) -> list[dict[str, Any]]:
    match exchange.answer:
        case {"exports": list(exports)}:
            return exports
        case {"workspace_id": _}:
            return [exchange.answer]
    return []


def _not_of(workspace: str, export: Mapping[str, Any], home: Mapping[str, str]) -> Iterator[str]:
    if export["workspace_id"] != workspace:
        yield f"{workspace} was shown an export of {export['workspace_id']}"
    if home.get(export["requested_by"]) != workspace:
        yield f"{workspace} was shown an export that {export['requested_by']} asked for"
    for file in export["files"]:
        if not file["name"].startswith(f"api-usage_{workspace}_"):
            yield f"{workspace} was shown the file {file['name']}"


def _as_asked(
    name: str, timeframe: Mapping[str, str], asked: Mapping[str, Any], at: Sequence[datetime]
) -> Iterator[str]:
    """At one of the times between which it was asked, for midnight may lie between them."""
    start, end = (datetime.fromisoformat(timeframe[bound]) for bound in ("start", "end"))
    if not any(_is_meant(start, end, asked, time) for time in at):
        meant = resolved(asked, at[0])
        yield f"{name} is of {start} to {end}, and asked for was {meant[0]} to {meant[1]}"


def _is_meant(start: datetime, end: datetime, asked: Mapping[str, Any], at: datetime) -> bool:
    """A timeframe that is open to the present may end some minutes before, or a moment after."""
    meant_start, meant_end = resolved(asked, at)
    if meant_end == at:
        return start == meant_start and -_SOON <= meant_end - end <= _FIVE_MINUTES + _SOON
    return (start, end) == (meant_start, meant_end)


def _as_counted(
    name: str,
    workspace: str,
    answer: Mapping[str, Any],
    asked: Mapping[str, Any],
    truth: Truth,
) -> Iterator[str]:
    told = Sums.of(answer["control_totals"] if "control_totals" in answer else answer["totals"])
    counted = truth.sums(Meant.by(workspace, answer["timeframe"], asked))
    if told != counted:
        yield f"{name} says {told}, and the call logs {counted}"


def _within(name: str, export: Mapping[str, Any], row_limit: int) -> Iterator[str]:
    """Rejected over the limit alone; files within it, which tile the timeframe."""
    files = export["files"]
    if export["status"] == "rejected":
        if export["row_count"] <= row_limit:
            yield f"{name} was rejected with {export['row_count']} rows"
        return
    bounds = [(file["timeframe"]["start"], file["timeframe"]["end"]) for file in files]
    edges = [export["timeframe"]["start"], *(end for _, end in bounds)]
    if [*(start for start, _ in bounds), export["timeframe"]["end"]] != edges:
        yield f"the files of {name} leave gaps: {bounds}"
    if any(file["rows"] > row_limit for file in files):
        yield f"{name} has a file of more than {row_limit} rows"
    if sum(file["rows"] for file in files) != export["row_count"]:
        yield f"the files of {name} have other rows than the {export['row_count']} of the whole"


def _file(export: Mapping[str, Any] | None, name: str) -> dict[str, Any] | None:
    files = export["files"] if export else []
    return next((file for file in files if file["name"] == name), None)
