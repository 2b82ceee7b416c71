"""The tables of `docs/faults.md`, as the handlers make them."""

from collections.abc import Mapping

from tests.faults.document import table
from tests.faults.faults import EVERY_CALL, Fault
from tests.faults.matrix import Matrix
from tests.faults.queries import ENDS, query_cell
from tests.faults.ways import LONG_WAY, QUERIED, WAYS


def tables(matrix: Matrix) -> Mapping[str, str]:
    """Heading → table."""
    calls = {
        f"{call}<br>{home.name}": [matrix.cell(home, call, fault) for fault in Fault]
        for call, home in sorted(matrix.homes.items())
    }
    all_at_once = {
        way.name: [matrix.cell(way, EVERY_CALL, fault) for fault in Fault]
        for way in [*WAYS, LONG_WAY]
    }
    queries = {
        end.name: [query_cell(matrix.functions, way, end) for way in QUERIED] for end in ENDS
    }
    return {
        "One call": table(["call, on the way", *Fault], calls),
        "All calls at once": table(["way in", *Fault], all_at_once),
        "Queries": table(["a query", *(way.name for way in QUERIED)], queries),
    }
