"""What `smoke` says of Athena: as it is here, and as it might be."""

import io
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local.deployment import DeniedError, DeploymentError
from local.smoke import exports, facts
from local.smoke.seen import NotCheckedError, Seen
from local.smoke.smoke import Smoke
from local.stack import LocalStack
from tests.functional.athena_caller import calls, write_call_log
from tests.functional.smoked import Instead, changed, smoke_of


@pytest.fixture(scope="module")
def smoked(stack: LocalStack, today: date, tmp_path_factory: pytest.TempPathFactory) -> Smoke:
    """The stack after a direct export was made and downloaded."""
    smoke = smoke_of(stack, tmp_path_factory.mktemp("smoke"), today)
    for look in (exports.directly, exports.file):
        assert look(smoke).ok
    return smoke


def with_athena(smoke: Smoke, **answers: Callable[..., Any]) -> Smoke:
    """The same, but for some of Athena's answers."""
    return changed(smoke, client=Instead(smoke.client, "athena", **answers))


def query(state: str, reason: str = "", scanned: int = 0) -> Callable[..., Any]:
    """A `get_query_execution` of a query that ended so."""
    status = {"State": state} | ({"StateChangeReason": reason} if reason else {})
    execution = {"Status": status, "Statistics": {"DataScannedInBytes": scanned}}
    return lambda **_: {"QueryExecution": execution}


def refusal(code: str, message: str) -> Callable[..., Any]:
    """A call that Athena refuses."""

    def refuse(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": code, "Message": message}}, "StartQueryExecution")

    return refuse


def fault(seen: Seen) -> str:
    """What a check that failed saw."""
    assert seen.ok is False, seen
    return seen.text


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"', b""), (b"Date", b"date"), (b"\n", b"\r\n"), (b'"Date', b'\xef\xbb\xbf"Date')],
)
def test_another_header_is_shown(smoked: Smoke, old: bytes, new: bytes) -> None:
    assert facts.header(smoked).ok
    file = smoked.downloaded()
    other = changed(smoked, file=replace(file, header=file.header.replace(old, new)))
    assert fault(facts.header(other)).startswith("it is b")


@pytest.mark.parametrize(
    "written",
    [
        b'"Quoted, (Text)","Nothing","Empty"\n"say \\"hi\\"",,""\n',
        b'"Quoted, (Text)","Nothing","Empty"\n"say ""hi""","",""\n',
        b'"Quoted, (Text)","Nothing","Empty"\n"say ""hi""",,\n',
        b'"Quoted, (Text)","Nothing","Empty"\r\n"say ""hi""",,""\r\n',
        b'"quoted, (text)","nothing","empty"\n"say ""hi""",,""\n',
    ],
)
def test_another_way_of_quoting_is_shown(smoked: Smoke, written: bytes) -> None:
    def get_object(**_: Any) -> Any:
        return {"Body": io.BytesIO(written)}

    other = changed(smoked, client=Instead(smoked.client, "s3", get_object=get_object))
    assert fault(facts.quoting(other)) == f"it writes {written.decode()!r}"


