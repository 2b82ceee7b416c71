"""How long the API takes on the local stack, as timeframe and workspace grow."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode

from benchmarks.call_logs import write_workspace
from benchmarks.costs import TIMEFRAMES, YEAR
from benchmarks.http_events import request
from benchmarks.measured import figure
from local.stack import LocalStack


def rows(largest: int, rounds: int) -> Iterator[list[str]]:
    """A line for each size of workspace and each timeframe: export, estimate, usage."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    sizes = [10**power for power in range(3, 9) if 10**power <= largest]
    with TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        for calls in sizes:
            last_day = midnight.date() - timedelta(days=1)
            write_workspace(
                folder / "call-logs", f"ws-{calls}", rows=calls, days=YEAR, end=last_day
            )
        with LocalStack(folder / "call-logs", folder / "logs") as stack:
            for calls in sizes:
                timed = _Timed(stack, f"ws-{calls}", midnight)
                timed.export(YEAR, shift=0)  # its files are copied out of S3 once
                for days in TIMEFRAMES:
                    acts = (timed.export, timed.estimate, timed.usage)
                    seconds = [
                        median(act(days, shift=number) for number in range(1, rounds + 1))
                        for act in acts
                    ]
                    yield [f"{calls:,}", f"{days}", *(figure(took, "s") for took in seconds)]


class _Timed:
    """Seconds that requests of a workspace take.

    `shift` moves the start by minutes: what was asked before would be answered from before.
    """

    def __init__(self, stack: LocalStack, workspace_id: str, end: datetime) -> None:
        self._stack = stack
        self._workspace_id = workspace_id
        self._end = end

    def export(self, days: int, *, shift: int) -> float:
        return self._took("ExportFunction", "POST", "/exports", body=self._asked(days, shift))

    def estimate(self, days: int, *, shift: int) -> float:
        body = self._asked(days, shift)
        return self._took("ExportFunction", "POST", "/exports/estimate", body=body)

    def usage(self, days: int, *, shift: int) -> float:
        query = urlencode(self._asked(days, shift))
        return self._took("AnalyticsFunction", "GET", "/usage", query=query)

    def _asked(self, days: int, shift: int) -> dict[str, str]:
        start = self._end - timedelta(days=days) + timedelta(minutes=shift)
        return {"start": start.isoformat(), "end": self._end.isoformat()}

    def _took(self, function: str, method: str, path: str, **asked: Any) -> float:
        event = request(self._workspace_id, method, path, **asked)
        began = time.perf_counter()
        answer = self._stack.invoke(function, event)
        took = time.perf_counter() - began
        assert answer["statusCode"] == 200, answer
        return took
