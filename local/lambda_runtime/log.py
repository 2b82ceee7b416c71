"""Where a function's output goes: one file a function, one stream an execution environment."""

import os
from pathlib import Path
from threading import Lock
from typing import Final

TAIL_BYTES: Final = 4096
"""What Lambda tells a caller of the log, at most."""

_PIPE_CAPACITY: Final = 2**20
"""Bytes that one read takes at most; no pipe holds more, so one read empties it."""


class FunctionLog:
    """A file to which whole lines are appended. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()

    def append(self, lines: bytes) -> None:
        """Appends lines, each with its end."""
        with self._lock, self._path.open("ab") as log:
            log.write(lines)


class LogStream:
    """What one process prints, on its way from a pipe to its function's log.

    Somebody has to `take` it: what is printed meanwhile waits in the pipe, and when that is full,
    the process waits too.
    """

    def __init__(self, output: int, log: FunctionLog) -> None:
        os.set_blocking(output, False)
        self._output = output
        self._log = log
        self._unfinished_line = b""
        self.tail = b""
        """The last of what was appended since `begin`, `TAIL_BYTES` at most."""

    def begin(self, line: str) -> None:
        """Appends a line as `write` does, and starts a new tail with it."""
        self.write(line)
        self.tail = line.encode() + b"\n"

    def take(self) -> bool:
        """Appends what has been printed since, as far as lines are finished. False at the end."""
        try:
            printed = os.read(self._output, _PIPE_CAPACITY)
        except BlockingIOError:
            return True
        lines, end, self._unfinished_line = (self._unfinished_line + printed).rpartition(b"\n")
        if end:
            self._append(lines + end)
        return bool(printed)

    def write(self, line: str) -> None:
        """Appends all that was printed, and then a line about it."""
        self.take()
        unfinished = self._unfinished_line and self._unfinished_line + b"\n"
        self._unfinished_line = b""
        self._append(unfinished + line.encode() + b"\n")

    def _append(self, lines: bytes) -> None:
        self._log.append(lines)
        self.tail = (self.tail + lines[-TAIL_BYTES:])[-TAIL_BYTES:]
