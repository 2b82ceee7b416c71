"""Settings that all tests share, the choice of the engine that they run on, and their tables."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# Machines are shared and noisy: slowness is not what a property is about.
settings.register_profile(
    "default", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=100
)
settings.load_profile("default")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--engine",
        choices=["duckdb", "trino"],
        default="duckdb",
        help="What runs the SQL. With trino: only tests on the local stack, and those for Trino.",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With Trino, leave out what never comes near an engine; without, what is for Trino alone."""
    is_trino = config.getoption("engine") == "trino"
    left_out = []
    for item in items:
        is_for_trino = item.get_closest_marker("trino") is not None
        uses_engine = is_for_trino or "stack" in getattr(item, "fixturenames", ())
        if (is_for_trino and not is_trino) or (is_trino and not uses_engine):
            left_out.append(item)
        elif is_trino and (embedded := item.get_closest_marker("embedded")):
            item.add_marker(pytest.mark.skip(reason=embedded.args[0]))
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the tables that tests have recorded, as properties named `table`."""
    for report in terminalreporter.stats.get("passed", []):
        for name, table in report.user_properties:
            if name == "table":
                terminalreporter.section(report.head_line)
                terminalreporter.write_line(table)
