"""The statements of docs/call-logs.md: what they would insert, on the engine of these tests.

That Trino inserts it is for `tests/trino`.
"""

from collections.abc import Iterator

import pytest
from sqlglot import exp

from local.stack import LocalStack
from local.template import Template
from tests.call_log_statements import (
    COMPACT,
    COMPACTED,
    OTHERS,
    REWRITE,
    REWRITTEN,
    Objects,
    as_text,
    put_other_layout,
    put_small_files,
    select,
    statement,
    table_input,
)
from tests.functional.athena_caller import AthenaCaller


@pytest.fixture(scope="module")
def objects(stack: LocalStack) -> Iterator[Objects]:
    there = Objects(stack.aws)
    there.make_table("other_calls")
    put_small_files(there)
    put_other_layout(there)
    yield there
    stack.aws.client("glue").delete_table(DatabaseName="api_usage", Name="other_calls")
    there.delete(there.below("raw/"))
    there.delete(there.below("api_calls/workspace_id=ws-small/"))


def test_the_table_that_is_written_into_is_the_call_log_table_beside_itself() -> None:
    beside = table_input(statement(exp.Create, "rewritten"))
    table = Template.load().resource("ApiCallsTable")["Properties"]["TableInput"]
    for declared, columns in (
        (table["PartitionKeys"], beside["PartitionKeys"]),
        (table["StorageDescriptor"]["Columns"], beside["StorageDescriptor"]["Columns"]),
    ):
        assert columns == [{"Name": each["Name"], "Type": each["Type"]} for each in declared]
    assert beside["StorageDescriptor"]["SerdeInfo"] == table["StorageDescriptor"]["SerdeInfo"]
    assert beside["Parameters"]["parquet.compression"] == "ZSTD"


def test_compacting_keeps_each_call_once(stack: LocalStack, objects: Objects) -> None:
    rows = AthenaCaller(stack.aws).run(select(COMPACT)).rows
    assert sorted(rows) == as_text(COMPACTED)
    assert len(rows) == 600


def test_calls_of_another_layout_become_those_of_the_table(
    stack: LocalStack, objects: Objects
) -> None:
    rows = AthenaCaller(stack.aws).run(select(REWRITE)).rows
    assert sorted(rows) == as_text(REWRITTEN)
    assert len(rows) == 288  # a day of one every five minutes
    arrived_late = {row["id"] for day, row in OTHERS if day == "2026-02-01"}
    assert arrived_late & {row[0] for row in rows}
