"""What can be asked for, and what cannot."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.call_log import FILTERS, Columns
from shared.export_request import DirectRequest, ExportRequest
from shared.timeframe import Period, Timeframe, TimeframeRequest
from shared.workspace import WORKSPACE_ID_PATTERN

JANUARY = Timeframe(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC))
SCHEDULE = {
    "workspace_id": "ws-acme",
    "period": "previous_month",
    "schedule_arn": "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/monthly",
    "scheduled_time": "2026-02-01T03:00:00Z",
}


def faults(model: type[ExportRequest], body: dict[str, Any]) -> list[tuple[str | int, ...]]:
    """Where a body is wrong."""
    with pytest.raises(ValidationError) as error:
        model.model_validate(body)
    return [fault["loc"] for fault in error.value.errors()]


def test_nothing_at_all_can_be_asked() -> None:
    request = ExportRequest()
    assert request.timeframe_request() == TimeframeRequest(timezone="UTC")
    assert request.selection("ws-acme", JANUARY).filters == {}
    assert request.columns is Columns.STANDARD
    assert request.spreadsheet_safe


def test_everything_can_be_asked() -> None:
    request = ExportRequest.model_validate_json(
        """{"start": "2026-01-01", "end": "2026-01-31", "timezone": "Europe/Berlin",
            "api_key_ids": ["key-1"], "providers": ["openai", "azure"], "models": ["gpt-4o"],
            "call_types": ["completion", "embedding"], "columns": "extended",
            "spreadsheet_safe": false}"""
    )
    assert request.timeframe_request() == TimeframeRequest(
        "2026-01-01", "2026-01-31", None, "Europe/Berlin"
    )
    selection = request.selection("ws-acme", JANUARY)
    assert (selection.workspace_id, selection.timeframe) == ("ws-acme", JANUARY)
    assert selection.filters == {
        "api_key_id": ("key-1",),
        "provider": ("openai", "azure"),
        "model": ("gpt-4o",),
        "call_type": ("completion", "embedding"),
    }
    assert request.columns is Columns.EXTENDED
    assert not request.spreadsheet_safe


def test_values_of_filters_are_plain_text_for_the_formatter_of_literals() -> None:
    # It looks a value's type up exactly: an enum's member, though text, would be an error.
    selection = ExportRequest.model_validate({"call_types": ["embedding"]}).selection(
        "ws-acme", JANUARY
    )
    assert [type(value) for value in selection.filters["call_type"]] == [str]


def test_every_filter_is_a_field() -> None:
    assert FILTERS.keys() <= ExportRequest.model_fields.keys()


def test_a_period_can_be_asked() -> None:
    request = ExportRequest.model_validate({"period": "yesterday"})
    assert request.timeframe_request() == TimeframeRequest(period=Period.YESTERDAY)


@pytest.mark.parametrize("name", FILTERS)
def test_an_empty_filter_is_refused(name: str) -> None:
    assert faults(ExportRequest, {name: []}) == [(name,)]


@pytest.mark.parametrize("name", sorted(set(FILTERS) - {"call_types"}))
def test_filters_are_bounded(name: str) -> None:
    ExportRequest.model_validate({name: ["x" * 256] * 100})
    assert faults(ExportRequest, {name: ["x"] * 101}) == [(name,)]
    assert faults(ExportRequest, {name: ["x", "x" * 257]}) == [(name, 1)]
    assert faults(ExportRequest, {name: [""]}) == [(name, 0)]
    assert faults(ExportRequest, {name: "x"}) == [(name,)]
    assert faults(ExportRequest, {name: [1]}) == [(name, 0)]
    assert faults(ExportRequest, {name: [None]}) == [(name, 0)]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("start", ""),
        ("start", "2" * 41),
        ("start", 20260101),
        ("end", ["2026-01-01"]),
        ("period", "last_year"),
        ("period", "LAST_7_DAYS"),
        ("timezone", ""),
        ("timezone", None),
        ("timezone", "x" * 65),
        ("columns", "all"),
        ("spreadsheet_safe", "false"),
        ("spreadsheet_safe", 0),
        ("spreadsheet_safe", None),
        ("models", "\ud800"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused_by_name(name: str, value: Any) -> None:
    assert faults(ExportRequest, {name: value}) == [(name,)]


def test_an_unknown_call_type_is_refused_by_its_place() -> None:
    body = {"call_types": ["completion", "chat"]}
    assert faults(ExportRequest, body) == [("call_types", 1)]


@pytest.mark.parametrize("name", ["workspace_id", "workspace", "row_limit", "now", "Start", ""])
def test_an_unknown_field_is_refused_by_name(name: str) -> None:
    assert faults(ExportRequest, {name: "ws-umbrella"}) == [(name,)]


def test_files_of_different_filters_have_different_names() -> None:
    bodies: list[dict[str, Any]] = [
        {"models": ["a"]},
        {"models": ["b"]},
        {"models": ["a", "b"]},
        {"models": ["a,b"]},
        {"providers": ["a"]},
    ]
    suffixes = {ExportRequest.model_validate(body).filter_suffix() for body in bodies}
    assert len(suffixes) == len(bodies)
    assert all(re.fullmatch("filtered-[0-9a-f]{8}", suffix) for suffix in suffixes)


def test_without_filters_there_is_nothing_to_tell_apart() -> None:
    assert ExportRequest(start="2026-01-01", columns=Columns.EXTENDED).filter_suffix() == ""


REQUESTS = st.fixed_dictionaries(
    {},
    optional={
        "start": st.just("2026-01-01"),
        "end": st.just("2026-01-31"),
        "period": st.sampled_from([period.value for period in Period]),
        "timezone": st.sampled_from(["UTC", "Europe/Berlin"]),
        "models": st.lists(st.text(min_size=1, max_size=20), min_size=1, max_size=3),
        "call_types": st.lists(st.sampled_from(["completion", "embedding"]), min_size=1),
        "columns": st.sampled_from([columns.value for columns in Columns]),
        "spreadsheet_safe": st.booleans(),
    },
)


@given(body=REQUESTS)
def test_a_request_survives_its_storage(body: dict[str, Any]) -> None:
    request = ExportRequest.model_validate_json(json.dumps(body))
    assert ExportRequest.model_validate_json(request.model_dump_json()) == request


@given(body=REQUESTS)
def test_a_direct_request_asks_for_the_same_as_the_body_of_an_http_request(
    body: dict[str, Any],
) -> None:
    direct = DirectRequest.model_validate({**body, **SCHEDULE, "period": body.get("period")})
    assert direct.export_request() == ExportRequest.model_validate(body)
    assert type(direct.export_request()) is ExportRequest


def test_only_a_direct_request_can_name_a_row_limit() -> None:
    assert DirectRequest(workspace_id="ws-acme", row_limit=7).row_limit == 7
    assert faults(ExportRequest, {"row_limit": 7}) == [("row_limit",)]


def test_a_direct_request_says_whose_calls_it_wants() -> None:
    assert DirectRequest(workspace_id="ws-acme").workspace_id == "ws-acme"
    assert faults(DirectRequest, {"period": "yesterday"}) == [("workspace_id",)]


@pytest.mark.parametrize(
    "workspace_id",
    [
        "", " ", "ws acme", "ws-acme ", "ws-acme\n", "\nws-acme", "ws/acme", "../acme", "ws.acme",
        "ws'--", "ws%", "ws-äcme", "ws-acme\0", "x" * 65, None, 7, ["ws-acme"],
    ],
)  # fmt: skip
def test_what_is_no_workspace_id_is_refused(workspace_id: Any) -> None:
    assert faults(DirectRequest, {"workspace_id": workspace_id}) == [("workspace_id",)]


@given(workspace_id=st.from_regex(rf"\A{WORKSPACE_ID_PATTERN}\Z"))
def test_what_is_a_workspace_id_is_taken(workspace_id: str) -> None:
    assert DirectRequest(workspace_id=workspace_id).workspace_id == workspace_id


@pytest.mark.parametrize(
    "scheduled_time",
    ["<aws.scheduler.scheduled-time>", "2026-02-01T03:00:00", "2026-02-01", "", "soon"],
)
def test_a_scheduled_time_is_an_instant(scheduled_time: str) -> None:
    body = {**SCHEDULE, "scheduled_time": scheduled_time}
    assert faults(DirectRequest, body) == [("scheduled_time",)]


@pytest.mark.parametrize("scheduled_time", [20260201, 1.5, True, "20260201", "-1.5"])
def test_a_number_is_no_instant(scheduled_time: Any) -> None:
    body = {**SCHEDULE, "scheduled_time": scheduled_time}
    assert faults(DirectRequest, body) == [("scheduled_time",)]


@pytest.mark.parametrize(
    "scheduled_time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"]
)
def test_a_scheduled_time_has_a_place_in_utcs_calendar(scheduled_time: str) -> None:
    body = {**SCHEDULE, "scheduled_time": scheduled_time}
    assert faults(DirectRequest, body) == [("scheduled_time",)]


@pytest.mark.parametrize("name", ["default/monthly", "a/b", f"{'a' * 64}/{'b' * 64}", "A_0.-/z"])
def test_a_schedule_is_named_by_its_arn(name: str) -> None:
    arn = f"arn:aws-us-gov:scheduler:us-gov-west-1:123456789012:schedule/{name}"
    assert DirectRequest.model_validate({**SCHEDULE, "schedule_arn": arn}).schedule_arn == arn


@pytest.mark.parametrize(
    "name",
    ["", "monthly", "a/", "/b", "a/b/c", "a/b ", "a/b\n", "a/../b", f"a/{'b' * 65}"],
)
def test_what_is_no_schedules_arn_is_refused(name: str) -> None:
    arn = f"arn:aws:scheduler:eu-central-1:123456789012:schedule/{name}"
    assert faults(DirectRequest, {**SCHEDULE, "schedule_arn": arn}) == [("schedule_arn",)]


@pytest.mark.parametrize("name", ["./b", "../b", "a/.", "a/..", "../.."])
def test_a_schedule_whose_folder_would_be_another_is_refused(name: str) -> None:
    arn = f"arn:aws:scheduler:eu-central-1:123456789012:schedule/{name}"
    assert faults(DirectRequest, {**SCHEDULE, "schedule_arn": arn}) == [("schedule_arn",)]


@pytest.mark.parametrize("name", ["a/...", ".a/.b", "a../b."])
def test_dots_beside_other_characters_are_a_folder_like_any_other(name: str) -> None:
    arn = f"arn:aws:scheduler:eu-central-1:123456789012:schedule/{name}"
    assert DirectRequest.model_validate({**SCHEDULE, "schedule_arn": arn}).schedule_arn == arn


def test_deliveries_of_one_run_have_a_key_in_common() -> None:
    first, second = (DirectRequest.model_validate(SCHEDULE) for _ in range(2))
    assert first.delivery_key == second.delivery_key
    assert first.delivery_key is not None


@pytest.mark.parametrize(
    "other",
    [
        {"scheduled_time": "2026-03-01T03:00:00Z"},
        {"schedule_arn": "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/weekly"},
    ],
)
def test_deliveries_of_other_runs_have_other_keys(other: dict[str, str]) -> None:
    keys = {
        DirectRequest.model_validate(body).delivery_key
        for body in (SCHEDULE, {**SCHEDULE, **other})
    }
    assert len(keys) == 2


def test_a_schedule_has_a_time() -> None:
    body = {name: value for name, value in SCHEDULE.items() if name != "scheduled_time"}
    assert faults(DirectRequest, body) == [("schedule_arn",)]


def test_what_no_schedule_sent_has_no_delivery_key() -> None:
    body = {name: value for name, value in SCHEDULE.items() if name != "schedule_arn"}
    assert DirectRequest.model_validate(body).delivery_key is None


def test_one_instant_is_one_run_however_it_is_written() -> None:
    body = {**SCHEDULE, "scheduled_time": "2026-02-01T04:00:00+01:00"}
    first, second = (DirectRequest.model_validate(written) for written in (SCHEDULE, body))
    assert first == second
    assert first.delivery_key == second.delivery_key
