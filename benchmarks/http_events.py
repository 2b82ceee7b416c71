"""HTTP events as API Gateway sends them once the authorizer has passed."""

import json
from typing import Any

from local.template.template import TEMPLATE

_REQUEST = TEMPLATE.parent / "events" / "admin-request.json"


def request(workspace_id: str, method: str, path: str, body: Any = None, query: str = "") -> Any:
    """The event of a request."""
    event = json.loads(_REQUEST.read_text(encoding="utf-8"))
    event |= {"routeKey": f"{method} {path}", "rawPath": path, "rawQueryString": query}
    event["body"] = "" if body is None else json.dumps(body)
    event["requestContext"]["http"] |= {"method": method, "path": path}
    event["requestContext"]["authorizer"]["lambda"]["workspace_id"] = workspace_id
    return event
