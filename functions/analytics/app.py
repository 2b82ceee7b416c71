"""The Analytics Lambda: `GET /usage`."""

import os
from datetime import timedelta
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.correlation_paths import API_GATEWAY_HTTP
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.analytics.routes import usage_routes
from functions.analytics.settings import Settings
from shared.athena import Athena
from shared.aws_clients import PATIENCE, Deadline
from shared.clock import SystemClock
from shared.http_api import answer, time_to_answer
from shared.interactive_query import InteractiveQueries
from shared.usage_report import UsageReports

logger = Logger()
settings = Settings.from_environment(os.environ)
clock = SystemClock()
deadline = Deadline(clock)
athena = Athena(
    deadline.bind(boto3.client("athena", config=PATIENCE)),
    deadline.bind(boto3.client("s3", config=PATIENCE)),
    workgroup=settings.workgroup,
    database=settings.database,
)
reports = UsageReports(InteractiveQueries(athena, settings.limits, clock))
http = usage_routes(reports, logger)


@logger.inject_lambda_context(correlation_id_path=API_GATEWAY_HTTP, clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda entry point."""
    left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    deadline.set(clock.now() + time_to_answer(left))
    return answer(http, event, context)
