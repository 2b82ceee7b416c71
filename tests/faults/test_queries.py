"""Each way that a query may go × each way in that waits for queries."""

import pytest

from tests.faults.matrix import Matrix
from tests.faults.queries import ENDS, End, query_cell
from tests.faults.ways import QUERIED, WAYS, Way

any_end = pytest.mark.parametrize("end", ENDS, ids=lambda end: end.name)


@any_end
@pytest.mark.parametrize("way", QUERIED, ids=lambda way: way.name)
def test_a_query_may_go_any_way(matrix: Matrix, way: Way, end: End) -> None:
    assert query_cell(matrix.functions, way, end).startswith("20") == (
        way.name == "POST /exports" or end.waits_or_succeeds
    )


@any_end
def test_it_makes_no_difference_which_of_an_exports_queries_it_is(matrix: Matrix, end: End) -> None:
    (way,) = [way for way in WAYS if way.name == "POST /exports"]
    summary, rows = (query_cell(matrix.functions, way, end, role) for role in ("summary", "rows"))
    assert summary == rows
