"""How the local Athena reads the call-log table: projected partitions, files and columns."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import sqlglot
from sqlglot import exp

from local.athena.conditions import column_conditions
from local.athena.engine import QueryFailedError
from local.athena.glue_table import GlueTable
from local.athena.projection import projected_partitions
from local.stack import LocalStack
from local.template import Template
from tests.functional.athena_caller import AthenaCaller, calls, write_call_log

NOW = datetime(2026, 1, 15, 23, 30, tzinfo=UTC)


@pytest.fixture(scope="module")
def caller(stack: LocalStack) -> AthenaCaller:
    return AthenaCaller(stack.aws)


def api_calls_table(parameters: Mapping[str, str] | None = None) -> GlueTable:
    """The template's table, with other parameters where given."""
    (table,) = Template.load().of_type("AWS::Glue::Table").values()
    described = {**table["TableInput"], "DatabaseName": table["DatabaseName"]}
    return GlueTable.from_glue(
        {**described, "Parameters": {**described["Parameters"], **(parameters or {})}}
    )


def days(where: str, table: GlueTable | None = None, now: datetime = NOW) -> list[str]:
    """The days that a statement with this WHERE clause reads."""
    table = table or api_calls_table()
    select = sqlglot.parse_one(f"SELECT * FROM api_calls c WHERE {where}", read="athena")
    assert isinstance(select, exp.Select)
    conditions = column_conditions(select, "c", table.all_columns)
    return [p.values["day"] for p in projected_partitions(table, conditions, now)]


class TestProjection:
    def test_a_partition_lies_where_the_location_template_says(self) -> None:
        table = api_calls_table()
        select = sqlglot.parse_one(
            "SELECT 1 FROM t WHERE workspace_id = 'ws-1' AND day = '2026-01-02'", read="athena"
        )
        conditions = column_conditions(select, "t", table.all_columns)
        (partition,) = projected_partitions(table, conditions, NOW)
        bucket = Template.load().physical_name("CallLogBucket")
        assert (partition.bucket, partition.prefix) == (
            bucket,
            "api_calls/workspace_id=ws-1/day=2026-01-02/",
        )

    def test_without_a_condition_on_the_day_every_day_to_tomorrow_is_read(self) -> None:
        every_day = days("workspace_id = 'a'")
        assert (every_day[0], every_day[-1]) == ("2023-01-01", "2026-01-16")
        assert len(every_day) == (datetime(2026, 1, 16) - datetime(2023, 1, 1)).days + 1  # noqa: DTZ001

    @pytest.mark.parametrize(
        ("condition", "expected"),
        [
            ("day = '2026-01-03'", ["2026-01-03"]),
            ("'2026-01-03' = day", ["2026-01-03"]),
            ("day BETWEEN '2026-01-03' AND '2026-01-05'", ["03", "04", "05"]),
            ("day >= '2026-01-15'", ["15", "16"]),
            ("day > '2026-01-15'", ["16"]),
            ("'2026-01-15' < day", ["16"]),
            ("day < '2023-01-03'", ["2023-01-01", "2023-01-02"]),
            ("day <= '2023-01-01'", ["2023-01-01"]),
            ("day IN ('2026-01-05', '2026-01-03', '2031-01-01')", ["03", "05"]),
            ("c.day >= '2026-01-03' AND ((c.day < '2026-01-05'))", ["03", "04"]),
            ("day = '2022-12-31'", []),
            ("day = '2026-01-17'", []),
            ("day BETWEEN '2026-01-05' AND '2026-01-03'", []),
            ("day = '2026-01-03' AND day = '2026-01-04'", []),
        ],
    )
    def test_conditions_on_the_day_leave_only_days_they_allow(
        self, condition: str, expected: list[str]
    ) -> None:
        short = [day if len(day) > 2 else f"2026-01-{day}" for day in expected]
        assert days(f"workspace_id = 'a' AND {condition}") == short

    @pytest.mark.parametrize(
        "condition",
        [
            "(day = '2026-01-03' OR called_at > timestamp '2026-01-01 00:00:00')",
            "NOT day = '2026-01-03'",
            "substr(day, 1, 4) = '2026'",
            "day LIKE '2026-%'",
            "day = model",
            "other.day = '2026-01-03'",
        ],
    )
    def test_a_condition_that_says_nothing_for_certain_rules_no_day_out(
        self, condition: str
    ) -> None:
        assert days(f"workspace_id = 'a' AND {condition}") == days("workspace_id = 'a'")

    @pytest.mark.parametrize(
        "where",
        [
            "day = '2026-01-01'",
            "workspace_id LIKE 'ws-%'",
            "workspace_id = 'a' OR 1 = 1",
            "NOT workspace_id = 'a'",
            "workspace_id <> 'a'",
            "workspace_id > 'a'",
            "workspace_id = model",
            "lower(workspace_id) = 'a'",
            "other.workspace_id = 'a'",
            "workspace_id = 'a' AND workspace_id LIKE 'a%'",
            "workspace_id IN (SELECT 'a')",
        ],
    )
    def test_no_static_equality_on_the_workspace_is_a_constraint_violation(
        self, where: str
    ) -> None:
        with pytest.raises(QueryFailedError) as raised:
            days(where)
        assert str(raised.value) == (
            "CONSTRAINT_VIOLATION: For the injected projected partition column workspace_id, the "
            "WHERE clause must contain only static equality conditions, and at least one such "
            "condition must be present."
        )

    def test_a_list_of_workspaces_is_static(self) -> None:
        assert days("workspace_id IN ('b', 'a') AND day = '2026-01-01'") == ["2026-01-01"] * 2

    def test_two_workspaces_at_once_are_none(self) -> None:
        assert days("workspace_id = 'a' AND workspace_id = 'b'") == []

    @pytest.mark.parametrize(
        ("day_range", "expected"),
        [
            ("NOW-2DAYS,NOW", ["2026-01-13", "2026-01-14", "2026-01-15"]),
            ("2026-01-14,NOW-1DAY", ["2026-01-14"]),
            ("NOW-1WEEK+6DAYS,NOW-1DAY", ["2026-01-14"]),
        ],
    )
    def test_a_range_may_be_relative_to_now(self, day_range: str, expected: list[str]) -> None:
        table = api_calls_table({"projection.day.range": day_range})
        assert days("workspace_id = 'a'", table) == expected

    def test_another_date_format_is_followed(self) -> None:
        table = api_calls_table(
            {"projection.day.format": "yyyy/MM/dd", "projection.day.range": "2026/01/14,NOW"}
        )
        assert days("workspace_id = 'a'", table) == ["2026/01/14", "2026/01/15"]

    @pytest.mark.parametrize(
        "parameters",
        [
            {"projection.enabled": "false"},
            {"projection.day.type": "enum"},
            {"projection.day.format": "yyyy-MM-dd HH"},
            {"projection.day.range": "2026-01-01"},
            {"storage.location.template": "https://elsewhere/"},
        ],
    )
    def test_a_projection_that_is_not_known_here_says_so(self, parameters: dict[str, str]) -> None:
        with pytest.raises(QueryFailedError, match="INVALID_TABLE_PROPERTY"):
            days("workspace_id = 'a'", api_calls_table(parameters))


