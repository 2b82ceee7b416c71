"""What several commands are told, looked at."""

import re

import typer

from shared.workspace import WORKSPACE_ID_PATTERN


def workspace_id(given: str) -> str:
    """A workspace's id, if it is one."""
    if not re.fullmatch(WORKSPACE_ID_PATTERN, given):
        raise typer.BadParameter(
            f"{given!r} is no workspace id: use up to 64 letters, digits, _ and -",
            param_hint="--workspace",
        )
    return given
