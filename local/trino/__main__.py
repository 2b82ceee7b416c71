"""Fetches Trino, where it is not here: `python -m local.trino`. Exit status 1: it cannot be had."""

import sys

from local.java import JavaMissingError
from local.maven import FetchError
from local.trino.distribution import distribution


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - what the command says


if __name__ == "__main__":
    try:
        _tell(f"Trino lies in {distribution(_tell).server.parent}")
    except (FetchError, JavaMissingError, OSError) as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
