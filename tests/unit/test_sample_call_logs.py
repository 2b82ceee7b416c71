"""Sample call logs: their layout and types, what the calls look like, and that they repeat."""

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.sample_call_logs import ensure_sample_call_logs, write_sample_call_logs
from shared.workspace import WORKSPACE_ID_PATTERN

Query = Callable[..., list[tuple[Any, ...]]]

ROWS, DAYS, END = 20_000, 36, date(2026, 4, 5)


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    output = tmp_path_factory.mktemp("samples") / "call-logs"
    write_sample_call_logs(output, rows=ROWS, days=DAYS, end=END, seed=7)
    return output


@pytest.fixture(scope="module")
def query(samples: Path) -> Iterator[Query]:
    """Asks SQL of a table `calls`: the samples, their partition columns included."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.read_parquet(f"{samples}/*/*/*.parquet", hive_partitioning=True).create("logs")
        connection.execute(
            "CREATE TABLE calls AS SELECT * REPLACE (called_at::TIMESTAMP AS called_at) FROM logs"
        )
        yield lambda sql, *values: connection.execute(sql, values).fetchall()


def _files(output: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(output)): path.read_bytes()
        for path in output.rglob("*")
        if path.is_file()
    }


# Layout and types


def test_the_parquet_schema_is_the_call_log_tables(samples: Path) -> None:
    file = pq.ParquetFile(next(samples.rglob("*.parquet")))
    assert [(field.name, str(field.type)) for field in file.schema_arrow] == [
        ("call_id", "string"),
        ("called_at", "timestamp[ms, tz=UTC]"),
        ("api_key_id", "string"),
        ("api_key_name", "string"),
        ("provider", "string"),
        ("model", "string"),
        ("call_type", "string"),
        ("input_tokens", "int64"),
        ("output_tokens", "int64"),
        ("completion_time_ms", "int64"),
        ("input_token_price", "decimal128(18, 6)"),
        ("output_token_price", "decimal128(18, 6)"),
    ]
    assert file.metadata.metadata is None  # the types above are Parquet's own, with no Arrow hints
    called_at = file.schema.column(1)
    assert called_at.physical_type == "INT64"
    assert called_at.converted_type == "TIMESTAMP_MILLIS"
    assert json.loads(called_at.logical_type.to_json())["isAdjustedToUTC"] is True
    row_group = file.metadata.row_group(0)
    assert {row_group.column(index).compression for index in range(12)} == {"ZSTD"}
    assert [column.column_index for column in row_group.sorting_columns] == [1, 0]


def test_files_are_one_per_workspace_and_day_with_calls(samples: Path) -> None:
    layout = re.compile(
        rf"workspace_id={WORKSPACE_ID_PATTERN}/day=\d{{4}}-\d{{2}}-\d{{2}}/calls\.parquet"
    )
    names = {name for name in _files(samples) if not name.startswith("_")}
    assert names
    assert [name for name in names if not layout.fullmatch(name)] == []


def test_the_summary_counts_what_is_on_disk(samples: Path, query: Query) -> None:
    summary = ensure_sample_call_logs(samples, rows=ROWS, days=DAYS, end=END, seed=7)
    parquet = {name: data for name, data in _files(samples).items() if name.endswith(".parquet")}
    assert summary.files == len(parquet)
    assert summary.bytes == sum(len(data) for data in parquet.values())
    counted: dict[str, int] = dict(query("SELECT workspace_id, count(*) FROM calls GROUP BY 1"))
    assert summary.workspaces == counted | {"ws-empty": 0}
    assert summary.rows == ROWS == sum(counted.values())


# What the calls look like


def test_the_busy_workspace_makes_about_three_fifths_of_the_calls(query: Query) -> None:
    (acme,) = query("SELECT count_if(workspace_id = 'ws-acme') FROM calls")[0]
    assert acme / ROWS == pytest.approx(0.6, abs=0.01)


def test_a_workspace_without_calls_has_no_folder(samples: Path) -> None:
    assert sorted(path.name for path in samples.glob("workspace_id=*")) == [
        "workspace_id=ws-acme",
        "workspace_id=ws-globex",
        "workspace_id=ws-hooli",
        "workspace_id=ws-initech",
    ]


def test_even_the_busy_workspace_has_days_without_calls(samples: Path) -> None:
    days = {path.name for path in samples.glob("workspace_id=ws-acme/day=*")}
    period = {f"day={END - timedelta(days=age)}" for age in range(DAYS)}
    assert period - days == {"day=2026-03-13", "day=2026-03-30"}


def test_keys_differ_widely_in_volume(query: Query) -> None:
    volumes = [
        count
        for (count,) in query(
            "SELECT count(*) FROM calls WHERE workspace_id = 'ws-acme' GROUP BY api_key_id "
            "ORDER BY 1 DESC"
        )
    ]
    assert len(volumes) >= 12
    assert volumes[0] > 15 * volumes[-1]
    assert volumes[0] > sum(volumes) / 4


def test_providers_and_models_are_many(query: Query) -> None:
    providers = query("SELECT DISTINCT provider FROM calls ORDER BY 1")
    assert [name for (name,) in providers] == [
        "anthropic",
        "cloudflare",
        "cohere",
        "google",
        "mistral",
        "openai",
    ]
    models = [name for (name,) in query("SELECT DISTINCT model FROM calls")]
    assert len(models) >= 20
    assert any(name.startswith("@cf/") for name in models)


@pytest.mark.parametrize(
    ("model", "prices"),
    [
        ("gpt-4o", {("2.50", "10.00")}),
        ("gpt-5-mini", {("0.25", "2.00")}),
        ("claude-sonnet-4-5", {("3.00", "15.00")}),
        ("gemini-2.5-flash-lite", {("0.10", "0.40")}),
        ("command-r7b-12-2024", {("0.0375", "0.15")}),
        ("@cf/meta/llama-3.2-1b-instruct", {("0.027", "0.201")}),
        ("text-embedding-3-small", {("0.02", None)}),
        ("o3", {("10.00", "40.00"), ("2.00", "8.00")}),
    ],
)
def test_prices_are_the_providers_list_prices(
    query: Query, model: str, prices: set[tuple[str, str | None]]
) -> None:
    found = query(
        "SELECT DISTINCT input_token_price, output_token_price FROM calls WHERE model = ?", model
    )
    assert set(found) == {
        (Decimal(input_price), None if output_price is None else Decimal(output_price))
        for input_price, output_price in prices
    }


def test_one_price_changes_at_one_instant_inside_the_period(query: Query) -> None:
    changed_at = datetime(2026, 3, 31)  # noqa: DTZ001 - DuckDB gives naive UTC; 30 of 36 days
    before, after = query(
        "SELECT max(called_at) FILTER (WHERE input_token_price = 10),"
        " min(called_at) FILTER (WHERE input_token_price = 2) FROM calls WHERE model = 'o3'"
    )[0]
    assert before < changed_at <= after
    assert after - before < timedelta(days=1)


def test_one_key_gets_a_new_name_and_keeps_its_id(query: Query) -> None:
    renamed = query(
        "SELECT api_key_id, list(DISTINCT api_key_name ORDER BY api_key_name DESC) AS names "
        "FROM calls GROUP BY 1 HAVING len(names) > 1"
    )
    assert renamed == [("key_acme_04", ["Invoice extraction", "Accounts payable"])]
    before, after = query(
        "SELECT max(called_at) FILTER (WHERE api_key_name = 'Invoice extraction'),"
        " min(called_at) FILTER (WHERE api_key_name = 'Accounts payable') FROM calls"
    )[0]
    renamed_at = datetime(2026, 3, 28)  # noqa: DTZ001 - as above; 27 of 36 days
    assert before < renamed_at <= after


@pytest.mark.parametrize(
    "peculiarity",
    [",", '"', "\n", "'", "\\\\", "%", "^=", r"\p{Arabic}", r"\p{Han}", r"\p{Katakana}", "🚀"],
)
def test_some_key_name_has(query: Query, peculiarity: str) -> None:
    (count,) = query(
        "SELECT count(*) FROM calls WHERE regexp_matches(api_key_name, ?)", peculiarity
    )[0]
    assert count > 0


def test_embeddings_alone_have_neither_output_tokens_nor_an_output_price(query: Query) -> None:
    types = query(
        "SELECT DISTINCT call_type, output_tokens IS NULL, output_token_price IS NULL FROM calls "
        "ORDER BY 1"
    )
    assert types == [("completion", False, False), ("embedding", True, True)]


def test_nothing_else_is_null_but_a_few_durations(query: Query) -> None:
    nullable = {"output_tokens", "output_token_price", "completion_time_ms"}
    required = [name for (name, *_) in query("DESCRIBE calls")]
    complete = [name for name in required if name not in nullable]
    counts = ", ".join(f"count({name})" for name in complete)
    assert set(query(f"SELECT {counts} FROM calls")[0]) == {ROWS}
    (untimed,) = query("SELECT count(*) - count(completion_time_ms) FROM calls")[0]
    assert 0 < untimed < ROWS / 100


def test_working_hours_are_busier_than_nights_and_working_days_than_weekends(query: Query) -> None:
    day, night = query(
        "SELECT count(*) FILTER (WHERE hour(called_at) BETWEEN 8 AND 15),"
        " count(*) FILTER (WHERE hour(called_at) NOT BETWEEN 5 AND 20)"
        " FROM calls WHERE workspace_id = 'ws-acme'"
    )[0]
    assert day > 2 * night
    weekday, weekend = query(
        "SELECT count(*) FILTER (WHERE isodow(called_at) <= 5)"
        " / count(DISTINCT called_at::DATE) FILTER (WHERE isodow(called_at) <= 5),"
        " count(*) FILTER (WHERE isodow(called_at) > 5)"
        " / count(DISTINCT called_at::DATE) FILTER (WHERE isodow(called_at) > 5)"
        " FROM calls WHERE workspace_id = 'ws-acme'"
    )[0]
    assert 1.5 * weekend < weekday < 3 * weekend


def test_token_counts_are_log_normal(query: Query) -> None:
    # A log-normal is symmetric on a logarithmic scale, and its long tail lifts mean over median.
    low, median, high, mean = query(
        "SELECT ln(quantile_cont(output_tokens, 0.1)), ln(quantile_cont(output_tokens, 0.5)),"
        " ln(quantile_cont(output_tokens, 0.9)), ln(avg(output_tokens))"
        " FROM calls WHERE api_key_id = 'key_acme_01'"
    )[0]
    assert high - median == pytest.approx(median - low, rel=0.1)
    assert mean - median > 0.2


def test_no_call_is_longer_than_its_models_context(query: Query) -> None:
    longest: dict[str, int] = dict(query("SELECT model, max(input_tokens) FROM calls GROUP BY 1"))
    assert longest["@cf/baai/bge-small-en-v1.5"] <= 512
    assert longest["text-embedding-3-small"] <= 8_192
    assert longest["claude-sonnet-4-5"] <= 200_000


def test_durations_follow_output_tokens_and_the_models_speed(query: Query) -> None:
    correlations = query(
        "SELECT corr(completion_time_ms, output_tokens) FROM calls "
        "WHERE output_tokens IS NOT NULL GROUP BY model"
    )
    assert all(correlation > 0.4 for (correlation,) in correlations)
    speeds: dict[str, Any] = dict(
        query(
            "SELECT model, sum(output_tokens) / sum(completion_time_ms) FROM calls "
            "WHERE completion_time_ms IS NOT NULL GROUP BY 1"
        )
    )
    assert speeds["gemini-2.5-flash"] > 1.5 * speeds["gpt-4o"]


def test_some_calls_arrive_in_the_same_millisecond(query: Query) -> None:
    ties = query("SELECT 1 FROM calls GROUP BY workspace_id, called_at HAVING count(*) > 1")
    assert len(ties) > ROWS / 1000


# Invariants


@settings(max_examples=15, deadline=None)
@given(
    rows=st.integers(0, 300),
    days=st.integers(1, 16),
    end=st.dates(date(1999, 1, 1), date(2100, 1, 1)),
    seed=st.integers(),
)
def test_any_samples_are_complete_ordered_and_inside_their_days(
    rows: int, days: int, end: date, seed: int
) -> None:
    with TemporaryDirectory() as directory:
        output = Path(directory, "call-logs")
        summary = write_sample_call_logs(output, rows=rows, days=days, end=end, seed=seed)
        call_ids = []
        for file in output.rglob("*.parquet"):
            day = date.fromisoformat(file.parent.name.removeprefix("day="))
            assert end - timedelta(days=days) < day <= end
            calls = pq.ParquetFile(file).read(columns=["called_at", "call_id"]).to_pylist()
            keys = [(call["called_at"], call["call_id"]) for call in calls]
            assert keys == sorted(keys)
            assert {called_at.astimezone(UTC).date() for called_at, _ in keys} == {day}
            call_ids += [call_id for _, call_id in keys]
        assert len(call_ids) == len(set(call_ids)) == rows == summary.rows
        assert sum(summary.workspaces.values()) == rows


def test_the_same_arguments_give_the_same_bytes(samples: Path, tmp_path: Path) -> None:
    again = tmp_path / "again"
    write_sample_call_logs(again, rows=ROWS, days=DAYS, end=END, seed=7)
    assert _files(again) == _files(samples)


def test_another_seed_gives_other_calls(tmp_path: Path) -> None:
    for name, seed in {"one": 1, "two": 2}.items():
        write_sample_call_logs(tmp_path / name, rows=300, days=9, end=END, seed=seed)
    one, two = _files(tmp_path / "one"), _files(tmp_path / "two")
    assert one.keys() & two.keys()
    assert all(one[name] != two[name] for name in one.keys() & two.keys())
