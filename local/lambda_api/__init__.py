"""Lambda's Invoke API, as the AWS CLI and the SDKs call it."""

from local.lambda_api.event_queue import EventQueue, QueueSettings
from local.lambda_api.invoke_api import InvokeApi
from local.lambda_api.queues import send_to_queue

__all__ = ["EventQueue", "InvokeApi", "QueueSettings", "send_to_queue"]
