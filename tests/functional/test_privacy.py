"""Every flow, and then a search of all that it left behind: logs, messages, objects in S3.

Tokens, download addresses, names of keys and rows are nowhere but in the files of exports; and each
outcome is one audit event.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from local.identity_provider import SigningKey
from local.stack import LocalStack
from shared.aws_errors import RefusedError, ServiceUnavailableError
from tests.functional.athena_caller import calls, write_call_log
from tests.functional.conftest import Caller
from tests.functional.function_log import log_lines
from tests.functional.in_process import loaded
from tests.functional.limited import Limited
from tests.functional.test_warm_process import raising, request
from tests.functional.unattended import HOUR, Inbox, Traces, busy_athena, scheduled_event

WORKSPACE, BROKEN = "ws-private", "ws-private-broken"
SUBJECT = "grace@private.example"
START = datetime.fromisoformat("2025-08-01")
AUGUST = {"start": "2025-08-01", "end": "2025-08-04"}
ROWS, ROW_LIMIT = 24, 10
# Of each call, in every column whose text or number could be told again if it were seen.
ROW_WORDS = {
    "call_id": "heliotrope-call",
    "api_key_name": "heliotrope-name",
    "input_token_price": "48611.750317",
}
LOG_WORDS = {"api_key_id": "heliotrope-key", "model": "heliotrope-model", **ROW_WORDS}
ASYNC = {"Prefer": "respond-async"}
AUDITED = {
    "export_id", "workspace_id", "requested_by", "trigger", "outcome", "error", "timeframe",
    "columns", "rows", "files", "attempt", "bytes_scanned", "queries", "repeated",
}  # fmt: skip

REFUSED = {"export_id", "workspace_id", "requested_by", "trigger", "outcome", "error"}


@dataclass
class Left:
    """What all flows have left behind.

    Attributes:
        logs: File name → content.
        lines: The structured lines of the export functions' logs.
        messages: As SNS sent them.
        objects: Key → content, of everything in the export bucket.
        rows_files: The keys of the files that are to hold rows.
        tokens: All that were ever sent.
        ids: Of all exports, by what they were to end in.
    """

    logs: dict[str, str]
    lines: list[dict[str, Any]]
    messages: list[dict[str, Any]]
    objects: dict[str, str]
    rows_files: set[str]
    tokens: list[str]
    ids: dict[str, str]

    @property
    def audits(self) -> list[dict[str, Any]]:
        """Of these workspaces alone: the stack has others."""
        audits = [line["audit"] for line in self.lines if "audit" in line]
        return [audit for audit in audits if audit["workspace_id"] in (WORKSPACE, BROKEN)]


def log_private_calls(stack: LocalStack, folder: Path) -> None:
    rows: list[dict[str, Any]] = [
        {
            "call_id": f"{ROW_WORDS['call_id']}-{number}",
            "called_at": START + number * 2 * HOUR,
            "api_key_id": f"{LOG_WORDS['api_key_id']}-{number % 2}",
            "api_key_name": f"{ROW_WORDS['api_key_name']}-{number % 2}",
            "provider": "openai",
            "model": f"{LOG_WORDS['model']}-{number % 2}",
            "call_type": "completion",
            "input_tokens": 100 + number,
            "output_tokens": number,
            "completion_time_ms": 5,
            "input_token_price": Decimal(ROW_WORDS["input_token_price"]),
            "output_token_price": Decimal("0.000001"),
        }
        for number in range(ROWS)
    ]
    for day in range(1, 3):
        of_day = [row for row in rows if row["called_at"].day == day]
        write_call_log(folder, WORKSPACE, f"2025-08-0{day}", calls(of_day))
    broken = write_call_log(folder, BROKEN, "2025-08-01", calls(rows[:1]))
    broken.write_bytes(broken.read_bytes()[:-20] + b"heliotrope-call PAR1")
    stack.aws.add_call_logs(folder)


class Flows:
    """Every way in, to every end."""

    def __init__(self, stack: LocalStack, limited: Limited) -> None:
        self._stack = stack
        self._limited = limited.to(ROW_LIMIT)
        self._token = stack.identity_provider.token(workspace_id=WORKSPACE, subject=SUBJECT)
        self.tokens = [self._token]
        self.ids: dict[str, str] = {}

    def caller(self, url: str | None = None, token: str | None = None, **claims: Any) -> Caller:
        if token is None:
            claims = {"workspace_id": WORKSPACE, "subject": SUBJECT, **claims}
            token = self._stack.identity_provider.token(**claims)
        self.tokens.append(token)
        return Caller(url or self._stack.url, token)

    def run(self) -> None:
        self.over_http()
        self.over_the_limit()
        self.unattended()
        self.denied()
        self.malformed()

    def over_http(self) -> None:
        admin = self.caller()
        done = admin(
            "POST", "/exports", {**AUGUST, "columns": "extended"}, {"Idempotency-Key": "x"}
        )
        self.ids["api succeeded"] = done.body["id"]
        _, content = admin.download(done.body["file"]["download_url"])
        assert all(word in content.decode() for word in LOG_WORDS.values())
        admin("GET", f"/exports/{done.body['id']}")
        admin("DELETE", f"/exports/{done.body['id']}")
        admin("GET", "/exports?limit=1")
        admin("POST", "/exports/estimate", AUGUST)
        admin("GET", "/usage?start=2025-08-01&end=2025-08-04")
        with busy_athena(self._stack):
            begun = admin("POST", "/exports", AUGUST, ASYNC).body["id"]
            assert admin("DELETE", f"/exports/{begun}").body["status"] == "cancelled"
            self.ids["api cancelled"] = begun
        failed = self.caller(workspace_id=BROKEN)("POST", "/exports", AUGUST).body
        assert failed["status"] == "failed"
        self.ids["api failed"] = failed["id"]
        self.caller(workspace_id=BROKEN)("GET", "/usage?start=2025-08-01&end=2025-08-04")

    def over_the_limit(self) -> None:
        admin = self.caller(self._limited.url)
        self.ids["api rejected"] = admin("POST", "/exports", AUGUST).body["export_id"]
        split = admin("POST", "/exports", {**AUGUST, "on_limit": "split"}, {"Prefer": "wait=25"})
        while admin("GET", f"/exports/{split.body['id']}").body["status"] == "running":
            pass
        self.ids["api succeeded, split"] = split.body["id"]

    def unattended(self) -> None:
        asked = {"workspace_id": WORKSPACE, **AUGUST}
        self.ids["direct succeeded"] = self._stack.invoke("ExportFunction", asked)["id"]
        self.ids["direct rejected"] = self._limited.invoke(asked)["id"]
        september = datetime(2025, 9, 1, 5, tzinfo=UTC)
        for name, invoke in (
            ("schedule succeeded", partial(self._stack.invoke, "ExportFunction")),
            ("schedule succeeded, split", self._limited.invoke),
        ):
            changes = {"on_limit": "split"} if "split" in name else {}
            event = scheduled_event(WORKSPACE, name.replace(", ", "-").replace(" ", "-"), september)
            self.ids[name] = invoke(event | changes)["id"]
        broken = scheduled_event(BROKEN, "broken", september)
        self.ids["schedule failed"] = self._stack.invoke("ExportFunction", broken)["id"]
        self._stack.invoke("ExportFunction", scheduled_event(WORKSPACE, "w", september, colour=1))
        self._stack.invoke("ExportFunction", {"workspace_id": WORKSPACE, "colour": self._token})
        begun = self.caller()("POST", "/exports", AUGUST, ASYNC).body["id"]
        self.ids["api succeeded, swept"] = begun
        traces = Traces(self._stack, WORKSPACE)
        while begun in traces.marks():
            self._stack.invoke("ExportFunction", {"task": "sweep"})

    def denied(self) -> None:
        stranger = SigningKey.generate("RS256", "stranger")
        content = {"sub": SUBJECT, "workspace_id": WORKSPACE, "exp": 4_000_000_000}
        for caller in (
            self.caller(admin=False),
            self.caller(lifetime=-600),
            self.caller(workspace_id=""),
            self.caller(aud="another-api"),
            self.caller(token=stranger.sign(content)),
            self.caller(token=self._token[:-9] + "AAAAAAAAA"),
            self.caller(token=self._token.replace(".", "..", 1)),
        ):
            assert caller("POST", "/exports", AUGUST).status == 403
        assert Caller(self._stack.url, None)("GET", "/exports").status == 401

    def malformed(self) -> None:
        """Requests with the token where it does not belong, and bodies that cannot be read."""
        admin, token = self.caller(), self._token
        for body in (
            token,
            f'{{"start": "{token}"',
            {"start": token},
            {token: 1},
            [token],
            b"\xff",
        ):
            assert (
                admin("POST", "/exports", body, {"Content-Type": "application/json"}).status >= 400
            )
        assert admin("POST", "/exports", {"models": [ROW_WORDS["call_id"]] * 101}).status == 422
        assert admin("GET", f"/exports?access_token={token}").status == 422
        assert admin("GET", f"/usage?models={token[:300]}").status == 422
        assert admin("GET", f"/exports/{quote(token)}").status == 404
        assert admin("POST", "/exports", {}, {"Idempotency-Key": token}).status == 422
        assert admin("POST", "/exports", {}, {"Prefer": token}).status == 422


@pytest.fixture(scope="module")
def left(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    logs = tmp_path_factory.mktemp("logs")
    log_private_calls(stack, tmp_path_factory.mktemp("private") / "call-logs")
    inbox = Inbox(stack)
    folders = (stack.log_directory, logs)
    with Limited(stack, logs) as systems:
        flows = Flows(stack, systems)
        flows.run()
        yield Left(
            logs={f"{log}": log.read_text() for folder in folders for log in folder.glob("*.log")},
            lines=[line for folder in folders for line in log_lines(folder)],
            messages=inbox.envelopes(),
            objects=dict(_objects(stack)),
            rows_files=set(_rows_files(stack)),
            tokens=flows.tokens,
            ids=flows.ids,
        )


def _objects(stack: LocalStack) -> Iterator[tuple[str, str]]:
    s3, bucket = stack.aws.client("s3"), stack.template.physical_name("ExportBucket")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
            yield item["Key"], item["Key"] + body.decode(errors="replace")


def _rows_files(stack: LocalStack) -> Iterator[str]:
    for workspace in (WORKSPACE, BROKEN):
        for query in Traces(stack, workspace).queries('AS "API Key Name"'):
            location = query["ResultConfiguration"]["OutputLocation"]
            yield location.removeprefix("s3://").partition("/")[2]


def found(words: list[str], texts: dict[str, str]) -> set[tuple[str, str]]:
    """The words that are in the texts, and the names of these."""
    return {(word, name) for name, text in texts.items() for word in words if word in text}


def secrets(tokens: list[str]) -> list[str]:
    """Of each token the whole, what it says and its signature, each enough to know it again."""
    parts = {part for token in tokens for part in token.split(".")[1:] if len(part) > 20}
    return [*tokens, *parts, "X-Amz-Signature", "X-Amz-Credential", "Bearer "]


def test_no_log_has_a_token_an_address_a_name_or_a_row(left: Left) -> None:
    assert sum(map(len, left.logs.values())) > 10_000
    assert not found([*secrets(left.tokens), *LOG_WORDS.values()], left.logs)
    assert not [name for name, log in left.logs.items() if re.search(r"eyJ[\w-]{20,}\.", log)]


def test_no_message_has_them_either(left: Left) -> None:
    outcomes = Counter(json.loads(message["Message"])["outcome"] for message in left.messages)
    assert outcomes == {"succeeded": 3, "rejected": 1, "failed": 1, "refused": 1}
    texts = {one["MessageId"]: one["Message"] + one["Subject"] for one in left.messages}
    assert not found([*secrets(left.tokens), *LOG_WORDS.values()], texts)


def test_nothing_that_is_stored_has_them_but_results(left: Left) -> None:
    holding = {key for _, key in found([ROW_WORDS["api_key_name"]], left.objects)}
    assert len(holding & left.rows_files) >= 5
    assert [key for key in holding if re.fullmatch(r"scheduled/.*\.csv", key)]
    results = {key for key in left.objects if re.match(r"athena/|scheduled/.*\.csv$", key)}
    others = {key: text for key, text in left.objects.items() if key not in results}
    assert {key.partition("/")[0] for key in others} >= {"exports", "idempotency", "scheduled"}
    assert any(key.endswith("/manifest.json") for key in others)
    words = [*ROW_WORDS.values(), LOG_WORDS["api_key_id"]]
    assert not found([*secrets(left.tokens), *words], others)
    # and no token, address or call is in the results of any query but those for rows
    counted = {key: left.objects[key] for key in results & left.objects.keys() - left.rows_files}
    counted = {key: text for key, text in counted.items() if key.startswith("athena/")}
    assert len(counted) > 5
    assert not found([*secrets(left.tokens), ROW_WORDS["call_id"]], counted)


def test_every_outcome_is_one_audit_event_with_all_that_is_to_be_known(left: Left) -> None:
    events = {event["export_id"]: event for event in left.audits if event["export_id"]}
    counted = Counter(event["export_id"] for event in left.audits)
    for name, export_id in left.ids.items():
        trigger, outcome = re.split(" |,", name)[:2]
        event = events[export_id]
        assert counted[export_id] == 1, name
        assert set(event) == AUDITED
        assert (event["trigger"], event["outcome"]) == (trigger, outcome)
        assert event["workspace_id"] == (BROKEN if outcome == "failed" else WORKSPACE)
        assert event["timeframe"]["start"] == "2025-08-01T00:00:00.000Z" or trigger == "schedule"
        assert event["columns"] == ("extended" if name == "api succeeded" else "standard")
        if trigger == "api":
            assert event["requested_by"] == SUBJECT
        if outcome in ("succeeded", "rejected"):
            assert event["rows"] == ROWS
        assert all(re.fullmatch(r"[0-9a-f-]{36}", query["id"]) for query in event["queries"])
        assert event["queries"]
    outcomes = {(event["trigger"], event["outcome"]) for event in events.values()}
    assert {outcome for _, outcome in outcomes} == {"succeeded", "rejected", "failed", "cancelled"}


def test_every_request_that_was_refused_is_one_too(left: Left) -> None:
    refused = [event for event in left.audits if event["export_id"] is None]
    assert Counter(event["trigger"] for event in refused) == {"api": 9}
    for event in refused:
        assert set(event) == REFUSED
        assert (event["outcome"], event["requested_by"]) == ("refused", SUBJECT)


def test_refused_tokens_are_lines_of_the_authorizer(left: Left) -> None:
    logs = [text for name, text in left.logs.items() if name.endswith("/AuthorizerFunction.log")]
    assert sum(log.count("Access denied") for log in logs) >= 7


DISTURBED = [
    "PutObject",
    "GetObject",
    "StartQueryExecution",
    "BatchGetQueryExecution",
    "HeadObject",
]
FAULTS = [
    ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "Any"),
    ReadTimeoutError(endpoint_url="https://s3.example"),
]


def test_no_line_carries_them_beside_its_text_or_in_a_traceback(
    stack: LocalStack, left: Left, caplog: pytest.LogCaptureFixture
) -> None:
    """The local runtime leaves out what lines carry beside their text; Lambda's JSON has it."""
    token = left.tokens[0]
    authorization = {"authorization": f"Bearer {token}"}
    filtered = {**AUGUST, "models": [LOG_WORDS["model"]], "columns": "extended"}
    september = datetime(2025, 9, 1, 6, tzinfo=UTC)
    events: list[Any] = [
        request("ws-acme", "POST", "/exports", {"start": token}, **authorization),
        request("ws-acme", "POST", f"/exports?token={token}", filtered, **authorization),
        {"workspace_id": WORKSPACE, **filtered},
        {"workspace_id": [WORKSPACE, token], "start": token},
        scheduled_event(WORKSPACE, "tokens", september, start=token, timezone=token),
        scheduled_event([WORKSPACE, BROKEN], "carried", september),
        {"task": "sweep"},
    ]
    caplog.set_level("DEBUG", logger="shared")
    with loaded(stack, "ExportFunction") as function:
        function.remaining_ms = 30_500  # half a second to wait in
        for operation, fault in zip(DISTURBED, cycle(FAULTS), strict=False):
            function.disturb = raising(operation, fault)
            for event in events:
                with suppress(RefusedError, ServiceUnavailableError):
                    function.invoke(event)
        lines = {"by Powertools": function.log.getvalue()}
    assert len(caplog.records) > 10
    for number, record in enumerate(caplog.records):
        trace = record.exc_text or (record.exc_info and str(record.exc_info[1])) or ""
        lines[f"{record.name} {number}"] = json.dumps(vars(record), default=str) + trace
    assert not found([*secrets(left.tokens), *LOG_WORDS.values()], lines)
