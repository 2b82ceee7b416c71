"""docs/smoke.md says of each check, option and permission what there is."""

import re
from pathlib import Path

import typer

from local.smoke import command
from local.smoke.cost import QUERIES, REQUESTS_USD, most_usd
from local.smoke.run import CHECKS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/smoke.md").read_text(encoding="utf-8")
ROWS = [line.strip("|").split(" | ") for line in TEXT.splitlines() if line.startswith("| ")]
FIRST = [row[0].strip() for row in ROWS]


def test_every_check_is_described_in_the_order_in_which_it_is_made() -> None:
    names = [check.name for check in CHECKS]
    assert [first for first in FIRST if first in names] == names


def test_every_option_is_described() -> None:
    alone = typer.Typer(add_completion=False)
    alone.command()(command.smoke)
    options = {
        option
        for parameter in typer.main.get_command(alone).params
        for option in parameter.opts
        if option.startswith("--") and option != "--help"
    }
    described = {option for first in FIRST for option in re.findall(r"--[a-z-]+", first)}
    assert described == options


def test_every_permission_that_may_be_named_is_described() -> None:
    sources = [*(ROOT / "local/smoke").glob("*.py"), ROOT / "local/deployment/stack.py"]
    named = {
        action
        for source in sources
        for action in re.findall(
            r'"((?:athena|cloudformation|lambda|s3):[A-Z]\w+)"', source.read_text()
        )
    }
    assert len(named) == 8
    described = {action for first in FIRST for action in re.findall(r"`([a-z0-9]+:\w+)`", first)}
    assert described == named | {"kms:Decrypt"}


def test_the_arithmetic_is_that_of_the_code() -> None:
    assert f"    {QUERIES} × max(10 MB, the day's logs) × 5 USD/TB + {REQUESTS_USD:.4f} USD" in TEXT
    assert f"each of {QUERIES} queries" in TEXT
    assert f"That is {most_usd(0):.4f} USD for a day of up to 10 MB" in TEXT
    (cent_bytes,) = re.findall(r"and a cent at (\d+) MB", TEXT)
    low, high = (most_usd(int(cent_bytes) * 10**6 + more) for more in (0, 10**6))
    assert low <= 0.01 < high
