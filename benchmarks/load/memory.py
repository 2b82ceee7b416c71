"""How much memory the stack takes while it works, and whether that grows."""

import os
import statistics
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

STACK = "gateway, moto and DuckDB"
FUNCTION = "the function that grew most"
STACK_GROWTH = 40
GROWTH_PER_EXPORT = 0.2
"""moto keeps what S3 would: manifests, marks, summaries and files."""
FUNCTION_GROWTH = 15
WARM_UP = 10
"""Samples of a process, a second each, in which it still loads what it needs."""
FUNCTION_MOST = 256
"""Megabytes, all of them; a function has 512."""


@dataclass(frozen=True)
class Sample:
    """Resident megabytes at one time.

    Attributes:
        at: Seconds since 1970.
        stack: Of the process that is gateway, moto and DuckDB.
        functions: Of each process of a function, by process id.
    """

    at: float
    stack: float
    functions: dict[int, float]


def sample() -> Sample:
    """This process and the functions', now."""
    listed = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,rss=,args="], capture_output=True, text=True, check=True
    ).stdout
    processes = [line.split(maxsplit=3) for line in listed.splitlines()]
    functions = {
        int(pid): int(rss) / 1024
        for pid, parent, rss, *arguments in processes
        if int(parent) == os.getpid() and "lambda_runtime" in "".join(arguments)
    }
    (stack,) = (int(rss) / 1024 for pid, _, rss, *_ in processes if int(pid) == os.getpid())
    return Sample(time.time(), stack, functions)


@dataclass(frozen=True)
class Growth:
    """Megabytes in the first and in the last third of a run, the median of each; and the most."""

    of: str
    first: float
    last: float
    most: float


def growths(samples: Sequence[Sample]) -> list[Growth]:
    """Of the stack, and of the function's process that grew most, with the most of any of them."""
    processes = {pid for sample in samples for pid in sample.functions}
    lives = [
        [sample.functions[pid] for sample in samples if pid in sample.functions]
        for pid in processes
    ]
    functions = [_growth(FUNCTION, life) for life in lives if len(life) >= WARM_UP + 3]
    most = max((max(life) for life in lives), default=0.0)
    stack = [sample.stack for sample in samples]
    found = [_growth(STACK, stack)] if len(stack) >= WARM_UP + 3 else []
    functions.sort(key=lambda growth: growth.first - growth.last)
    return found + [replace(growth, most=most) for growth in functions[:1]]


def _growth(of: str, megabytes: Sequence[float]) -> Growth:
    warm = megabytes[WARM_UP:]
    third = len(warm) // 3
    first, last = statistics.median(warm[:third]), statistics.median(warm[-third:])
    return Growth(of, first, last, max(megabytes))


def outgrown(samples: Sequence[Sample], exports: int) -> Iterator[str]:
    """What takes more memory than it may, or goes on growing, or cannot be told from this run."""
    allowed = {STACK: STACK_GROWTH + exports * GROWTH_PER_EXPORT, FUNCTION: FUNCTION_GROWTH}
    measured = growths(samples)
    for unmeasured in allowed.keys() - {growth.of for growth in measured}:
        yield f"{unmeasured}: the run was too short to tell: raise --seconds"
    for growth in measured:
        if growth.last - growth.first > allowed[growth.of]:
            yield (
                f"{growth.of}: {growth.first:.0f} MB became {growth.last:.0f} MB,"
                f" and {allowed[growth.of]:.0f} MB more may be"
            )
        if growth.of == FUNCTION and growth.most > FUNCTION_MOST:
            yield f"{growth.of}: {growth.most:.0f} MB, and {FUNCTION_MOST} may be"
