"""Everything that callers of the system do, run once on a local stack, with what it made of AWS.

A flow is a line in `FLOWS`: whoever adds a way in or an AWS call adds the line that leads to it.
"""

import json
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from local.athena.engine import Query, Result, Scanned, Statement
from local.aws import duckdb_engine
from local.lambda_runtime import LambdaError
from local.sample_call_logs import write_sample_call_logs
from local.stack import LocalStack
from local.template import LambdaFunction, Template
from tests.functional.conftest import WORKSPACE, Caller
from tests.unthrottled import UNTHROTTLED

ROW_LIMIT = 200
"""Of 2,000 calls in four weeks, half of them `WORKSPACE`'s: a week is over it, a day within."""

SCHEDULE = "arn:aws:scheduler:eu-central-1:123456789012:schedule/api-usage-export/weekly"
WEEK = {"period": "last_7_days"}
DAY = {"period": "yesterday"}


@dataclass(frozen=True)
class Call:
    """An operation that a function asked of AWS.

    Attributes:
        service: botocore's name of the service, as IAM's prefix where they are the same.
        operation: Such as `PutObject`.
        params: Those that name a resource.
    """

    service: str
    operation: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Recorded:
    """What came of all flows.

    Attributes:
        template: What ran.
        calls: By function.
        log: The export function's.
    """

    template: Template
    calls: Mapping[str, list[Call]]
    log: list[str]

    @property
    def metrics(self) -> list[dict[str, Any]]:
        """The lines of embedded metrics."""
        return [json.loads(line) for line in self.log if line.startswith('{"_aws"')]


class Client:
    """The system as its callers see it."""

    def __init__(self, stack: LocalStack, engine: "HeldEngine") -> None:
        self.stack = stack
        self._engine = engine
        self._admin = Caller(stack.url, stack.identity_provider.token(workspace_id=WORKSPACE))

    def http(self, method: str, path: str, body: Any = None, status: int = 200, **h: str) -> Any:
        headers = {name.replace("_", "-"): value for name, value in h.items()}
        reply = self._admin(method, path, body, headers)
        assert reply.status == status, reply.text
        return reply.body

    def begin(self) -> str:
        export: str = self.http("POST", "/exports", DAY, 202, Prefer="respond-async")["id"]
        return export

    def cancel(self) -> None:
        """Ends an export while its queries run."""
        self._engine.holds = True
        self.http("DELETE", f"/exports/{self.begin()}")
        self._engine.holds = False

    def direct(self, **event: Any) -> Any:
        return self.stack.invoke("ExportFunction", {"workspace_id": WORKSPACE, **event})

    def scheduled(self, **event: Any) -> Any:
        now = datetime.now(UTC).isoformat()
        return self.direct(schedule_arn=SCHEDULE, scheduled_time=now, **event)

    def sweep(self) -> Any:
        return self.stack.invoke("ExportFunction", {"task": "sweep"})

    def untold(self) -> None:
        """An export whose outcome cannot be published."""
        topic = self.stack.template.functions()["ExportFunction"].environment["OUTCOME_TOPIC_ARN"]
        self.stack.aws.client("sns").delete_topic(TopicArn=topic)
        with suppress(LambdaError):
            self.direct(**DAY)


def wait_until_done(client: Client, export_id: str) -> None:
    while client.http("GET", f"/exports/{export_id}")["status"] in ("queued", "running"):
        time.sleep(0.2)


FLOWS: list[Callable[[Client], Any]] = [
    lambda client: client.http("POST", "/exports", DAY, Idempotency_Key="once"),
    lambda client: client.http("POST", "/exports", DAY, Idempotency_Key="once"),
    lambda client: client.http("POST", "/exports", WEEK, 422),
    lambda client: client.http("POST", "/exports", {**WEEK, "on_limit": "split"}),
    lambda client: client.http("POST", "/exports/estimate", WEEK),
    lambda client: client.http("GET", "/usage?period=last_7_days"),
    lambda client: client.http("GET", "/exports"),
    lambda client: client.cancel(),
    lambda client: wait_until_done(client, client.begin()),
    lambda client: (client.begin(), client.sweep()),
    lambda client: client.direct(**DAY),
    lambda client: client.direct(**WEEK),
    lambda client: client.scheduled(**DAY),
    lambda client: client.scheduled(**WEEK, on_limit="split"),
    lambda client: client.scheduled(timezone="Mars/Olympus"),
    lambda client: client.untold(),  # the last: the topic is gone then
]


def record_flows(folder: Path) -> Recorded:
    """Runs every flow on a stack of its own, whose files go to `folder`."""
    call_logs = folder / "call-logs"
    today: date = datetime.now(UTC).date()
    write_sample_call_logs(call_logs, rows=2_000, days=28, end=today, seed=7)
    functions = Template.functions
    engines: list[HeldEngine] = []

    def engine(endpoint_url: str) -> HeldEngine:
        engines.append(HeldEngine(endpoint_url))
        return engines[-1]

    def recorded(template: Template) -> dict[str, LambdaFunction]:
        return {
            name: _with_recording(function, folder / f"{name}.jsonl")
            for name, function in functions(template).items()
        }

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Template, "functions", recorded)
        parameters = {**UNTHROTTLED, "RowLimit": str(ROW_LIMIT)}
        with LocalStack(call_logs, folder, parameters=parameters, engine=engine) as stack:
            client = Client(stack, *engines)
            for flow in FLOWS:
                flow(client)
            return Recorded(
                template=stack.template,
                calls={
                    name: _calls(folder / f"{name}.jsonl") for name in stack.template.functions()
                },
                log=(folder / "ExportFunction.log").read_text().splitlines(),
            )


class HeldEngine:
    """An engine whose queries, while it holds them, do nothing until they are cancelled."""

    def __init__(self, endpoint_url: str) -> None:
        self._engine = duckdb_engine(endpoint_url)
        self.holds = False

    def query(self, statement: Statement) -> Query:
        query = self._engine.query(statement)
        return _HeldQuery(query) if self.holds else query

    def close(self) -> None:
        self._engine.close()


class _HeldQuery:
    def __init__(self, query: Query) -> None:
        self._query = query
        self._cancelled = Event()

    @property
    def scanned(self) -> Scanned:
        return self._query.scanned

    def run(self) -> Result:
        self._cancelled.wait(60)
        return self._query.run()

    def cancel(self) -> None:
        self._cancelled.set()
        self._query.cancel()

    def close(self) -> None:
        self._query.close()


def _with_recording(function: LambdaFunction, recording: Path) -> LambdaFunction:
    variables = {"RECORDED_HANDLER": function.handler, "RECORDING": str(recording)}
    return replace(
        function,
        handler="tests.template.recorded_handler.handler",
        environment=function.environment | variables,
    )


def _calls(recording: Path) -> list[Call]:
    if not recording.exists():  # a function that asks nothing of AWS
        return []
    return [Call(**json.loads(line)) for line in recording.read_text().splitlines()]
