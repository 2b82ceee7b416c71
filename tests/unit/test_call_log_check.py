"""Call logs against the contract: clean ones are, and each rule, broken once, is named."""

import os
import re
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from local.call_log_check import (
    Checked,
    Contract,
    Finding,
    FolderPlace,
    Limits,
    PlaceError,
    Within,
    check,
    check_call_logs,
    duplicates,
    place_at,
)
from local.call_log_check import rows as row_check
from local.sample_call_logs import write_sample_call_logs
from local.template import Template
from shared.call_log import CallType

ROOT = Path(__file__).parents[2]
REAL_CALLS = ROOT.parent / "shared" / "data" / "real-calls"
DAY = "workspace_id=ws-acme/day=2026-01-31"
FILE = f"{DAY}/calls.parquet"
TODAY = date(2026, 2, 1)
CONTRACT = Contract.of(Template.load())
PRICE = pa.decimal128(18, 6)
TYPES: dict[str, Any] = {
    "call_id": pa.string(),
    "called_at": pa.timestamp("ms", tz="UTC"),
    "api_key_id": pa.string(),
    "api_key_name": pa.string(),
    "provider": pa.string(),
    "model": pa.string(),
    "call_type": pa.string(),
    "input_tokens": pa.int64(),
    "output_tokens": pa.int64(),
    "completion_time_ms": pa.int64(),
    "input_token_price": PRICE,
    "output_token_price": PRICE,
}
EMBEDDING = {"call_type": "embedding", "output_tokens": None, "output_token_price": None}


