"""The statements of docs/call-logs.md on the engine under Athena, which really writes here."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from moto.glue.responses import GlueResponse

from local.athena import Engine
from local.call_log_check import Contract, FolderPlace, check_call_logs
from local.stack import LocalStack
from local.template import Template
from local.trino import TrinoEngine
from local.trino.distribution import distribution
from local.trino.server import TrinoServer
from shared.queries import CallSelection, summary_query
from tests.call_log_statements import (
    BUCKET,
    COMPACT,
    COMPACTED,
    DAY,
    REWRITE,
    REWRITTEN,
    SMALL,
    Objects,
    Row,
    as_text,
    put_other_layout,
    put_small_files,
    rows_of,
    select,
)
from tests.trino.both_engines import EitherEngine, Parity, found
from tests.trino.test_bytes_scanned import AN_HOUR, CALLS, THE_DAY, day_of_calls

pytestmark = pytest.mark.trino

BESIDE = "rewritten/"
INTO = "api_calls/"


@pytest.fixture(scope="module")
def writing(stack: LocalStack) -> Iterator[TrinoEngine]:
    """A Trino that may write, over the same stack."""
    with pytest.MonkeyPatch.context() as patch:
        # asked for by Trino after each write; moto's Glue has no statistics to delete
        for table_or in ("table", "partition"):
            name = f"delete_column_statistics_for_{table_or}"
            patch.setattr(GlueResponse, name, lambda _: "{}", raising=False)
        server = TrinoServer(distribution(print), stack.aws.endpoint_url, writes=True)
        with closing(TrinoEngine(server)) as engine:
            yield engine


@pytest.fixture(scope="module")
def objects(stack: LocalStack) -> Objects:
    there = Objects(stack.aws)
    there.make_table("other_calls")
    there.make_table("rewritten")
    put_small_files(there)
    put_other_layout(there)
    return there


@pytest.fixture(scope="module")
def compacted(writing: TrinoEngine, objects: Objects) -> dict[str, bytes]:
    return inserted(writing, objects, COMPACT, len(COMPACTED))


@pytest.fixture(scope="module")
def rewritten(writing: TrinoEngine, objects: Objects) -> dict[str, bytes]:
    return inserted(writing, objects, REWRITE, len(REWRITTEN))


def inserted(engine: Engine, objects: Objects, insert: str, count: int) -> dict[str, bytes]:
    """What a statement writes, by key, taken away again."""
    assert found(engine, insert).rows == [(str(count),)]
    files = objects.below(BESIDE)
    objects.delete(files)
    return files


def findings(files: dict[str, bytes], folder: Path) -> list[str]:
    """What `check-logs` says of files."""
    for key, content in files.items():
        file = folder / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    contract = Contract.of(Template.load())
    place = FolderPlace(folder / "rewritten")
    today = date.fromisoformat(DAY) + timedelta(days=1)
    return [finding.line() for finding in check_call_logs(place, contract, today=today)]


def test_both_engines_select_the_same(objects: Objects, parity: Parity) -> None:
    compact, rewrite = parity.check(("compacting", select(COMPACT)), ("rewriting", select(REWRITE)))
    assert sorted(compact.rows) == as_text(COMPACTED)
    assert sorted(rewrite.rows) == as_text(REWRITTEN)


def test_a_compacted_day_is_one_file_with_each_call_once_in_order(
    compacted: dict[str, bytes], tmp_path: Path
) -> None:
    (key,) = compacted
    assert key.startswith(f"{BESIDE}workspace_id={SMALL}/day={DAY}/")
    rows = rows_of(compacted)
    assert as_text(rows) == as_text(COMPACTED)
    order = [(row["called_at"], row["call_id"]) for row in rows]
    assert order == sorted(order)
    assert findings(compacted, tmp_path) == []


def test_calls_of_another_layout_are_written_where_the_table_looks(
    rewritten: dict[str, bytes], tmp_path: Path
) -> None:
    workspaces = {row["workspace_id"] for row in REWRITTEN}
    assert {key.rpartition("/")[0] for key in rewritten} == {
        f"{BESIDE}workspace_id={workspace}/day={DAY}" for workspace in workspaces
    }
    assert as_text(rows_of(rewritten)) == as_text(REWRITTEN)
    assert findings(rewritten, tmp_path) == []


def test_times_are_written_as_int96_as_the_page_says(
    compacted: dict[str, bytes], tmp_path: Path
) -> None:
    (content,) = compacted.values()
    (tmp_path / "calls").write_bytes(content)
    stored = pq.read_metadata(tmp_path / "calls").schema.column(1)
    assert (stored.name, stored.physical_type) == ("called_at", "INT96")


def test_an_hour_of_int96_times_is_the_whole_day_and_of_milliseconds_its_row_groups(
    both: EitherEngine, objects: Objects
) -> None:
    scanned = {}
    for workspace, is_int96 in (("ws-milliseconds", False), ("ws-int96", True)):
        objects.put(
            f"{INTO}workspace_id={workspace}/day={THE_DAY}/calls",
            day_of_calls(THE_DAY, CALLS),
            row_group_size=CALLS // 6,
            compression="zstd",
            use_deprecated_int96_timestamps=is_int96,
        )
        answer = found(both.trino, summary_query(CallSelection(workspace, AN_HOUR)))
        scanned[workspace] = (sorted(map(str, answer.rows)), answer.scanned.rows)
    assert scanned["ws-milliseconds"][0] == scanned["ws-int96"][0]
    assert scanned["ws-int96"][1] == CALLS
    assert scanned["ws-milliseconds"][1] <= CALLS // 3


@pytest.mark.parametrize("on_trino", [False, True])
def test_exports_of_exchanged_files_have_the_calls_and_their_cost(
    stack: LocalStack,
    both: EitherEngine,
    objects: Objects,
    compacted: dict[str, bytes],
    rewritten: dict[str, bytes],
    *,
    on_trino: bool,
) -> None:
    s3 = stack.aws.client("s3")
    objects.delete(objects.below(f"{INTO}workspace_id={SMALL}/day={DAY}/"))
    for key, content in {**compacted, **rewritten}.items():
        s3.put_object(Bucket=BUCKET, Key=INTO + key.removeprefix(BESIDE), Body=content)
    expected: dict[str, list[Row]] = {}
    for row in [*COMPACTED, *REWRITTEN]:
        expected.setdefault(row["workspace_id"], []).append(row)
    assert len(expected) == 4
    with both.on(both.trino if on_trino else both.duckdb):
        for workspace, rows in expected.items():
            asked = {"workspace_id": workspace, "start": DAY, "end": DAY, "timezone": "UTC"}
            export = stack.invoke("ExportFunction", asked)
            totals = export["control_totals"]
            assert (export["status"], totals["rows"]) == ("succeeded", len(rows))
            assert Decimal(totals["cost_usd"]) == sum(map(cost, rows))


def cost(row: Row) -> Decimal:
    """In USD."""
    output = (row["output_tokens"] or 0) * (row["output_token_price"] or 0)
    total: Decimal = row["input_tokens"] * row["input_token_price"] + output
    return total / 1_000_000
