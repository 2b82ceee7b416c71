"""`python -m local`."""

from local.cli import cli

cli(prog_name="python -m local")
