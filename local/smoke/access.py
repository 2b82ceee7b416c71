"""Checks of what is deployed, and of who gets in."""

import json
from functools import cache
from typing import Final

from local.api_client import Answer, ApiClient
from local.smoke.seen import NotCheckedError, Seen
from local.smoke.smoke import Smoke, reached
from local.template import Route, Template

_NO_EXPORT: Final = "0" * 26
_MADE_UP: Final = "eyJhbGciOiJub25lIn0.e30."
"""A token that nobody signed."""


def outputs(smoke: Smoke) -> Seen:
    """The stack has every output of the template."""
    if smoke.outputs is None:
        raise NotCheckedError("no stack was named: --stack")
    there, faults = smoke.outputs, []
    for condition, names in _template().output_names().items():
        missing = [name for name in names if not there.get(name)]
        if missing and (condition is None or len(missing) < len(names)):
            faults.append(f"missing: {', '.join(missing)}")
    return Seen.of(faults, f"{len(there)} outputs, all that the template has")


def nobody(smoke: Smoke) -> Seen:
    """No route answers without a token."""
    return _all_answer(smoke, None, 401)


def made_up(smoke: Smoke) -> Seen:
    """No route answers to a token that nobody signed."""
    return _all_answer(smoke, _MADE_UP, 403)


def member(smoke: Smoke) -> Seen:
    """No route answers to somebody who is no admin."""
    if smoke.member_token is None:
        raise NotCheckedError("no member's token was given: --member-token or SMOKE_MEMBER_TOKEN")
    return _all_answer(smoke, smoke.member_token, 403)


@cache
def _template() -> Template:
    return Template.load()  # reading it takes a second


def _all_answer(smoke: Smoke, token: str | None, expected: int) -> Seen:
    client, routes = smoke.api(token), _template().routes()
    faults = [
        f"{answer.status} at {route.method} {route.path}"
        for route in routes
        if (answer := _ask(smoke, client, route)).status != expected
    ]
    return Seen.of(faults, f"{expected} at all {len(routes)} routes")


def _ask(smoke: Smoke, client: ApiClient, route: Route) -> Answer:
    """A request that would be refused, and cost nothing, if it were let in."""
    path = route.path.replace("{id}", _NO_EXPORT)
    body = json.dumps({"start": "no day"}) if route.method == "POST" else None
    query = "?start=no+day" if route.path == "/usage" else ""
    with reached(smoke.api_url):
        return client.call(route.method, path + query, body)
