"""The Export Lambda: HTTP requests of admins, and direct input from schedules and operators."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.correlation_paths import API_GATEWAY_HTTP
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.export.direct import export_directly
from functions.export.outcomes import outcome_recorder
from functions.export.routes import export_routes
from functions.export.settings import Settings
from shared.athena import Athena
from shared.aws_clients import PATIENCE, PRESIGNING
from shared.clock import SystemClock
from shared.estimate import Estimates
from shared.export_resource import ExportPresenter
from shared.export_store import ExportStore
from shared.exports import Exports
from shared.http_api import answer, is_http
from shared.interactive_query import InteractiveQueries

_TIME_TO_ANSWER = timedelta(seconds=5)  # left of an invocation once waiting is over

logger = Logger()
settings = Settings.from_environment(os.environ)
clock = SystemClock()
executor = ThreadPoolExecutor(max_workers=8)
s3 = boto3.client("s3", config=PATIENCE.merge(PRESIGNING))
athena = boto3.client("athena", config=PATIENCE)
store = ExportStore(s3, settings.export_bucket, executor)
exports = Exports(
    athena=Athena(athena, s3, workgroup=settings.workgroup, database=settings.database),
    store=store,
    row_limit=settings.row_limit,
    limits=settings.limits,
    clock=clock,
    executor=executor,
    on_outcome=outcome_recorder(logger),
)
presenter = ExportPresenter(store, settings.retention, clock)
queries = InteractiveQueries(exports.athena, settings.limits, clock)
estimates = Estimates(queries, settings.row_limit)
http = export_routes(exports, estimates, presenter, logger)


@logger.inject_lambda_context(correlation_id_path=API_GATEWAY_HTTP, clear_state=True)
def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Lambda entry point."""
    if is_http(event):
        return answer(http, event, context)
    left = timedelta(milliseconds=context.get_remaining_time_in_millis())
    return export_directly(event, exports, presenter, clock.now() + left - _TIME_TO_ANSWER)
