"""Choosing the engine on the command line, where it is not to be had."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.athena import DuckDbEngine
from local.aws import duckdb_engine
from local.engines import EngineName, engine_named

ROOT = Path(__file__).parents[2]


def run(cache: Path, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """A command of this project, where no other program is found and nothing is fetched yet."""
    return subprocess.run(  # noqa: S603 - this project's own command
        [sys.executable, "-m", *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PATH": "", "XDG_CACHE_HOME": str(cache)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("command", ["export", "serve"])
def test_what_is_missing_is_told_in_a_sentence(
    call_logs: Path, tmp_path: Path, command: str
) -> None:
    asked: list[str | Path] = [
        "--engine",
        "trino",
        "--call-logs",
        call_logs,
        "--workspace",
        "ws-acme",
    ]
    done = run(tmp_path, "local", command, *asked)
    assert done.returncode == 1
    assert "missing" in done.stderr  # Java, or where that is installed, Maven
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.glob("*/trino-*"))


def test_fetching_it_alone_fails_with_the_same_sentence(tmp_path: Path) -> None:
    done = run(tmp_path, "local.trino")
    assert done.returncode == 1
    assert "missing" in done.stderr
    assert "Traceback" not in done.stderr


def test_another_engine_is_not_known(tmp_path: Path) -> None:
    done = run(tmp_path, "local", "export", "--engine", "sqlite")
    assert done.returncode == 2
    assert "duckdb" in done.stderr
    assert "trino" in done.stderr


def test_duckdb_is_what_runs_when_nothing_is_said() -> None:
    assert engine_named(EngineName.DUCKDB, print) is duckdb_engine
    engine = duckdb_engine("http://127.0.0.1:9")
    assert isinstance(engine, DuckDbEngine)
    engine.close()