class TestOutputRows:
    def counting(self, smoked: Smoke, more: int | None) -> Smoke:
        """The same, where Athena counts so many rows more than there are calls."""
        rows = {} if more is None else {"OutputRows": smoked.made()["row_count"] + more}
        return with_athena(
            smoked,
            get_query_runtime_statistics=lambda **_: {"QueryRuntimeStatistics": {"Rows": rows}},
        )

    def test_it_is_said_whether_the_header_is_counted(self, smoked: Smoke) -> None:
        assert facts.output_rows(smoked).text.endswith("calls: the header is not counted")
        counted = facts.output_rows(self.counting(smoked, 1))
        assert (counted.ok, counted.text.endswith("calls: the header is counted")) == (True, True)

    @pytest.mark.parametrize("more", [-1, 2])
    def test_another_number_is_a_fault(self, smoked: Smoke, more: int) -> None:
        assert fault(facts.output_rows(self.counting(smoked, more))).endswith("it is neither")

    def test_no_number_says_nothing(self, smoked: Smoke, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(facts, "_STATISTICS_SECONDS", 0.2)
        with pytest.raises(NotCheckedError, match="Athena says nothing of it"):
            facts.output_rows(self.counting(smoked, None))


class TestCutoff:
    def test_a_workgroup_that_enforces_none_is_a_fault(self, smoked: Smoke) -> None:
        for settings in (
            {"EnforceWorkGroupConfiguration": False, "BytesScannedCutoffPerQuery": 10_000_000},
            {"EnforceWorkGroupConfiguration": True},
        ):
            workgroup = {"WorkGroup": {"Configuration": settings}}
            lax = with_athena(smoked, get_work_group=lambda answer=workgroup, **_: answer)
            assert "enforces no cutoff" in fault(facts.cutoff(lax))

    def test_a_query_that_reaches_the_cutoff_is_cancelled_with_athenas_words(
        self, smoked: Smoke, stack: LocalStack, tmp_path: Path
    ) -> None:
        digits = os.urandom(6_000_000).hex()
        ids = [{"call_id": digits[start : start + 1000]} for start in range(0, 12_000_000, 1000)]
        day = str(smoked.day)
        write_call_log(tmp_path, "ws-smoke-large", day, calls(ids), use_dictionary=False)
        stack.aws.add_call_logs(tmp_path)
        bucket = stack.template.physical_name("ExportBucket")
        stack.aws.client("athena").create_work_group(
            Name="low",
            Configuration={
                "BytesScannedCutoffPerQuery": 10_000_000,
                "ResultConfiguration": {"OutputLocation": f"s3://{bucket}/athena/"},
            },
        )
        large = changed(smoked, workspace="ws-smoke-large", cutoff_workgroup="low")
        seen = facts.cutoff(large)
        assert seen.ok, seen
        assert seen.text.startswith("CANCELLED after ")
        assert seen.text.endswith("cutoff 10,000,000: Bytes scanned limit was exceeded")
        with pytest.raises(NotCheckedError, match="name a busier day"):
            facts.cutoff(changed(smoked, cutoff_workgroup="low"))

    @pytest.mark.parametrize(
        "answer",
        [
            query("SUCCEEDED", scanned=10_000_001),
            query("CANCELLED", "Query cancelled by user", scanned=10_000_001),
            query("FAILED", "Bytes scanned limit was exceeded", scanned=10_000_001),
        ],
    )
    def test_another_end_is_a_fault(self, smoked: Smoke, answer: Callable[..., Any]) -> None:
        settings = {"Configuration": {"BytesScannedCutoffPerQuery": 10_000_000}}
        other = with_athena(
            changed(smoked, cutoff_workgroup="any"),
            get_work_group=lambda **_: {"WorkGroup": settings},
            start_query_execution=lambda **_: {"QueryExecutionId": "q"},
            get_query_execution=answer,
        )
        assert "after 10,000,001 bytes, cutoff 10,000,000" in fault(facts.cutoff(other))

    def test_a_workgroup_without_a_cutoff_checks_nothing(self, smoked: Smoke) -> None:
        none = with_athena(
            changed(smoked, cutoff_workgroup="any"),
            get_work_group=lambda **_: {"WorkGroup": {"Configuration": {}}},
        )
        with pytest.raises(NotCheckedError, match="the workgroup any has no cutoff"):
            facts.cutoff(none)


class TestTokens:
    def test_a_token_that_starts_another_query_is_a_fault(self, smoked: Smoke) -> None:
        real = smoked.client("athena").start_query_execution

        def start(**given: Any) -> Any:
            given.pop("ClientRequestToken")
            return real(**given)

        forgetful = with_athena(smoked, start_query_execution=start)
        assert fault(facts.same_token(forgetful)) == "another query"
        assert fault(facts.changed_token(forgetful)) == "a query, and no error"

    def test_athenas_words_are_repeated(self, smoked: Smoke) -> None:
        said = facts.changed_token(smoked).text
        assert said == "InvalidRequestException: Idempotent parameters do not match"

    def test_a_missing_permission_is_no_answer(self, smoked: Smoke) -> None:
        message = "User: x is not authorized to perform: athena:StartQueryExecution on it"
        denied = with_athena(
            smoked, start_query_execution=refusal("AccessDeniedException", message)
        )
        for look in (facts.same_token, facts.changed_token, facts.no_workspace, facts.quoting):
            with pytest.raises(DeniedError, match="lack athena:StartQueryExecution on the workgr"):
                look(denied)

    def test_a_permission_that_is_missing_at_the_second_start_is_no_answer(
        self, smoked: Smoke
    ) -> None:
        real, starts = smoked.client("athena").start_query_execution, 0

        def start(**given: Any) -> Any:
            nonlocal starts
            starts += 1
            return real(**given) if starts == 1 else refusal("AccessDeniedException", "No.")()

        with pytest.raises(DeniedError):
            facts.changed_token(with_athena(smoked, start_query_execution=start))

    def test_a_workgroup_that_is_not_there_ends_the_run(self, smoked: Smoke) -> None:
        gone = with_athena(
            smoked,
            start_query_execution=refusal("InvalidRequestException", "WorkGroup x is not found."),
        )
        with pytest.raises(DeploymentError, match="InvalidRequestException, WorkGroup x is not"):
            facts.same_token(gone)


class TestNoWorkspace:
    def test_the_engine_refuses_it_by_name(self, smoked: Smoke) -> None:
        seen = facts.no_workspace(smoked)
        assert seen.ok
        assert seen.text.startswith("FAILED: ")
        assert "workspace_id" in seen.text

    @pytest.mark.parametrize(
        "answer", [query("SUCCEEDED"), query("FAILED", "SYNTAX_ERROR: line 1:1: what")]
    )
    def test_an_answer_is_a_fault(self, smoked: Smoke, answer: Callable[..., Any]) -> None:
        fault(facts.no_workspace(with_athena(smoked, get_query_execution=answer)))

    def test_a_query_that_the_operator_may_not_make_checks_nothing(self, smoked: Smoke) -> None:
        denied = query("FAILED", "Permission denied on S3 path: s3://logs/workspace_id=x")
        with pytest.raises(NotCheckedError, match="your credentials do not do for the query"):
            facts.no_workspace(with_athena(smoked, get_query_execution=denied))
