"""Where the records of failed events go."""

import logging
from collections.abc import Callable
from typing import Any

_log = logging.getLogger(__name__)


def send_to_queue(client: Callable[[str], Any], arn: str, message: str) -> None:
    """Sends a message to the SQS queue of an ARN; `client` makes a boto3 client of a service."""
    service, name = arn.split(":")[2], arn.rpartition(":")[2]
    if service != "sqs":
        _log.warning("%s: the local stack sends to queues only", arn)
        return
    sqs = client("sqs")
    sqs.send_message(QueueUrl=sqs.get_queue_url(QueueName=name)["QueueUrl"], MessageBody=message)
