"""The HTTP routes of exports."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus
from typing import Annotated

from aws_lambda_powertools import Logger
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query
from pydantic import BaseModel

from shared.estimate import Estimates
from shared.export import EXPORT_ID_PATTERN, Status, Trigger
from shared.export_request import ExportRequest
from shared.export_resource import ExportPresenter, ExportResource
from shared.exports import (
    ExportFinishedError,
    ExportNotFoundError,
    Exports,
    IdempotencyKeyReusedError,
    Look,
    Order,
)
from shared.http_api import RETRY_AFTER_SECONDS, caller, json_response, new_app, problem_response
from shared.prefer import preferred_wait
from shared.problems import (
    EXPORT_FINISHED,
    IDEMPOTENCY_KEY_REUSED,
    NOT_FOUND,
    STILL_COUNTING,
    FieldError,
    invalid_request,
    row_limit_problem,
)

DEFAULT_WAIT = timedelta(seconds=20)
LONGEST_WAIT = timedelta(seconds=25)  # API Gateway gives up after 30

_ExportId = Annotated[
    str,
    Path(
        alias="id",
        description="Of an export of the workspace.",
        # To be read, not enforced: a malformed id is not found, as any that is somebody else's.
        json_schema_extra={"pattern": f"^{EXPORT_ID_PATTERN}$"},
    ),
]
_Prefer = Annotated[
    str | None,
    Header(
        alias="Prefer",
        max_length=256,
        description="`respond-async` answers at once, `wait=N` after N seconds at most (0 to 25).",
    ),
]
_IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[\x21-\x7e]{1,255}$",
        description="The same key with the same body gives the same export, however often sent.",
    ),
]


class ExportPage(BaseModel):
    """Some of a workspace's exports, newest first."""

    exports: list[ExportResource]
    next_cursor: str | None


def export_routes(
    exports: Exports, estimates: Estimates, presenter: ExportPresenter, logger: Logger
) -> APIGatewayHttpResolver:
    """The resolver of the export API."""
    app = new_app(logger)
    routes = ExportRoutes(exports, estimates, presenter, app)
    # What OpenAPI says beyond this is in `local/openapi/exports.py`, by operation id.
    app.post("/exports", operation_id="startExport")(routes.create)
    app.post("/exports/estimate", operation_id="estimateExport")(routes.estimate)
    app.get("/exports", operation_id="listExports")(routes.recent)
    app.get("/exports/<id>", operation_id="getExport")(routes.look)
    app.delete("/exports/<id>", operation_id="cancelExport")(routes.cancel)
    for error, problem in {
        ExportNotFoundError: NOT_FOUND,
        ExportFinishedError: EXPORT_FINISHED,
        IdempotencyKeyReusedError: IDEMPOTENCY_KEY_REUSED,
    }.items():
        app.exception_handler(error)(lambda _, problem=problem: problem_response(problem))
    return app


@dataclass(frozen=True)
class ExportRoutes:
    """What each route does. The workspace is the caller's, never the request's."""

    exports: Exports
    estimates: Estimates
    presenter: ExportPresenter
    app: APIGatewayHttpResolver

    def create(
        self,
        body: Annotated[ExportRequest | None, Body()] = None,
        prefer: _Prefer = None,
        idempotency_key: _IdempotencyKey = None,
    ) -> Response[str]:
        """Start an export, and wait for it for a while."""
        preference = preferred_wait(prefer, default=DEFAULT_WAIT, longest=LONGEST_WAIT)
        until = self.exports.clock.now() + preference.wait
        order = Order(
            workspace_id=caller(self.app)["workspace_id"],
            request=body or ExportRequest(),
            trigger=Trigger.API,
            requested_by=caller(self.app)["subject"],
            idempotency_key=idempotency_key,
        )
        look = self.exports.wait(self.exports.create(order), until)
        headers = {"Location": f"/exports/{look.export.id}"}
        if preference.applied:
            headers["Preference-Applied"] = preference.applied
        if look.export.status is Status.REJECTED:
            problem = row_limit_problem(look.export)
            return json_response(problem.status, problem, headers)
        status = HTTPStatus.OK if look.export.status.is_final else HTTPStatus.ACCEPTED
        return self._export(look, status, headers)

    def estimate(self, body: Annotated[ExportRequest | None, Body()] = None) -> Response[str]:
        """Say what an export would hold: count, control totals, size, and whether it fits."""
        until = self.exports.clock.now() + DEFAULT_WAIT
        request = body or ExportRequest()
        made = self.estimates.estimate(caller(self.app)["workspace_id"], request, until)
        if made is None:
            return problem_response(STILL_COUNTING)
        return json_response(HTTPStatus.OK, made)

    def look(self, export_id: _ExportId) -> Response[str]:
        """Say how an export stands, with a fresh download URL once it has succeeded."""
        return self._export(self.exports.look(caller(self.app)["workspace_id"], export_id))

    def cancel(self, export_id: _ExportId) -> Response[str]:
        """Stop an export that is not finished."""
        return self._export(self.exports.cancel(caller(self.app)["workspace_id"], export_id))

    def recent(
        self,
        limit: Annotated[int, Query(ge=1, le=100, description="How many.")] = 20,
        cursor: Annotated[
            str | None, Query(max_length=64, description="The `next_cursor` of the page before.")
        ] = None,
    ) -> Response[str]:
        """List the workspace's exports, newest first; a look at one makes its download URL."""
        after = _after(cursor) if cursor is not None else None
        if cursor is not None and after is None:
            message = "is not a cursor: send the next_cursor of the page before"
            return problem_response(invalid_request([FieldError.of("cursor", message)]))
        workspace_id = caller(self.app)["workspace_id"]
        page = self.exports.recent(workspace_id, limit=limit + 1, after=after)
        listed = [self.presenter.resource(look, with_url=False) for look in page[:limit]]
        next_cursor = _cursor(listed[-1].id) if len(page) > limit else None
        return json_response(HTTPStatus.OK, ExportPage(exports=listed, next_cursor=next_cursor))

    def _export(
        self,
        look: Look,
        status: HTTPStatus = HTTPStatus.OK,
        headers: Mapping[str, str] | None = None,
    ) -> Response[str]:
        later = {} if look.export.status.is_final else {"Retry-After": str(RETRY_AFTER_SECONDS)}
        return json_response(status, self.presenter.resource(look), {**(headers or {}), **later})


def _cursor(export_id: str) -> str:
    return base64.urlsafe_b64encode(export_id.encode()).decode().rstrip("=")


def _after(cursor: str) -> str | None:
    """The export id in a cursor; None where it is not one."""
    try:
        export_id = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        return None
    return export_id if re.fullmatch(EXPORT_ID_PATTERN, export_id) else None
