"""Other people's programs, in an environment of their own, and the stack that they talk to."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from local.engines import EngineName, engine_named
from local.sample_call_logs import write_sample_call_logs
from local.stack import LocalStack
from tests.clients.programs.rows import Row, as_text
from tests.unthrottled import UNTHROTTLED

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".clients" / "bin"
WORKSPACE = "ws-acme"
ROWS = 6_000
COLUMNS = (
    "call_id",
    "called_at",
    "api_key_name",
    "call_type",
    "input_tokens",
    "output_tokens",
    "completion_time_ms",
    "input_token_price",
)
STATEMENT = (
    f"SELECT {', '.join(COLUMNS)} FROM api_calls"
    f" WHERE workspace_id = '{WORKSPACE}' ORDER BY called_at, call_id"
)


@dataclass(frozen=True)
class Ended:
    """A program that has run to its end."""

    status: int
    output: str
    errors: str

    @property
    def json(self) -> Any:
        return json.loads(self.output)


class Clients:
    """Runs programs of `.clients` as an operator's shell does, in a folder of their own."""

    def __init__(self, environment: Mapping[str, str], folder: Path) -> None:
        self.folder = folder
        self._environment = {
            "HOME": str(folder),
            "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "AWS_PAGER": "",
            **environment,
        }

    def aws(self, *arguments: str) -> Ended:
        return self._run(str(BIN / "aws"), *arguments)

    def bash(self, script: str) -> Ended:
        return self._run("bash", "-euc", script)

    def program(self, name: str, *arguments: str) -> Any:
        """What a program of `tests.clients.programs` prints, which is JSON."""
        ended = self._run(str(BIN / "python"), "-m", f"tests.clients.programs.{name}", *arguments)
        assert ended.status == 0, ended.errors
        return ended.json

    def _run(self, *command: str) -> Ended:
        ended = subprocess.run(  # noqa: S603  ours, and pinned
            command,
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture(scope="package", autouse=True)
def installed() -> None:
    if not (BIN.parent / "installed").exists():
        pytest.skip("the clients are not installed: `make test-clients` does it")


@pytest.fixture(scope="package")
def today() -> date:
    return datetime.now(UTC).date()


@pytest.fixture(scope="package")
def call_logs(installed: None, tmp_path_factory: pytest.TempPathFactory, today: date) -> Path:
    """Six weeks of calls up to today."""
    folder = tmp_path_factory.mktemp("samples") / "call-logs"
    write_sample_call_logs(folder, rows=ROWS, days=42, end=today, seed=7)
    return folder


@pytest.fixture(scope="package")
def stack(
    call_logs: Path, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalStack]:
    engine = engine_named(EngineName(pytestconfig.getoption("engine")), print)
    logs = tmp_path_factory.mktemp("logs")
    with LocalStack(call_logs, logs, parameters=UNTHROTTLED, engine=engine) as running:
        yield running


@pytest.fixture
def clients(stack: LocalStack, tmp_path: Path) -> Clients:
    """With the variables that `make serve` prints."""
    return Clients(stack.client_environment, tmp_path)


@pytest.fixture(scope="package")
def logged(call_logs: Path) -> list[Row]:
    """What `STATEMENT` must give, read from the Parquet files themselves."""
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    rows = connection.execute(
        f"SELECT {', '.join(COLUMNS)} FROM read_parquet(?) ORDER BY called_at, call_id".replace(
            "called_at,", "called_at::TIMESTAMP AS called_at,", 1
        ),
        [f"{call_logs}/workspace_id={WORKSPACE}/day=*/*.parquet"],
    ).fetchall()
    assert len(rows) > 1_000  # more than one page of results
    return [[as_text(value) for value in row] for row in rows]
