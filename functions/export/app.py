"""The Export Lambda: admins over HTTP, schedules and operators directly, and the sweep."""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import boto3
from aws_lambda_powertools import Logger
from aws_lambda_powertools.logging.correlation_paths import API_GATEWAY_HTTP
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.export.direct import DirectExports
from functions.export.outcomes import outcome_handler, record_refusal
from functions.export.routes import export_routes
from functions.export.settings import Settings
from functions.export.sweep import is_sweep, sweep
from functions.export.unattended import Unattended
from shared.athena import Athena
from shared.aws_clients import PATIENCE, PRESIGNING, Deadline
from shared.clock import SystemClock
from shared.estimate import Estimates
from shared.export_resource import ExportPresenter
from shared.export_store import ExportStore
from shared.exports import Exports
from shared.http_api import answer, is_http, time_to_answer
from shared.interactive_query import InteractiveQueries

_TIME_TO_ANSWER = timedelta(seconds=30)  # left of an invocation once waiting is over
_TIME_TO_END = timedelta(seconds=2)  # left once the last call to AWS is over

logger = Logger()
settings = Settings.from_environment(os.environ)
clock = SystemClock()
deadline = Deadline(clock)
executor = ThreadPoolExecutor(max_workers=8)
s3 = deadline.bind(boto3.client("s3", config=PATIENCE.merge(PRESIGNING)))
athena = deadline.bind(boto3.client("athena", config=PATIENCE))
store = ExportStore(s3, settings.export_bucket, executor)
presenter = ExportPresenter(store, settings.retention, clock)
unattended = Unattended(
    topic_arn=settings.outcome_topic_arn,
    page_url=settings.page_url,
    bucket=settings.export_bucket,
    presenter=presenter,
    executor=executor,
    deadline=deadline,
)
exports = Exports(
    athena=Athena(athena, s3, workgroup=settings.workgroup, database=settings.database),
    store=store,
    row_limit=settings.row_limit,
    limits=settings.limits,
    clock=clock,
    executor=executor,
    on_outcome=outcome_handler(logger, unattended),
)
directly = DirectExports(exports, presenter, unattended)
queries = InteractiveQueries(exports.athena, settings.limits, clock)
estimates = Estimates(queries, settings.row_limit)
http = export_routes(exports, estimates, presenter, logger)


@logger.inject_lambda_context(correlation_id_path=API_GATEWAY_HTTP, clear_state=True)
def handler(event: Any, context: LambdaContext) -> dict[str, Any]:
    """Lambda entry point."""
    now, left = clock.now(), timedelta(milliseconds=context.get_remaining_time_in_millis())
    if is_http(event):
        deadline.set(now + time_to_answer(left))
        response = answer(http, event, context)
        record_refusal(logger, event, response)
        return response
    deadline.set(now + left - _TIME_TO_END)
    until = now + left - _TIME_TO_ANSWER
    if is_sweep(event):
        return sweep(exports, until)
    return directly.run(event, context.aws_request_id, until)
