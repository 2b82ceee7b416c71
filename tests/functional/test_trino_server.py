"""A Trino that fails to start, or whose starter ends, leaves nothing behind; Java is played."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local.trino.distribution import Distribution
from local.trino.server import TrinoServer, TrinoStartError

ROOT = Path(__file__).parents[2]
PATIENCE = 60

STARTS = """
import signal
import sys
from pathlib import Path
from local.trino.distribution import Distribution
from local.trino.server import TrinoServer

signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in what a shell put aside
nowhere = Path("/nowhere")
TrinoServer(Distribution(nowhere, nowhere, Path(sys.argv[1])), "http://127.0.0.1:9")
"""


def java(folder: Path, script: str) -> Path:
    """A program to be run instead."""
    program = folder / "java"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def distribution(program: Path) -> Distribution:
    return Distribution(server=Path("/nowhere"), hive_plugin=Path("/nowhere"), java=program)


def eventually(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")  # a zombie, which nobody has waited for yet, has ended
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders go."""
    folder = tmp_path / "scratch"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def test_one_that_ends_as_it_starts_is_told_with_its_last_words(
    tmp_path: Path, scratch: Path
) -> None:
    program = java(tmp_path, "echo Loading; echo '1 ERROR main no such plugin'; echo bye; exit 7")
    with pytest.raises(TrinoStartError, match=r"with status 7: 1 ERROR main no such plugin$"):
        TrinoServer(distribution(program), "http://127.0.0.1:9")
    assert list(scratch.iterdir()) == []


def test_one_that_does_not_answer_in_time_is_ended(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.trino.server._START_SECONDS", 0.5)
    program = java(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 600")
    with pytest.raises(
        TrinoStartError, match=r"did not answer within 0\.5 seconds: it said nothing"
    ):
        TrinoServer(distribution(program), "http://127.0.0.1:9")
    assert not is_running(int((tmp_path / "pid").read_text()))
    assert list(scratch.iterdir()) == []


def test_a_java_that_cannot_be_run_leaves_nothing(tmp_path: Path, scratch: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        TrinoServer(distribution(tmp_path / "java"), "http://127.0.0.1:9")
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGKILL])
def test_it_ends_with_whoever_started_it(tmp_path: Path, ending: signal.Signals) -> None:
    file = tmp_path / "pid"
    program = java(tmp_path, f"echo $$ > {file}.part; mv {file}.part {file}; exec sleep 600")
    starter = subprocess.Popen(  # noqa: S603 - this interpreter, and a constant
        [sys.executable, "-c", STARTS, str(program)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stderr=subprocess.DEVNULL,
    )
    eventually(file.exists)
    time.sleep(0.2)  # until it waits for an answer
    assert is_running(int(file.read_text()))
    starter.send_signal(ending)
    assert starter.wait(PATIENCE) != 0
    eventually(lambda: not is_running(int(file.read_text())))
    eventually(lambda: list(tmp_path.glob("local-trino-*")) == [])
