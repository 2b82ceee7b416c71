"""The Analytics Lambda: `GET /usage`."""

import os
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.correlation_paths import API_GATEWAY_HTTP
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.analytics.routes import usage_routes
from functions.analytics.settings import Settings
from shared.athena import Athena
from shared.aws_clients import PATIENCE
from shared.clock import SystemClock
from shared.http_api import answer
from shared.interactive_query import InteractiveQueries
from shared.usage_report import UsageReports

logger = Logger()
settings = Settings.from_environment(os.environ)
athena = Athena(
    boto3.client("athena", config=PATIENCE),
    boto3.client("s3", config=PATIENCE),
    workgroup=settings.workgroup,
    database=settings.database,
)
reports = UsageReports(InteractiveQueries(athena, settings.limits, SystemClock()))
http = usage_routes(reports, logger)


@logger.inject_lambda_context(correlation_id_path=API_GATEWAY_HTTP, clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda entry point."""
    return answer(http, event, context)
