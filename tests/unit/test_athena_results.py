"""A query's result object, read: every row whole, or an error."""

import io
from typing import Any

import pytest

from shared.athena import Athena
from shared.aws_errors import ServiceUnavailableError
from shared.query_execution import QueryExecution, QueryState

DONE = QueryExecution("query", QueryState.SUCCEEDED, bucket="exports", key="athena/query.csv")


class OneObject:
    """S3 with one object in it."""

    def __init__(self, content: str) -> None:
        self._content = content.encode()

    def get_object(self, **asked: str) -> dict[str, Any]:
        assert asked == {"Bucket": DONE.bucket, "Key": DONE.key}
        return {"Body": io.BytesIO(self._content)}


def rows(content: str) -> list[dict[str, str]]:
    s3: Any = OneObject(content)
    athena: Any = None
    return list(
        Athena(athena, s3, workgroup="exports", database="logs").result(DONE, having="hour")
    )


def test_a_row_is_read_by_the_names_of_its_columns() -> None:
    content = '"hour","model"\n"2026-01-31 10:00:00",\n,"a ""good"" one,\nin two lines"\n'
    assert rows(content) == [
        {"hour": "2026-01-31 10:00:00", "model": ""},
        {"hour": "", "model": 'a "good" one,\nin two lines'},
    ]


def test_no_rows_are_none() -> None:
    assert rows('"hour","model"\n') == []


@pytest.mark.parametrize("line", ['"2026-01-31 10:00:00"', '"2026-01-31 10:00:00","a","b"', ""])
def test_a_row_that_is_not_whole_is_an_error(line: str) -> None:
    with pytest.raises(ServiceUnavailableError, match=r"zip\(\)"):
        rows(f'"hour","model"\n{line}\n')
