"""AWS for one stack, in this process."""

import json
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import boto3
from moto.sns.models import sns_backends

from local.athena import DuckDbEngine, Engine, QueryExecutions, athena_running_on
from local.athena.executions import ACTIVE_QUERIES
from local.athena.moto_storage import MotoObjects, MotoTables
from local.aws.call_logs import call_log_files
from local.aws.resources import call_log_location, create_resources, describe_stack
from local.aws.server import MotoServer
from local.template import Template

REGION: Final = "eu-central-1"
ACCOUNT_ID: Final = "123456789012"
_KEY: Final = "testing"


def duckdb_engine(_endpoint_url: str) -> Engine:
    """The engine that is there without being installed."""
    return DuckDbEngine(MotoTables(REGION), MotoObjects())


@dataclass(frozen=True)
class Mail:
    """A notification as a mail shows it."""

    subject: str
    text: str


class LocalAws:
    """The AWS services under a stack, from a `with` block's start to its end.

    moto keeps its state per process: of several in one process, one runs at a time, and each
    starts and ends with nothing.

    Args:
        template: What is deployed.
        engine: Makes the engine under Athena, given the address of the AWS services.
        active_queries: How many queries Athena lets run or wait at the same time.
    """

    def __init__(
        self,
        template: Template,
        *,
        engine: Callable[[str], Engine] = duckdb_engine,
        active_queries: int = ACTIVE_QUERIES,
    ) -> None:
        self._template = template
        self._make_engine = engine
        self._active_queries = active_queries
        self._objects = MotoObjects()
        self._session = boto3.Session(
            aws_access_key_id=_KEY, aws_secret_access_key=_KEY, region_name=REGION
        )
        self._running = ExitStack()

    def __enter__(self) -> Self:
        with ExitStack() as starting:
            server = starting.enter_context(closing(MotoServer()))
            self.endpoint_url = server.url
            engine = starting.enter_context(closing(self._make_engine(self.endpoint_url)))
            executions = QueryExecutions(engine, self._objects, active=self._active_queries)
            starting.enter_context(athena_running_on(executions))
            starting.enter_context(closing(executions))
            server.start()
            starting.callback(server.stop)  # the first to go: nobody sees the rest half gone
            create_resources(self._template, self.client, REGION)
            self._running = starting.pop_all()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._running.close()

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables with which any AWS SDK reaches these services, and nothing else."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": _KEY,
            "AWS_SECRET_ACCESS_KEY": _KEY,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
        }

    def client(self, service: str) -> Any:
        """A boto3 client of a service."""
        return self._session.client(service, endpoint_url=self.endpoint_url)

    def mails(self) -> list[Mail]:
        """What was published to the SNS topics so far, as a mail shows it, oldest first."""
        topics = sns_backends[ACCOUNT_ID][REGION].topics.values()
        return [
            Mail(subject or "", json.loads(message)["email"])
            for topic in topics
            for _, message, subject, _, _ in topic.sent_notifications
        ]

    def describe_stack(self, outputs: Mapping[str, str]) -> None:
        """Let CloudFormation name the stack's outputs. moto takes seconds to load what it needs."""
        describe_stack(self._template.stack_name, outputs, self.client("cloudformation"))

    def add_call_logs(self, folder: Path) -> int:
        """Put every Parquet file of a folder where the call-log table looks for it.

        Returns:
            How many there were.

        Raises:
            CallLogsError: There are none, or one is not in the table's layout.
        """
        bucket, prefix = call_log_location(self._template)
        files = call_log_files(folder)
        for file in files:
            self._objects.put(bucket, prefix + file.as_posix(), (folder / file).read_bytes())
        return len(files)
