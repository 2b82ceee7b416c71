"""What is done again and again while something else goes on."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event


@contextmanager
def repeatedly(seconds: float, act: Callable[[], None]) -> Iterator[None]:
    """Do it beside a `with` block, with so many seconds in between, until the block ends.

    What it raises ends it, and is raised after the block.
    """
    over = Event()

    def run() -> None:
        while not over.wait(seconds):
            act()

    with ThreadPoolExecutor(1) as beside:
        done = beside.submit(run)
        try:
            yield
        finally:
            over.set()
    done.result()