@pytest.mark.embedded("Trino says it in other words: tests/trino/test_tenancy.py")
def test_a_statement_without_a_workspace_fails_over_http_too(caller: AthenaCaller) -> None:
    reason = caller.failure("SELECT count(*) FROM api_calls")["StateChangeReason"]
    assert reason.startswith("CONSTRAINT_VIOLATION: For the injected projected partition column")


class TestFiles:
    DAY = "2026-01-01"
    WHERE = f"WHERE workspace_id = 'ws-files' AND day = '{DAY}'"

    @pytest.fixture(autouse=True)
    def four_files(self, stack: LocalStack, tmp_path: Path) -> None:
        """Four files of one day, each written by another hand."""
        row = {
            "call_id": "plain",
            "called_at": datetime(2026, 1, 1, 12, 0, 0, 5000),  # noqa: DTZ001 - UTC, as stored
            "model": "gpt-4o",
            "input_tokens": 1,
            "output_tokens": 2,
            "input_token_price": Decimal("2.500000"),
        }
        plain = calls([row])
        others = {
            "utc": plain.set_column(
                1, "called_at", pa.array([row["called_at"]], pa.timestamp("us", "UTC"))
            ),
            "narrow": plain.set_column(7, "input_tokens", pa.array([1], pa.int32())),
            "bare": pa.table(
                {"call_id": ["bare"], "called_at": plain["called_at"], "prompt": ["secret"]}
            ),
        }
        for name, table in {"plain": plain, **others}.items():
            named = table.set_column(0, "call_id", pa.array([name]))
            write_call_log(tmp_path, "ws-files", self.DAY, named, name)
        stack.aws.add_call_logs(tmp_path)

    def test_columns_are_read_by_name_and_one_that_is_missing_is_null(
        self, caller: AthenaCaller
    ) -> None:
        answer = caller.run(
            "SELECT call_id, called_at, input_tokens, output_tokens, input_token_price, day "
            f"FROM api_calls {self.WHERE} ORDER BY call_id"
        )
        whole = ("2026-01-01 12:00:00.005", "1", "2", "2.500000", self.DAY)
        bare = ("2026-01-01 12:00:00.005", None, None, None, self.DAY)
        assert answer.rows == [
            ("bare", *bare),
            ("narrow", *whole),
            ("plain", *whole),
            ("utc", *whole),
        ]

    def test_timestamps_with_and_without_a_zone_are_one_utc_time(
        self, caller: AthenaCaller
    ) -> None:
        at = "called_at >= timestamp '2026-01-01 12:00:00.005'"
        before = "called_at < timestamp '2026-01-01 12:00:00.006'"
        sql = f"SELECT count(*) FROM api_calls {self.WHERE} AND {at} AND {before}"
        assert caller.run(sql).row == ("4",)

    def test_a_column_that_the_table_does_not_declare_is_not_there(
        self, caller: AthenaCaller
    ) -> None:
        assert "prompt" not in caller.run(f"SELECT * FROM api_calls {self.WHERE}").header
        reason = caller.failure(f"SELECT prompt FROM api_calls {self.WHERE}")["StateChangeReason"]
        assert reason.startswith("COLUMN_NOT_FOUND: line 1:8: Column 'prompt'")

    def test_all_columns_are_the_declared_ones_and_then_the_partition_keys(
        self, caller: AthenaCaller
    ) -> None:
        (table,) = Template.load().of_type("AWS::Glue::Table").values()
        declared = [c["Name"] for c in table["TableInput"]["StorageDescriptor"]["Columns"]]
        keys = [key["Name"] for key in table["TableInput"]["PartitionKeys"]]
        answer = caller.run(f"SELECT * FROM api_calls {self.WHERE}")
        assert list(answer.header) == [*declared, *keys]

    def test_an_object_that_is_replaced_is_read_anew(
        self, caller: AthenaCaller, stack: LocalStack, tmp_path: Path
    ) -> None:
        for call_id in ("before", "after"):
            table = calls([{"call_id": call_id}])
            write_call_log(tmp_path / "new", "ws-replaced", self.DAY, table)
            stack.aws.add_call_logs(tmp_path / "new")
            where = f"WHERE workspace_id = 'ws-replaced' AND day = '{self.DAY}'"
            sql = f"SELECT call_id FROM api_calls {where}"
            assert caller.run(sql).row == (call_id,)

    @pytest.mark.embedded("Trino says it in other words")
    def test_a_type_that_cannot_be_read_names_the_field_and_the_object(
        self, caller: AthenaCaller, stack: LocalStack, tmp_path: Path
    ) -> None:
        table = pa.table({"call_id": ["a"], "input_tokens": ["many"]})
        write_call_log(tmp_path / "bad", "ws-bad", self.DAY, table)
        stack.aws.add_call_logs(tmp_path / "bad")
        where = f"WHERE workspace_id = 'ws-bad' AND day = '{self.DAY}'"
        status = caller.failure(f"SELECT input_tokens FROM api_calls {where}")
        assert status["StateChangeReason"].startswith("HIVE_BAD_DATA: Field input_tokens's type")
        assert "workspace_id=ws-bad/day=2026-01-01/calls.parquet" in status["StateChangeReason"]

    def test_an_object_that_is_no_parquet_file_fails_the_query(self, caller: AthenaCaller) -> None:
        bucket = Template.load().physical_name("CallLogBucket")
        key = f"api_calls/workspace_id=ws-text/day={self.DAY}/calls.parquet"
        caller.s3.put_object(Bucket=bucket, Key=key, Body=b"no Parquet")
        where = f"WHERE workspace_id = 'ws-text' AND day = '{self.DAY}'"
        reason = caller.failure(f"SELECT call_id FROM api_calls {where}")["StateChangeReason"]
        assert reason.startswith("HIVE_BAD_DATA: ")
        assert f"s3://{bucket}/{key}" in reason

    def test_hidden_objects_are_not_read(self, caller: AthenaCaller) -> None:
        bucket = Template.load().physical_name("CallLogBucket")
        for name in ("_SUCCESS", ".part"):
            key = f"api_calls/workspace_id=ws-files/day={self.DAY}/{name}"
            caller.s3.put_object(Bucket=bucket, Key=key, Body=b"no Parquet")
        assert caller.run(f"SELECT count(*) FROM api_calls {self.WHERE}").row == ("4",)

    @pytest.mark.parametrize(
        "value",
        [
            "nobody",
            "../ws-files",
            "ws-files/day=x",
            pytest.param("${day}", marks=pytest.mark.embedded("Trino takes it for a template")),
            "'; --",
        ],
    )
    def test_a_workspace_that_has_no_logs_has_no_rows_but_a_header(
        self, caller: AthenaCaller, value: str
    ) -> None:
        literal = value.replace("'", "''")
        answer = caller.run(
            "SELECT call_id, input_tokens, workspace_id FROM api_calls "
            f"WHERE workspace_id = '{literal}' AND day = '{self.DAY}'"
        )
        assert answer.header == ("call_id", "input_tokens", "workspace_id")
        assert answer.rows == []


