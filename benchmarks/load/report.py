"""The run as tables, and what was found wrong."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import median, quantiles

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.load.checks import STATUSES, Evidence
from benchmarks.load.journal import Exchange
from benchmarks.load.memory import Sample, growths

_SHOWN = 10
"""Violations of a check."""


def print_report(
    evidence: Evidence,
    samples: Sequence[Sample],
    found: Mapping[str, Sequence[str]],
    seconds: float,
) -> None:
    """To standard output."""
    console = Console(highlight=False)
    journal = evidence.journal
    requests = [exchange for exchange in journal.exchanges if exchange.route != "file"]
    subjects = {exchange.subject for exchange in requests}
    console.print(
        f"{len(subjects)} admins of {len({exchange.workspace for exchange in requests})} workspaces"
        f" sent {len(requests):,} requests in {seconds:.0f} s,"
        f" {len(requests) / seconds:.0f} a second."
    )
    console.print(_routes(journal.exchanges))
    console.print(_throttles(evidence))
    console.print(_exports(evidence))
    console.print(_memory(samples))
    for check, violations in found.items():
        verdict = f"[red]{len(violations)} violations[/]" if violations else "[green]holds[/]"
        console.print(f"{check.replace('_', ' ')}: {verdict}")
        for violation in violations[:_SHOWN]:
            console.print(f"  {escape(violation)}")


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    return table


def _routes(exchanges: Sequence[Exchange]) -> Table:
    table = _table("Answers", "route", "requests", "median s", "95 % s", "max s", "statuses")
    for name in STATUSES:
        mine = [exchange for exchange in exchanges if exchange.name == name]
        times = [exchange.seconds for exchange in mine if exchange.status < 400] or [0.0]
        slow = quantiles(times, n=20, method="inclusive")[-1] if len(times) > 1 else times[0]
        statuses = Counter(exchange.status for exchange in mine)
        table.add_row(
            name,
            f"{len(mine):,}",
            f"{median(times):.2f}",
            f"{slow:.2f}",
            f"{max(times):.2f}",
            ", ".join(f"{status}: {count:,}" for status, count in sorted(statuses.items())),
        )
    table.caption = "Times are of answers below 400; POST /exports waits as long as Prefer says."
    return table


def _throttles(evidence: Evidence) -> Table:
    table = _table("Throttled", "by", "answers", "calls", "then answered")
    kinds: dict[str, Callable[[Exchange], bool]] = {
        "the API's rate: 429": lambda e: e.status == 429,
        "the authorizer's processes: 500": lambda e: e.status == 500,
        "a function's processes: 503": lambda e: e.status == 503 and not e.is_problem,
        "Athena's queue: 503, Retry-After": lambda e: e.status == 503 and e.is_problem,
    }
    for kind, is_of in kinds.items():
        calls = [attempts for attempts in evidence.journal.calls() if any(map(is_of, attempts))]
        table.add_row(
            kind,
            f"{sum(is_of(exchange) for attempts in calls for exchange in attempts):,}",
            f"{len(calls):,}",
            f"{sum(not attempts[-1].is_passing for attempts in calls):,}",
        )
    return table


def _exports(evidence: Evidence) -> Table:
    table = _table("Exports", "ended", "exports", "files", "rows")
    outcomes = Counter(export["status"] for _, export in evidence.exports())
    for status, count in outcomes.most_common():
        files = [
            file
            for _, export in evidence.exports()
            if export["status"] == status
            for file in export["files"]
        ]
        rows = sum(file["rows"] for file in files)
        table.add_row(status, f"{count:,}", f"{len(files):,}", f"{rows:,}")
    downloads = evidence.journal.downloads
    megabytes = sum(download.size for download in downloads) / 1e6
    table.caption = f"{len(downloads):,} downloads, {megabytes:,.0f} MB, each compared to the byte."
    return table


def _memory(samples: Sequence[Sample]) -> Table:
    table = _table("Resident memory, MB", "process", "first third", "last third", "most")
    for growth in growths(samples):
        table.add_row(growth.of, *(f"{v:.0f}" for v in (growth.first, growth.last, growth.most)))
    processes = max((len(sample.functions) for sample in samples), default=0)
    whole = max((sum(sample.functions.values()) for sample in samples), default=0)
    table.caption = f"At most {processes} processes of functions, {whole:.0f} MB together."
    return table
