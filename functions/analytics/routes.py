"""The HTTP route of usage analytics."""

from datetime import timedelta
from http import HTTPStatus
from typing import Annotated
from urllib.parse import parse_qs

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import ValidationError

from shared.call_log import FILTERS
from shared.http_api import caller, json_response, new_app, problem_response
from shared.problems import STILL_COUNTING, validation_problem
from shared.usage_report import UsageReports, UsageRequest

LONGEST_WAIT = timedelta(seconds=20)  # API Gateway gives up after 30

_Text = Annotated[str | None, Query()]
_Texts = Annotated[list[str] | None, Query()]


def usage_routes(reports: UsageReports, logger: Logger) -> APIGatewayHttpResolver:
    """The resolver of the analytics API."""
    app = new_app(logger)

    def usage(  # noqa: PLR0913, PLR0917 - each is a query parameter, declared for the API's document
        start: _Text = None,
        end: _Text = None,
        period: _Text = None,
        timezone: _Text = None,
        granularity: _Text = None,
        api_key_ids: _Texts = None,
        providers: _Texts = None,
        models: _Texts = None,
        call_types: _Texts = None,
    ) -> Response[str]:
        """Say what the calls of a timeframe amount to."""
        # Read from the query string as it came: API Gateway joins repeated parameters with
        # commas, which values may hold themselves.
        query = parse_qs(app.current_event.raw_query_string, keep_blank_values=True)
        given = {name: values if name in FILTERS else values[0] for name, values in query.items()}
        try:
            request = UsageRequest.model_validate(given)
        except ValidationError as error:
            return problem_response(validation_problem(error.errors()))
        until = reports.queries.clock.now() + LONGEST_WAIT
        made = reports.report(caller(app)["workspace_id"], request, until)
        if made is None:
            return problem_response(STILL_COUNTING)
        return json_response(HTTPStatus.OK, made)

    app.get("/usage", operation_id="getUsage")(usage)
    return app
