"""Two workspaces, alike but for their names: neither ever sees anything of the other.

Each says its own name in every text of its calls, and both have calls at the same instants, of
providers and models that they share, so that a call too many would be seen and counted.
"""

import json
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from urllib.parse import urlencode

import pytest
from sqlglot import exp

from local.stack import LocalStack
from shared.call_log import FILTERS
from shared.export import export_id
from tests.functional.athena_caller import calls, write_call_log
from tests.functional.conftest import Caller, Reply
from tests.functional.in_process import Loaded, loaded
from tests.functional.limited import Limited, LimitedSystem
from tests.functional.test_warm_process import request
from tests.functional.unattended import HOUR, Traces, scheduled_event
from tests.parquet_oracle import csv_rows
from tests.unit.test_queries import TABLE_COLUMNS, conditions, parsed, reading, workspace_literals

START = datetime.fromisoformat("2025-06-01")
JUNE = {"start": "2025-06-01", "end": "2025-06-06"}
HOSTILE = [
    "' OR '1'='1",
    "\\' OR 1=1 --",
    "'; DROP TABLE api_calls; --",
    "%(workspace_id)s %s %",
    "? /* */ --",
    "line\nbreak\r\t",
    "NUL\0NUL",
    "‘typographic’ “quotes” „of‟ «other» 「scripts」 ＇",
    "ＯＲ １＝１",
    "\U0001f512 ' \\",
]
OF_THE_MOMENT = {"Date", "apigw-requestid"}


@dataclass(frozen=True)
class Tenant:
    """A workspace, its word that is in all its texts, and its calls."""

    workspace: str
    word: str
    calls: int

    def rows(self) -> list[dict[str, Any]]:
        return [self._call(number) for number in range(self.calls)]

    def _call(self, number: int) -> dict[str, Any]:
        own = number % 3 != 0
        return {
            "call_id": f"{self.word}-{number}",
            "called_at": START + number * 3 * HOUR,
            "api_key_id": f"key-{self.word}" if own else "key-shared",
            "api_key_name": f"name of {self.word}",
            "provider": f"provider-{self.word}" if own else "provider-shared",
            "model": f"model-{self.word}" if own else "model-shared",
            "call_type": "embedding" if number % 5 == 2 else "completion",
            "input_tokens": self.calls * 1_000 + number,
            "output_tokens": number,
            "completion_time_ms": 100,
        }

    def own(self, field: str) -> str:
        """The value that only this workspace's calls have."""
        return {"api_key_ids": "key-", "providers": "provider-", "models": "model-"}[
            field
        ] + self.word

    def kept(self, filters: dict[str, list[str]]) -> list[dict[str, Any]]:
        """The calls that pass filters."""
        return [
            row
            for row in self.rows()
            if all(row[FILTERS[name]] in values for name, values in filters.items())
        ]


ONE = Tenant("ws-tenant-one", "zanzibar", 17)
TWO = Tenant("ws-tenant-two", "quetzal", 23)
PAIRS = [(ONE, TWO), (TWO, ONE)]
ROW_LIMIT = 10


