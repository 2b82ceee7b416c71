"""CORS as an HTTP API does it: the template's configuration counts, a function's headers do not."""

from werkzeug.wrappers import Response

from local.gateway.request import HttpRequest
from local.template import Cors


def preflight(cors: Cors, request: HttpRequest) -> Response:
    """The answer to OPTIONS, with nothing in it for an origin that may not call the API."""
    response = Response(status=204)
    del response.headers["content-type"]
    if _allowed_origin(cors, request) and "access-control-request-method" in request.headers:
        response.headers["access-control-allow-methods"] = ",".join(cors.allow_methods)
        response.headers["access-control-allow-headers"] = ",".join(cors.allow_headers)
        response.headers["access-control-max-age"] = str(cors.max_age)
    return response


def drop_cors_headers(response: Response) -> None:
    """Takes a function's own CORS headers out."""
    for name in [*response.headers.keys()]:
        if name.lower().startswith("access-control-"):
            del response.headers[name]


def let_origin_read(cors: Cors, request: HttpRequest, response: Response) -> None:
    """Lets an allowed origin's page see a response, API Gateway's own 401, 403 and 404 included."""
    origin = _allowed_origin(cors, request)
    if origin is None:
        return
    response.headers["access-control-allow-origin"] = origin
    if request.method != "OPTIONS" and cors.expose_headers:
        response.headers["access-control-expose-headers"] = ",".join(cors.expose_headers)


def _allowed_origin(cors: Cors, request: HttpRequest) -> str | None:
    """The request's origin if it may call the API, `*` if every one may, else None."""
    origin = request.headers.get("origin")
    if origin is None:
        return None
    if "*" in cors.allow_origins:
        return "*"
    any_of_scheme = origin.partition("://")[0] + "://*"
    return origin if {origin, any_of_scheme} & {*cors.allow_origins} else None
