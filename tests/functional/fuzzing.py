"""Requests made from the OpenAPI document, and the check that the answers are those it promises."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import schemathesis
from schemathesis import Case, Config, HookContext
from schemathesis.engine import events, from_schema

from local.openapi import DOCUMENT

_CONFIG: dict[str, Any] = {
    "request-timeout": 40,
    "checks": {
        # A schema cannot say which time zones there are, or which days were logged.
        "positive_data_acceptance": {"enabled": False},
        # An HTTP API has no 405: a method without a route is a 404.
        "unsupported_method": {"enabled": False},
        # DELETE cancels: the export stays, with that outcome.
        "use_after_free": {"enabled": False},
        "negative_data_rejection": {"expected-statuses": [400, 401, 403, 404, 413, 415, 422, 431]},
    },
    "output": {"sanitization": {"enabled": False}},
    "cache": {"enabled": False},
}


@dataclass(frozen=True)
class Exchange:
    """A request of an operation, and the status of its answer."""

    operation: str
    method: str
    status: int

    @property
    def is_documented(self) -> bool:
        """False where the request was a try with another method than the operation's."""
        return self.operation.startswith(f"{self.method} ")


def fuzz(url: str, token: str | None, *, max_examples: int, stateful: bool) -> list[Exchange]:
    """Send what the document allows or just about does not, to every operation.

    Args:
        url: Of the API.
        token: To send along, if any.
        max_examples: Random requests for each operation, beside several hundred systematic ones.
        stateful: Whether to follow the document's links as well.

    Raises:
        AssertionError: With every answer that is not as documented, and how to get it again.
    """
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    config = {
        **_CONFIG,
        "base-url": url,
        "headers": headers,
        "generation": {"max-examples": max_examples, "with-security-parameters": False},
        "phases": {"stateful": {"enabled": stateful}},
    }
    api = schemathesis.openapi.from_dict(_closed_document(), config=Config.from_dict(config))
    api.hook("map_case")(_without_waiting)
    findings: list[str] = []
    exchanges: list[Exchange] = []
    for event in from_schema(api).execute():
        if isinstance(event, events.ScenarioFinished):
            exchanges.extend(_exchanges(event))
            findings.extend(_findings(event))
        elif isinstance(event, events.NonFatalError | events.FatalError):
            findings.append(str(event))
    assert not findings, "\n\n".join(dict.fromkeys(findings))
    return exchanges


def _closed_document() -> dict[str, Any]:
    """The document with every model closed: a field that it does not name is a finding."""
    document: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    for schema in document["components"]["schemas"].values():
        if schema["type"] == "object":
            schema["additionalProperties"] = False
    return document


def _without_waiting(_: HookContext, case: Case[Any]) -> Case[Any]:
    """Exports run on by themselves, but where a request says how long to wait."""
    if case.operation.label == "POST /exports":
        case.headers.setdefault("Prefer", "respond-async")
    return case


def _exchanges(event: events.ScenarioFinished) -> Iterator[Exchange]:
    for case_id, interaction in event.recorder.interactions.items():
        case = event.recorder.cases[case_id].value
        if interaction.response is not None:
            yield Exchange(case.operation.label, case.method, interaction.response.status_code)


def _findings(event: events.ScenarioFinished) -> Iterator[str]:
    for case_id, checks in event.recorder.checks.items():
        operation = event.recorder.cases[case_id].value.operation.label
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                yield f"{operation}: {failure}\n{check.failure_info.code_sample}"