@pytest.fixture(scope="module", autouse=True)
def _logged(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("tenancy") / "call-logs"
    for tenant in (ONE, TWO):
        days: dict[str, list[dict[str, Any]]] = {}
        for row in tenant.rows():
            days.setdefault(f"{row['called_at']:%Y-%m-%d}", []).append(row)
        for day, rows in days.items():
            write_call_log(folder, tenant.workspace, day, calls(rows))
    stack.aws.add_call_logs(folder)


@pytest.fixture(scope="module")
def admins(stack: LocalStack) -> dict[Tenant, Caller]:
    tokens = stack.identity_provider.token
    return {t: Caller(stack.url, tokens(workspace_id=t.workspace)) for t in (ONE, TWO)}


@pytest.fixture(scope="module")
def limited(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LimitedSystem]:
    with Limited(stack, tmp_path_factory.mktemp("logs")) as systems:
        yield systems.to(ROW_LIMIT)


def filters_for(mine: Tenant, other: Tenant) -> Iterator[dict[str, list[str]]]:
    """Every filter, with values of one's own, the other's, both's and nobody's."""
    yield {}
    for field in ("api_key_ids", "providers", "models"):
        shared = f"{mine.own(field).partition('-')[0]}-shared"
        yield {field: [other.own(field)]}
        yield {field: [other.own(field), shared, *HOSTILE]}
    yield {"models": [other.own("models"), mine.own("models")]}
    yield {"models": [other.own("models"), "model-shared"], "call_types": ["embedding"]}


def without_request(body: Any) -> str:
    """An answer's text, but for what the caller said: filters may name the other's values."""
    return json.dumps({**body, "request": None})


def assert_nothing_of(other: Tenant, *texts: str) -> None:
    for text in texts:
        assert other.word not in text
        assert other.workspace not in text


@pytest.mark.parametrize(("mine", "other"), PAIRS, ids=["one", "two"])
def test_usage_by_every_filter_and_granularity_counts_ones_own(
    admins: dict[Tenant, Caller], mine: Tenant, other: Tenant
) -> None:
    granularities = ["hour", "day", "week", "month"]
    for number, filters in enumerate(filters_for(mine, other)):
        kept = mine.kept(filters)
        for granularity in granularities if not filters else [granularities[number % 4]]:
            query = urlencode({**JUNE, "granularity": granularity, **filters}, doseq=True)
            reply = admins[mine]("GET", f"/usage?{query}")
            assert reply.status == 200
            assert_nothing_of(other, reply.text)
            assert reply.body["totals"]["calls"] == len(kept)
            tokens = sum(row["input_tokens"] for row in kept)
            assert reply.body["totals"]["input_tokens"] == tokens


@pytest.mark.parametrize(("mine", "other"), PAIRS, ids=["one", "two"])
def test_estimates_and_exports_by_every_filter_hold_ones_own(
    admins: dict[Tenant, Caller], mine: Tenant, other: Tenant
) -> None:
    admin = admins[mine]
    for filters in filters_for(mine, other):
        asked = {**JUNE, **filters, "columns": "extended"}
        ids = [row["call_id"] for row in mine.kept(filters)]
        estimate = admin("POST", "/exports/estimate", asked)
        assert (estimate.status, estimate.body["row_count"]) == (200, len(ids))
        export = admin("POST", "/exports", asked)
        assert (export.status, export.body["row_count"]) == (200, len(ids))
        headers, content = admin.download(export.body["file"]["download_url"])
        assert [row[10] for row in csv_rows(content)[1]] == ids
        stored = {name: str(value) for name, value in headers.items()}
        assert_nothing_of(
            other,
            estimate.text,
            without_request(export.body),
            content.decode(),
            json.dumps(stored),
            json.dumps(dict(export.headers)),
        )


@pytest.mark.parametrize(("mine", "other"), PAIRS, ids=["one", "two"])
def test_rejected_split_direct_and_scheduled_exports_hold_ones_own(
    limited: LimitedSystem, stack: LocalStack, mine: Tenant, other: Tenant
) -> None:
    ids = [row["call_id"] for row in mine.rows()]
    admin = limited.admin(mine.workspace)
    rejected = admin("POST", "/exports", JUNE)
    assert (rejected.status, rejected.body["row_count"]) == (422, len(ids))
    whole = {**JUNE, "on_limit": "split", "columns": "extended"}
    split = admin("POST", "/exports", whole, {"Prefer": "wait=25"}).body
    direct = limited.invoke({"workspace_id": mine.workspace, **whole})
    month = scheduled_event(
        mine.workspace, "tenancy", datetime(2025, 7, 1, tzinfo=UTC), on_limit="split",
        columns="extended",
    )  # fmt: skip
    scheduled = limited.invoke(month)
    for export in (split, direct, scheduled):
        while export["status"] in ("queued", "running"):
            export = admin("GET", f"/exports/{export['id']}").body  # noqa: PLW2901 - it goes on
        files = [admin.download(file["download_url"])[1] for file in export["files"]]
        assert list(chain(*([row[10] for row in csv_rows(one)[1]] for one in files))) == ids
        assert_nothing_of(other, json.dumps(export), *(one.decode() for one in files))
    delivered = Traces(stack, mine.workspace).delivered(scheduled)
    assert len(delivered) == len(scheduled["files"]) + 1
    assert_nothing_of(other, rejected.text, *(one.decode() for one in delivered.values()))


def pages(admin: Caller, cursor: str | None = None) -> Iterator[Reply]:
    while True:
        page = admin("GET", "/exports?limit=9" + (f"&cursor={cursor}" if cursor else ""))
        yield page
        cursor = page.body["next_cursor"]
        if cursor is None:
            return


def exports_of(replies: Sequence[Reply]) -> list[Any]:
    return [export for reply in replies for export in reply.body["exports"]]


@pytest.mark.parametrize(("mine", "other"), PAIRS, ids=["one", "two"])
def test_lists_hold_ones_own_in_order_even_from_the_others_cursor_on(
    admins: dict[Tenant, Caller], mine: Tenant, other: Tenant
) -> None:
    for tenant in (mine, other) * 3:
        admins[tenant]("POST", "/exports", JUNE, {"Prefer": "respond-async"})
    everything = exports_of(list(pages(admins[mine])))
    assert [export["id"] for export in everything] == sorted(e["id"] for e in everything)
    for page in pages(admins[other]):
        cursor = page.body["next_cursor"]
        if cursor is None:
            continue
        last = page.body["exports"][-1]["id"]
        rest = exports_of(list(pages(admins[mine], cursor)))
        assert [e["id"] for e in rest] == [e["id"] for e in everything if e["id"] > last]
        assert {export["workspace_id"] for export in rest} <= {mine.workspace}
        assert_nothing_of(other, *map(without_request, rest))


@pytest.mark.parametrize(("mine", "other"), PAIRS, ids=["one", "two"])
def test_an_idempotency_key_tells_nothing_of_the_others_use_of_it(
    admins: dict[Tenant, Caller], mine: Tenant, other: Tenant
) -> None:
    used, unused = ({"Idempotency-Key": str(uuid.uuid4())} for _ in range(2))
    theirs = admins[other]("POST", "/exports", {**JUNE, "columns": "extended"}, used).body["id"]
    replies = [admins[mine]("POST", "/exports", JUNE, key) for key in (used, unused)]
    assert [reply.status for reply in replies] == [200, 200]
    assert theirs not in {reply.body["id"] for reply in replies}
    assert len({reply.body["id"] for reply in replies}) == 2
    assert_nothing_of(other, *(reply.text for reply in replies))
    # A header cannot spell what stands for a schedule's run or an invocation: these have spaces.
    for key in ("invocation 1", f"arn:aws:scheduler {JUNE['start']}"):
        assert admins[mine]("POST", "/exports", JUNE, {"Idempotency-Key": key}).status == 422


def constant(reply: Reply) -> tuple[Any, ...]:
    """All of an answer that could tell one from another."""
    headers = [pair for pair in reply.headers.items() if pair[0] not in OF_THE_MOMENT]
    return reply.status, tuple(sorted(headers)), reply.text


@pytest.mark.parametrize(("mine", "other"), PAIRS, ids=["one", "two"])
def test_the_others_export_is_answered_exactly_as_one_that_never_was(
    admins: dict[Tenant, Caller], exporting: Loaded, mine: Tenant, other: Tenant
) -> None:
    done = admins[other]("POST", "/exports", JUNE).body["id"]
    under_way = admins[other]("POST", "/exports", JUNE, {"Prefer": "respond-async"}).body["id"]
    never = export_id(datetime.now(UTC), 12345)
    for method in ("GET", "DELETE"):
        paths = [f"/exports/{one}" for one in (done, under_way, never)]
        assert len({constant(admins[mine](method, path)) for path in paths}) == 1
        asked = []
        for path in paths:  # and AWS is asked for the same, so that it takes the same time
            exporting.aws_calls.clear()
            event = request("ws-acme", method, path)
            event["requestContext"]["authorizer"]["lambda"]["workspace_id"] = mine.workspace
            assert exporting.invoke(event)["statusCode"] == 404
            asked.append(tuple(exporting.aws_calls))
        assert set(asked) == {("GetObject",)}
    assert admins[other]("GET", f"/exports/{under_way}").body["status"] != "cancelled"


@pytest.fixture(scope="module")
def exporting(stack: LocalStack) -> Iterator[Loaded]:
    with loaded(stack, "ExportFunction") as function:
        yield function


@pytest.mark.parametrize("tenant", [ONE, TWO], ids=["one", "two"])
def test_every_statement_that_any_of_this_started_reads_the_one_workspace_alone(
    stack: LocalStack, admins: dict[Tenant, Caller], tenant: Tenant
) -> None:
    admin = admins[tenant]
    fields = ["models", "providers", "api_key_ids"]
    for number, text in enumerate(HOSTILE):  # alone, by each way in and in each filter in turn
        asked = {**JUNE, fields[number // 3 % 3]: [text], "timezone": "Europe/Berlin"}
        match number % 3:
            case 0:
                admin("GET", f"/usage?{urlencode(asked, doseq=True)}")
            case 1:
                admin("POST", "/exports/estimate", asked)
            case 2:
                admin("POST", "/exports", asked, {"Prefer": "respond-async"})
    statements = {query["Query"] for query in Traces(stack, tenant.workspace).queries()}
    assert len(statements) > len(HOSTILE)
    seen = set()
    for statement in statements:
        select = reading(parsed(statement))
        assert workspace_literals(select) == [tenant.workspace]
        assert {column.name for column in select.find_all(exp.Column)} <= TABLE_COLUMNS
        for condition in conditions(select):
            if isinstance(condition, exp.In):
                assert all(isinstance(value, exp.Literal) for value in condition.expressions)
                seen |= {value.this for value in condition.expressions}
    assert set(HOSTILE) <= seen