@pytest.mark.embedded("Trino reads a small file whole: tests/trino/test_bytes_scanned.py")
class TestBytesScanned:
    ROWS = 40_000
    DAYS = ("2026-02-01", "2026-02-02")
    OF_WORKSPACE = "FROM api_calls WHERE workspace_id = 'ws-bytes'"

    @pytest.fixture(scope="class")
    @classmethod
    def files(cls, stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
        """The footers of two days' files, each of four row groups by time."""
        folder = tmp_path_factory.mktemp("bytes")
        footers = []
        for day in cls.DAYS:
            midnight = datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
            table = calls(
                [
                    {
                        "call_id": f"{day}-{number}",
                        "called_at": int((midnight + number) * 1000),
                        "input_tokens": number * 7919 % 5000,
                    }
                    for number in range(cls.ROWS)
                ]
            )
            path = write_call_log(
                folder, "ws-bytes", day, table, row_group_size=cls.ROWS // 4, compression="zstd"
            )
            footers.append(pq.read_metadata(path))
        stack.aws.add_call_logs(folder)
        return footers

    @staticmethod
    def size(footers: list[Any], *columns: str, groups: range = range(4)) -> int:
        chunks = [
            footer.row_group(group).column(place)
            for footer in footers
            for group in groups
            for place in range(footer.num_columns)
        ]
        return sum(c.total_compressed_size for c in chunks if c.path_in_schema in columns)

    def test_only_the_columns_that_are_needed_count(
        self, caller: AthenaCaller, files: list[Any]
    ) -> None:
        answer = caller.run(f"SELECT sum(input_tokens) {self.OF_WORKSPACE}")
        assert answer.bytes_scanned == self.size(files, "input_tokens") > 0

    def test_columns_of_conditions_count(self, caller: AthenaCaller, files: list[Any]) -> None:
        answer = caller.run(f"SELECT count(*) {self.OF_WORKSPACE} AND input_tokens > 4000")
        assert answer.bytes_scanned == self.size(files, "input_tokens")

    def test_columns_that_an_outer_query_drops_do_not_count(
        self, caller: AthenaCaller, files: list[Any]
    ) -> None:
        inner = f"WITH c AS (SELECT * {self.OF_WORKSPACE})"
        answer = caller.run(f"{inner} SELECT max(input_tokens) FROM c")
        assert answer.bytes_scanned == self.size(files, "input_tokens")

    def test_only_the_days_that_are_asked_for_count(
        self, caller: AthenaCaller, files: list[Any]
    ) -> None:
        answer = caller.run(
            f"SELECT count(DISTINCT call_id) {self.OF_WORKSPACE} AND day = '{self.DAYS[0]}'"
        )
        assert answer.bytes_scanned == self.size(files[:1], "call_id")

    def test_row_groups_that_no_row_can_come_from_do_not_count(
        self, caller: AthenaCaller, files: list[Any]
    ) -> None:
        quarter = self.ROWS // 4  # seconds, and rows, of a row group
        hour, rest = divmod(quarter, 3600)
        end = f"timestamp '{self.DAYS[0]} {hour:02}:{rest // 60:02}:{rest % 60:02}.000'"
        query = f"SELECT max(call_id) {self.OF_WORKSPACE} AND called_at < {end}"
        answer = caller.run(query)

        assert answer.row == (f"{self.DAYS[0]}-{quarter - 1}",)
        expected = self.size(files[:1], "call_id", "called_at", groups=range(1))
        assert answer.bytes_scanned == expected
        statistics = caller.athena.get_query_runtime_statistics(
            QueryExecutionId=answer.execution["QueryExecutionId"]
        )["QueryRuntimeStatistics"]["Rows"]
        assert (statistics["InputRows"], statistics["InputBytes"]) == (quarter, expected)

    def test_counting_rows_reads_nothing(self, caller: AthenaCaller, files: list[Any]) -> None:
        answer = caller.run(f"SELECT count(*) {self.OF_WORKSPACE}")
        assert (answer.row, answer.bytes_scanned) == ((str(self.ROWS * len(files)),), 0)
