"""`python -m tests.faults` writes the tables of `docs/faults.md` anew: look at what has changed."""

from tests.faults.document import write
from tests.faults.functions import Functions
from tests.faults.matrix import Matrix
from tests.faults.tables import tables

functions = Functions()
with functions.loaded():
    for name, seen in tables(Matrix(functions)).items():
        write(name, seen)