def call(number: int, **changed: Any) -> dict[str, Any]:
    """The day's call of this number: one a second, from its first instant on."""
    return {
        "call_id": f"call-{number}",
        "called_at": datetime(2026, 1, 31, 0, number // 60, number % 60, tzinfo=UTC),
        "api_key_id": "key-1",
        "api_key_name": "production",
        "provider": "openai",
        "model": "gpt-5",
        "call_type": "completion",
        "input_tokens": 1_000,
        "output_tokens": 0,
        "completion_time_ms": None,
        "input_token_price": Decimal("1.25"),
        "output_token_price": Decimal(10),
    } | changed


def five(**changed: Any) -> list[dict[str, Any]]:
    """Five calls, an embedding the second; the fourth is changed."""
    calls = [call(number) for number in range(5)]
    calls[1] |= EMBEDDING
    calls[3] |= changed
    return calls


def put(
    folder: Path,
    calls: list[dict[str, Any]],
    name: str = FILE,
    types: Mapping[str, Any] = TYPES,
    row_group_size: int | None = None,
    **options: Any,
) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    columns = {
        column: pa.array([row.get(column) for row in calls]).cast(stored, safe=False)
        if column.endswith("_price")
        else pa.array([row.get(column) for row in calls], stored)
        for column, stored in types.items()
    }
    pq.write_table(pa.table(columns), file, row_group_size=row_group_size, **options)


def findings(folder: Path, **options: Any) -> list[Finding]:
    return list(check_call_logs(FolderPlace(folder), CONTRACT, today=TODAY, **options))


def brief(found: list[Finding]) -> list[tuple[str, str, str, int]]:
    return [(finding.rule, finding.file, finding.column, finding.count) for finding in found]


def test_the_contract_is_the_templates() -> None:
    assert set(CONTRACT.types) == set(TYPES)
    assert CONTRACT.types["called_at"] == "timestamp"
    assert CONTRACT.types["input_token_price"] == "decimal(18,6)"
    assert CONTRACT.nullable == {"completion_time_ms"}
    assert CONTRACT.null_for_embeddings == {"output_tokens", "output_token_price"}
    assert set(CONTRACT.call_types) == set(CallType)
    moved = Contract.of(Template.load(parameters={"FirstDay": "2026-01-01"}))
    assert (CONTRACT.first_day, moved.first_day) == (date(2023, 1, 1), date(2026, 1, 1))


def test_clean_calls_give_no_findings_in_whatever_way_parquet_may_hold_them(
    tmp_path: Path,
) -> None:
    put(tmp_path, five())
    naive = TYPES | {"called_at": pa.timestamp("ms"), "model": pa.large_string()}
    other_ids = [{**row, "call_id": f"b-{number}"} for number, row in enumerate(five())]
    for row in other_ids:
        row["called_at"] = row["called_at"].replace(tzinfo=None)
    put(tmp_path, other_ids, f"{DAY}/naive.parquet", naive)
    third_ids = [{**row, "call_id": f"c-{number}"} for number, row in enumerate(five())]
    dictionaries = TYPES | {"provider": pa.dictionary(pa.int32(), pa.string())}
    put(tmp_path, third_ids, f"{DAY}/part-0003", dictionaries)
    checked = Checked()
    assert findings(tmp_path, checked=checked) == []
    assert (checked.files, checked.calls) == (3, 15)


def test_the_samples_are_clean(tmp_path: Path) -> None:
    write_sample_call_logs(tmp_path / "calls", rows=3_000, days=9, end=TODAY, seed=7)
    assert findings(tmp_path / "calls") == []


@pytest.mark.skipif(not REAL_CALLS.is_dir(), reason=f"the real call logs are not at {REAL_CALLS}")
def test_the_real_calls_are_clean() -> None:
    checked = Checked()
    assert findings(REAL_CALLS, checked=checked) == []
    assert checked.calls == 28_185


@dataclass(frozen=True)
class Broken:
    """A rule, what breaks it, and what is to be seen of it."""

    rule: str
    column: str
    make: Callable[[Path], None]
    example: str
    count: int = 1
    file: str = FILE
    limits: Limits | None = None


def value(rule: str, column: str, example: str, changed: Mapping[str, Any]) -> Broken:
    """One call of five changed."""
    return Broken(rule, column, lambda folder: put(folder, five(**changed)), example)


def typed(rule: str, column: str, stored: Any, convert: Callable[[Any], Any]) -> Broken:
    """A column stored in another type."""

    def make(folder: Path) -> None:
        calls = [{**row, column: convert(row[column])} for row in five()]
        put(folder, calls, types=TYPES | {column: stored})

    return Broken(rule, column, make, str(stored), 5)


def same(stored: Any) -> Any:
    return stored


def many_files(folder: Path) -> None:
    for number in range(12):
        put(folder, [call(number)], f"{DAY}/{number:02}.parquet")


def twice(folder: Path) -> None:
    put(folder, five(), f"{DAY}/a.parquet")
    put(folder, [call(3), call(10), call(10)], f"{DAY}/b.parquet")


def unnamed(folder: Path) -> None:
    put(folder, five(), types={name: TYPES[name] for name in TYPES if name != "model"})


def placed(path: str, calls: list[dict[str, Any]] | None = None) -> Callable[[Path], None]:
    return lambda folder: put(folder, calls or [], path)


def repeated(folder: Path) -> None:
    put(folder, [{**row, "Model": "x"} for row in five()], types=TYPES | {"Model": pa.string()})


def broken_file(folder: Path) -> None:
    put(folder, five())
    whole = (folder / FILE).read_bytes()
    (folder / FILE).write_bytes(whole[: len(whole) // 2])


def packed(folder: Path) -> None:
    put(folder, five())
    table = pq.read_table(folder / FILE, partitioning=None)
    pq.write_table(table, folder / FILE, compression="brotli")


def times_in_nanoseconds(folder: Path) -> None:
    """In a column that says milliseconds."""
    put(folder, five())
    table = pq.read_table(folder / FILE, partitioning=None)
    place = table.schema.get_field_index("called_at")
    wrong = pc.multiply(table.column(place).cast(pa.int64()), 1_000_000)
    table = table.set_column(place, "called_at", wrong.cast(TYPES["called_at"]))
    pq.write_table(table, folder / FILE)


def garbled(folder: Path) -> None:
    put(folder, five())
    table = pq.read_table(folder / FILE, partitioning=None)
    texts = pa.array([b"gpt-5", b"gpt-5", b"gpt-5", b"gpt-\xff", b"gpt-5"], pa.binary())
    texts = pa.StringArray.from_buffers(5, *texts.buffers()[1:])
    place = table.schema.get_field_index("model")
    pq.write_table(table.set_column(place, "model", texts), folder / FILE)


OLD = [{**call(0), "called_at": datetime(2022, 12, 31, tzinfo=UTC)}]
FUTURE = [{**call(0), "called_at": datetime(2026, 2, 3, tzinfo=UTC)}]
BROKEN = [
    # names and types
    Broken("missing-column", "model", unnamed, "no such column", 5),
    Broken("repeated-column", "model", repeated, "model, Model", 2),
    Broken("unknown-column", "user_email",
           lambda folder: put(folder, five(), types=TYPES | {"user_email": pa.string()}),
           "string", 5),
    typed("type", "input_tokens", pa.int32(), same),
    typed("type", "input_token_price", pa.decimal128(20, 6), same),
    typed("type", "output_token_price", pa.float64(), lambda price: price and float(price)),
    typed("type", "called_at", pa.string(), str),
    typed("type", "provider", pa.binary(), str.encode),
    typed("type", "completion_time_ms", pa.null(), same),
    typed("timestamp-unit", "called_at", pa.timestamp("us", tz="UTC"), same),
    # values
    value("null", "call_id", "called_at 2026-01-31 00:00:03", {"call_id": None}),
    value("null", "called_at", "call_id call-3", {"called_at": None}),
    value("null", "api_key_id", "call_id call-3", {"api_key_id": None}),
    value("null", "api_key_name", "call_id call-3", {"api_key_name": None}),
    value("null", "provider", "call_id call-3", {"provider": None}),
    value("null", "model", "call_id call-3", {"model": None}),
    value("null", "call_type", "call_id call-3", {"call_type": None}),
    value("null", "input_tokens", "call_id call-3", {"input_tokens": None}),
    value("null", "output_tokens", "call_id call-3", {"output_tokens": None}),
    value("no-price", "input_token_price", "call_id call-3", {"input_token_price": None}),
    value("no-price", "output_token_price", "call_id call-3", {"output_token_price": None}),
    value("empty", "api_key_id", "call_id call-3", {"api_key_id": ""}),
    value("empty", "model", "call_id call-3", {"model": "  "}),
    value("call-type", "call_type", "Completion", {"call_type": "Completion"}),
    value("embedding-output", "output_tokens", "7", EMBEDDING | {"output_tokens": 7}),
    value("embedding-output", "output_token_price", "1.5",
          EMBEDDING | {"output_token_price": Decimal("1.5")}),
    value("negative", "input_tokens", "-1", {"input_tokens": -1}),
    value("negative", "output_tokens", "-1", {"output_tokens": -1}),
    value("negative", "completion_time_ms", "-5", {"completion_time_ms": -5}),
    value("negative", "input_token_price", "-2.5", {"input_token_price": Decimal("-2.5")}),
    value("negative", "output_token_price", "-2.5", {"output_token_price": Decimal("-2.5")}),
    value("absurd", "input_tokens", "100000001", {"input_tokens": 100_000_001}),
    value("absurd", "output_tokens", "100000001", {"output_tokens": 100_000_001}),
    value("absurd", "completion_time_ms", "1769817600000", {"completion_time_ms": 1769817600000}),
    value("absurd", "input_token_price", "10000.01", {"input_token_price": Decimal("10000.01")}),
    value("absurd", "output_token_price", "0.00001", {"output_token_price": Decimal("0.00001")}),
    value("unsorted", "called_at", "2026-01-31 00:00:01.500",
          {"called_at": datetime(2026, 1, 31, 0, 0, 1, 500_000, tzinfo=UTC)}),
    Broken("outside-day", "called_at",
           placed(FILE, [call(0), call(1, called_at=datetime(2026, 2, 1, tzinfo=UTC))]),
           "2026-02-01 00:00:00"),
    Broken("outside-day", "called_at", times_in_nanoseconds, "9999-12-31 23:59:59", 5),
    Broken("encoding", "model", garbled, "gpt-\\xff", 1),
    Broken("duplicate", "call_id", twice, "call-", 2, f"{DAY}/b.parquet"),
    # places
    Broken("workspace", "workspace_id", placed("workspace_id=w s/day=2026-01-31/x", five()), "w s",
           file="workspace_id=w s/day=2026-01-31/x"),
    Broken("unread-day", "day", placed("workspace_id=a/day=2022-12-31/x", OLD), "2022-12-31",
           file="workspace_id=a/day=2022-12-31/x"),
    Broken("unread-day", "day", placed("workspace_id=a/day=2026-02-03/x", FUTURE), "2026-02-03",
           file="workspace_id=a/day=2026-02-03/x"),
    Broken("layout", "", placed("day=2026-01-31/x.parquet"), "x.parquet",
           file="day=2026-01-31/x.parquet"),
    Broken("layout", "", placed("workspace_id=a/day=2026-01-31/hour=1/x"), "x",
           file="workspace_id=a/day=2026-01-31/hour=1/x"),
    # files
    Broken("not-parquet", "", broken_file, "Parquet"),
    Broken("codec", "", packed, "BROTLI", 5),
    Broken("empty-file", "", placed(FILE), "0 calls"),
    Broken("small-files", "", many_files, "bytes", 12, DAY),
    Broken("huge-file", "", placed(FILE, five()), "MiB", 0, limits=Limits(huge_file=100)),
    Broken("huge-row-group", "", placed(FILE, five()), "MiB", limits=Limits(huge_row_group=100)),
    Broken("tiny-row-group", "", lambda folder: put(folder, five(), row_group_size=2),
           "1 call", 3),
]  # fmt: skip


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: f"{broken.rule}-{broken.column}")
def test_a_rule_broken_once_is_named_and_no_other(tmp_path: Path, broken: Broken) -> None:
    broken.make(tmp_path)
    (finding,) = findings(tmp_path, limits=broken.limits)
    assert (finding.rule, finding.column, finding.file) == (
        broken.rule,
        broken.column,
        broken.file,
    )
    assert finding.count == (broken.count or (tmp_path / FILE).stat().st_size)
    assert broken.example in finding.example
    line = finding.line()
    assert len(line.splitlines()) == 1
    for told in (finding.file, finding.column, f"{finding.count:,}", broken.example):
        assert told in line
    assert line.endswith(finding.advice)
    assert finding.advice.endswith(".")


def test_a_wrong_day_is_named_with_the_calls_that_are_then_outside_it(tmp_path: Path) -> None:
    path = "workspace_id=a/day=20260131/x"
    put(tmp_path, five(), path)
    assert brief(findings(tmp_path)) == [
        ("day", path, "day", 1),
        ("outside-day", path, "called_at", 5),
    ]


def test_a_column_twice_under_one_name_is_named_and_its_values_left_alone(tmp_path: Path) -> None:
    put(tmp_path, five(input_tokens=-1))
    table = pq.read_table(tmp_path / FILE, partitioning=None)
    pq.write_table(
        table.append_column("input_tokens", table.column("input_tokens")), tmp_path / FILE
    )
    assert brief(findings(tmp_path)) == [("repeated-column", FILE, "input_tokens", 2)]


def test_times_in_other_units_are_held_against_the_day_too(tmp_path: Path) -> None:
    late = five(called_at=datetime(2026, 2, 1, tzinfo=UTC))
    put(tmp_path, late, types=TYPES | {"called_at": pa.timestamp("ns", tz="Asia/Tokyo")})
    rules = {finding.rule: finding for finding in findings(tmp_path)}
    assert set(rules) == {"timestamp-unit", "outside-day", "unsorted"}
    assert rules["outside-day"].count == 1


@pytest.mark.parametrize("microsecond", [999_000, 999_001])
def test_int96_times_are_well_as_long_as_they_are_whole_milliseconds(
    tmp_path: Path, microsecond: int
) -> None:
    time = datetime(2026, 1, 31, 0, 0, 3, microsecond, tzinfo=UTC)
    types = TYPES | {"called_at": pa.timestamp("us", tz="UTC")}
    put(tmp_path, five(called_at=time), types=types, use_deprecated_int96_timestamps=True)
    stored = pq.read_metadata(tmp_path / FILE).schema.column(1)
    assert (stored.name, stored.physical_type) == ("called_at", "INT96")
    found = findings(tmp_path)
    if microsecond % 1000 == 0:
        assert found == []
        return
    assert brief(found) == [("timestamp-unit", FILE, "called_at", 1)]
    assert found[0].example == "2026-01-31 00:00:03.999001"


def test_counts_and_order_hold_across_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = [call(number, input_tokens=-number) for number in range(50)]
    calls[20], calls[21] = calls[21], calls[20]
    put(tmp_path, calls)
    monkeypatch.setattr("local.call_log_check.check.BATCH_ROWS", 7)  # 21 begins a batch
    assert row_check.BATCH_ROWS > 7
    assert brief(findings(tmp_path)) == [
        ("negative", FILE, "input_tokens", 49),
        ("unsorted", FILE, "called_at", 1),
    ]


def test_the_same_call_id_in_another_workspace_is_another_call(tmp_path: Path) -> None:
    put(tmp_path, five())
    put(tmp_path, five(), "workspace_id=ws-other/day=2026-01-31/calls.parquet")
    assert findings(tmp_path) == []


def test_a_call_again_on_another_day_is_named_unless_days_are_looked_at_alone(
    tmp_path: Path,
) -> None:
    later = "workspace_id=ws-acme/day=2026-02-01/calls.parquet"
    again = [
        call(3, called_at=datetime(2026, 2, 1, tzinfo=UTC)),
        call(9, called_at=datetime(2026, 2, 1, tzinfo=UTC)),
    ]
    put(tmp_path, five())
    put(tmp_path, again, later)
    (finding,) = findings(tmp_path)
    assert brief([finding]) == [("duplicate", later, "call_id", 1)]
    assert finding.example == f"call-3, also in {FILE}"
    assert findings(tmp_path, within=Within.DAY) == []


@pytest.mark.parametrize("at_once", [50, duplicates.AT_ONCE])
def test_duplicates_are_those_of_an_independent_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(duplicates, "AT_ONCE", at_once)  # fewer are divided by their hash
    written: list[tuple[str, str]] = []
    for day in range(1, 5):
        path = f"workspace_id=a/day=2026-01-0{day}/x"
        calls = [
            call(number, call_id=f"call-{number * day % 97}", called_at=datetime(2026, 1, day))  # noqa: DTZ001
            for number in range(60)
        ]
        put(tmp_path, calls, path, TYPES | {"called_at": pa.timestamp("ms")})
        written += [(row["call_id"], path) for row in calls]
    last = dict(written)  # of each call_id the last file, since later ones replace it
    surplus = Counter(last[call_id] for call_id, _ in written) - Counter(last.values())
    found = [finding for finding in findings(tmp_path) if finding.rule == "duplicate"]
    assert {finding.file: finding.count for finding in found} == surplus
    assert len(surplus) == 3
    for finding in found:
        call_id, _, first_file = finding.example.partition(", also in ")
        files = [file for written_id, file in written if written_id == call_id]
        assert (files[0], files[-1]) == (first_file or finding.file, finding.file)
        assert len(files) > 1


def test_a_disk_too_small_for_the_ids_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, [call(number % 3_600, call_id=f"{number:0999}") for number in range(40_000)])
    connected = check._connected

    def small(spill: str) -> duckdb.DuckDBPyConnection:
        connection = connected(spill)
        connection.execute("SET memory_limit = '20MB'")
        connection.execute("SET max_temp_directory_size = '1MB'")
        return connection

    monkeypatch.setattr(check, "_connected", small)
    with pytest.raises(
        PlaceError, match=r"^The disk at .* is too small .*, or look within days\.$"
    ):
        findings(tmp_path)


def test_counts_are_those_of_an_independent_query(tmp_path: Path) -> None:
    calls = [
        call(number, input_tokens=number % 7 - 1, provider=None if number % 11 == 0 else "x")
        for number in range(1_000)
    ]
    put(tmp_path, calls, row_group_size=None)
    read = f"FROM read_parquet('{tmp_path / FILE}')"
    expected = {}
    for rule, condition in {"negative": "input_tokens < 0", "null": "provider IS NULL"}.items():
        row = duckdb.execute(f"SELECT count(*) {read} WHERE {condition}").fetchone()
        assert row is not None
        expected[rule] = row[0]
    assert {finding.rule: finding.count for finding in findings(tmp_path)} == expected


def test_a_sample_looks_into_so_many_files_and_at_all_names(tmp_path: Path) -> None:
    for number in range(9):
        put(tmp_path, five(input_tokens=-1), f"workspace_id=a{number}/day=2026-01-31/x")
    put(tmp_path, five(), "workspace_id=z z/day=2026-01-31/x")
    checked = Checked()
    rules = [finding.rule for finding in findings(tmp_path, sample=3, checked=checked)]
    assert sorted(rules) == ["negative"] * 3 + ["workspace"]
    assert checked.files == 3


def test_a_workspace_or_a_day_can_be_checked_alone(tmp_path: Path) -> None:
    put(tmp_path, five(input_tokens=-1))
    put(tmp_path, five(), "workspace_id=other/day=2026-01-31/x")
    for folder in (tmp_path / DAY, (tmp_path / DAY).parent):
        assert brief(findings(folder)) == [("negative", FILE, "input_tokens", 1)]


def test_hidden_files_and_what_lies_beside_are_no_call_logs(tmp_path: Path) -> None:
    put(tmp_path, five())
    for name in (f"{DAY}/_SUCCESS", f"{DAY}/.x.crc", "_temporary/x.parquet", "README.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"no call log")
    assert findings(tmp_path) == []


def test_links_are_followed_but_not_round_in_circles(tmp_path: Path) -> None:
    calls, table = tmp_path / "calls", tmp_path / "table"
    put(calls, five())
    table.mkdir()
    for workspace in ("ws-acme", "ws-other"):  # the same folder twice is no circle
        (table / f"workspace_id={workspace}").symlink_to(calls / "workspace_id=ws-acme")
    (calls / DAY / "again").symlink_to(calls / "workspace_id=ws-acme")
    checked = Checked()
    assert findings(table, checked=checked) == []
    assert checked.files == 2


@pytest.mark.parametrize(
    ("put_there", "said"),
    [
        (lambda path: path.symlink_to(path), "symbolic links"),
        (lambda path: path.symlink_to("nowhere"), "No such file"),
        (os.mkfifo, "is neither a file nor a folder."),
    ],
    ids=["link to itself", "link to nothing", "pipe"],
)
def test_what_is_no_file_is_said_in_a_sentence(
    tmp_path: Path, put_there: Callable[[Path], None], said: str
) -> None:
    put(tmp_path, five())
    put_there(tmp_path / DAY / "odd.parquet")
    with pytest.raises(PlaceError, match=rf"odd\.parquet .*{said}"):
        findings(tmp_path)


def test_a_line_stays_one_line_whatever_a_value_holds(tmp_path: Path) -> None:
    put(tmp_path, five(call_type="a\nb\x1b[31m" + "x" * 200))
    (finding,) = findings(tmp_path)
    assert "\\n" in finding.line()
    assert "\x1b" not in finding.line()
    assert len(finding.line()) < 300


@pytest.mark.parametrize("name", ["none", "empty", "file"])
def test_a_place_that_cannot_be_read_is_said_in_a_sentence(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(PlaceError, match=rf"^There (is|are) no .*{name}\.$"):
        findings(tmp_path / name)


@pytest.mark.parametrize("address", ["s3://", "s3:///x", "s3://A b/x", "s3://ab"])
def test_an_address_without_a_bucket_is_refused(address: str) -> None:
    with pytest.raises(PlaceError, match="names no bucket"):
        place_at(address)


def test_the_documentation_names_every_rule_and_no_other() -> None:
    documented = (ROOT / "docs" / "check-logs.md").read_text(encoding="utf-8")
    rules = set(re.findall(r"^\| `([a-z-]+)` \|", documented, re.MULTILINE))
    assert rules == {broken.rule for broken in BROKEN} | {"day"}
