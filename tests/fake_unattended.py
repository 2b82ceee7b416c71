"""The exports of the product over the fakes, with what follows the end of unattended ones."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from aws_lambda_powertools import Logger

from functions.export.direct import DirectExports
from functions.export.outcomes import outcome_handler
from functions.export.unattended import Unattended
from shared.aws_clients import Deadline
from shared.export import Export
from shared.export_resource import ExportPresenter
from shared.exports import Outcome
from tests.fake_system import FakeSystem
from tests.fakes import InlineExecutor, Steps

PAGE_URL = "https://usage.example/page"
TOPIC_ARN = "arn:aws:sns:eu-central-1:123456789012:outcomes"
SCHEDULE_ARN = "arn:aws:scheduler:eu-central-1:123456789012:schedule/default/monthly"

DIRECT = {"workspace_id": "ws-acme", "start": "2026-01-01", "end": "2026-01-31"}
SCHEDULED = {
    "workspace_id": "ws-acme",
    "period": "previous_month",
    "schedule_arn": SCHEDULE_ARN,
    "scheduled_time": "2026-03-02T05:00:00Z",
}


@dataclass
class FakeClients:
    """boto3's clients, in memory: of S3 what deliveries need, and of SNS.

    Attributes:
        steps: Told of every call.
        delivered: Key → the key that it was copied from, or the JSON that was put there.
        published: What was published, in order.
        trouble: Word in a subject → what its next publication raises.
    """

    steps: Steps
    delivered: dict[str, Any] = field(default_factory=dict)
    published: list[dict[str, Any]] = field(default_factory=list)
    trouble: dict[str, Exception] = field(default_factory=dict)

    def client(self, _service: str, **_: object) -> "FakeClients":
        """What `boto3.client` gives."""
        return self

    def copy_object(self, **given: Any) -> None:
        with self.steps.around("copy"):
            self.delivered[given["Key"]] = given["CopySource"]["Key"]

    def put_object(self, **given: Any) -> None:
        with self.steps.around("put delivered manifest"):
            self.delivered[given["Key"]] = json.loads(given["Body"])

    def publish(self, **message: Any) -> None:
        with self.steps.around("publish"):
            for word in self.trouble.keys() & set(message["Subject"].replace(":", "").split()):
                raise self.trouble.pop(word)
            self.published.append(message)

    @property
    def messages(self) -> list[dict[str, Any]]:
        """What programs were told, in order."""
        return [json.loads(json.loads(sent["Message"])["default"]) for sent in self.published]


class NoDeadline(Deadline):
    """For clients that have no time-outs."""

    def bind(self, client: Any) -> Any:
        return client


class UnattendedSystem(FakeSystem):
    """A system whose direct and scheduled exports are delivered and told of.

    Attributes:
        aws: What was delivered and published.
    """

    def __init__(self, *, row_limit: int = 100, tick: timedelta = timedelta(0)) -> None:
        super().__init__(row_limit=row_limit, tick=tick)
        self.aws = FakeClients(self.steps)
        self._presenter = ExportPresenter(self.store, timedelta(days=7), self.clock)
        self._unattended = Unattended(
            topic_arn=TOPIC_ARN,
            page_url=PAGE_URL,
            bucket="exports",
            presenter=self._presenter,
            executor=InlineExecutor(),
            deadline=NoDeadline(self.clock),
        )
        self._handle = outcome_handler(Logger("tests", level="CRITICAL"), self._unattended)

    def invoke(
        self, event: object, *, invocation_id: str = "invocation-1", seconds: float = 870
    ) -> Any:
        """What an event is answered."""
        directly = DirectExports(self.exports, self._presenter, self._unattended)
        until = self.clock.now() + timedelta(seconds=seconds)
        with self._clients():
            return directly.run(event, invocation_id, until)

    def conclude(self, export: Export) -> None:
        """Do what follows the end of an export."""
        with self._clients():
            self._unattended.conclude(export)

    def _tell(self, outcome: Outcome) -> None:
        super()._tell(outcome)
        with self._clients():
            self._handle(outcome)

    @contextmanager
    def _clients(self) -> Iterator[None]:
        environment: Mapping[str, str] = {"POWERTOOLS_METRICS_NAMESPACE": "Tests"}
        with patch("boto3.client", self.aws.client), patch.dict(os.environ, environment):
            yield


def exports(system: UnattendedSystem) -> list[Export]:
    """All exports of all workspaces."""
    return [stored.export for stored in system.store.manifests.values()]


def timeframe(answer: dict[str, Any]) -> tuple[str, str]:
    """Start and end of an answer's timeframe."""
    return answer["timeframe"]["start"], answer["timeframe"]["end"]


def problem(answer: dict[str, Any]) -> tuple[str, list[str]]:
    """The last part of a problem's type, and the fields at fault."""
    name = answer["type"].removeprefix("urn:api-usage-export:problem:")
    return name, [error["field"] for error in answer["errors"]]


def told(system: UnattendedSystem) -> list[tuple[str, str]]:
    """Workspace and outcome of what was published."""
    return [(told["workspace_id"], told["outcome"]) for told in system.aws.messages]
