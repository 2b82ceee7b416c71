"""The functions, loaded once, and what came of each fault."""

from collections.abc import Iterator

import pytest

from tests.faults.functions import Functions
from tests.faults.matrix import Matrix


@pytest.fixture(scope="package")
def matrix() -> Iterator[Matrix]:
    functions = Functions()
    with functions.loaded():
        yield Matrix(functions)
