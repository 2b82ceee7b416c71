"""One stack over both engines, for this package."""

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from local.athena import DuckDbEngine
from local.athena.moto_storage import MotoObjects, MotoTables
from local.aws import REGION
from local.sample_call_logs import write_sample_call_logs
from local.stack import LocalStack
from local.trino import TrinoEngine, trino_engine
from tests.trino.both_engines import EitherEngine, Parity
from tests.unthrottled import UNTHROTTLED

ROWS = 6_000
_measured: list[str] = []


@pytest.fixture(scope="package")
def today() -> date:
    return datetime.now(UTC).date()


@pytest.fixture(scope="package")
def engines() -> list[EitherEngine]:
    return []


@pytest.fixture(scope="package")
def stack(
    engines: list[EitherEngine], today: date, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[LocalStack]:
    call_logs = tmp_path_factory.mktemp("samples") / "call-logs"
    write_sample_call_logs(call_logs, rows=ROWS, days=42, end=today, seed=7)

    def either(aws_url: str) -> EitherEngine:
        trino = trino_engine(print)(aws_url)
        assert isinstance(trino, TrinoEngine)
        engines.append(EitherEngine(DuckDbEngine(MotoTables(REGION), MotoObjects()), trino))
        return engines[-1]

    logs = tmp_path_factory.mktemp("logs")
    with LocalStack(call_logs, logs, parameters=UNTHROTTLED, engine=either) as running:
        yield running


@pytest.fixture(scope="package")
def both(stack: LocalStack, engines: list[EitherEngine]) -> EitherEngine:
    return engines[-1]


@pytest.fixture(scope="package")
def parity(both: EitherEngine) -> Iterator[Parity]:
    compared = Parity(both)
    yield compared
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(compared.kinds.items()))
    _measured.append(
        f"Compared on both engines: {compared.statements} statements ({kinds}), "
        f"{compared.values:,} values"
    )


@pytest.fixture(scope="package")
def measured() -> list[str]:
    """Lines to be said when all tests are done."""
    return _measured


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _measured:
        terminalreporter.write_line(line)
