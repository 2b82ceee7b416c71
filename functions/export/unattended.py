"""What follows the end of an export that nobody may be watching: delivery and notification."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from shared.aws_clients import PATIENCE, Deadline
from shared.aws_errors import translated_errors
from shared.delivery import Deliveries
from shared.export import Export
from shared.export_resource import ExportPresenter
from shared.export_store import Stored
from shared.exports import Look
from shared.notification import Notification, outcome_notification, refusal_notification
from shared.problems import Problem

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient

_URL = {"download_url", "download_url_expires_at", "expires_at"}
_OF_THE_ORIGINALS: dict[str, Any] = {"file": _URL, "files": {"__all__": _URL}}
"""What a delivered manifest leaves out: the copies live longer, and have no URLs."""

_COPYING = PATIENCE.merge(Config(read_timeout=60))  # S3 answers once the copy is made


@dataclass
class Unattended:
    """Delivers files and tells of outcomes, with clients made at the first use.

    Requests of admins never get here, and do not pay for the clients in their cold starts.

    Attributes:
        topic_arn: Where outcomes are published.
        page_url: Where links in notifications lead; empty for none.
        bucket: The export bucket.
        presenter: Makes the manifest that lies beside delivered files.
        executor: For copies side by side.
        deadline: What the clients are held to.
    """

    topic_arn: str
    page_url: str
    bucket: str
    presenter: ExportPresenter
    executor: ThreadPoolExecutor
    deadline: Deadline

    def conclude(self, export: Export) -> None:
        """Deliver the files, if any, and publish the outcome. Safe to repeat.

        Raises:
            ServiceUnavailableError: AWS did not answer.
            RefusedError: AWS said no.
        """
        resource = self.presenter.resource(Look(Stored(export, version="")), with_url=False)
        manifest = resource.model_dump_json(indent=2, exclude=_OF_THE_ORIGINALS)
        self._deliveries.deliver(export, manifest)
        self._publish(
            outcome_notification(export, page_url=self.page_url, delivered_to=resource.delivered_to)
        )

    def refuse(self, schedule_arn: str, workspace_id: str, problem: Problem) -> None:
        """Publish that a schedule's input makes no export.

        Raises:
            ServiceUnavailableError: AWS did not answer.
            RefusedError: AWS said no.
        """
        self._publish(refusal_notification(schedule_arn, workspace_id, problem))

    def _publish(self, notification: Notification) -> None:
        for_programs = json.dumps(notification.message)
        with translated_errors():
            self._sns.publish(
                TopicArn=self.topic_arn,
                Subject=notification.subject,
                MessageStructure="json",
                Message=json.dumps({"default": for_programs, "email": notification.text}),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in notification.attributes.items()
                },
            )

    @cached_property
    def _deliveries(self) -> Deliveries:
        s3 = self.deadline.bind(boto3.client("s3", config=_COPYING))
        return Deliveries(s3, self.bucket, self.executor)

    @cached_property
    def _sns(self) -> "SNSClient":
        client: SNSClient = self.deadline.bind(boto3.client("sns", config=PATIENCE))
        return client
