"""What a command is at, for a person at a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console


@contextmanager
def progress(console: Console, text: str) -> Iterator[Callable[[str], None]]:
    """Show a text until the `with` block ends; what it gives shows another one instead.

    Rich takes what is printed meanwhile for the terminal's, and a pipe would get nothing: nothing
    is shown unless all output goes to a terminal.
    """
    if not (sys.stdout.isatty() and sys.stderr.isatty()):
        yield lambda _: None
        return
    with console.status(text) as status:
        yield status.update
