"""A request to a warm function, against the bare AWS calls that it cannot do without."""

import io
import json
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jwt

from benchmarks.call_logs import write_workspace
from benchmarks.canned_aws import CannedAws, Clients, calls_of, repeat
from benchmarks.http_events import request
from benchmarks.measured import Line, alternately, at_most
from functions.authorizer.app import authorize
from functions.authorizer.key_set_endpoint import fetch_key_set
from functions.authorizer.settings import Settings
from functions.authorizer.signing_keys import SigningKeys
from functions.authorizer.tokens import LEEWAY_SECONDS
from local.stack import LocalStack
from tests.functional.in_process import Loaded, loaded

LATENCY = 0.010
"""Seconds; about what a call of S3 or Athena takes from a function in its region."""

WORKSPACE = "ws-busy"
_LIMIT = 1.3


def lines(rows: int, rounds: int) -> Iterator[Line]:
    """Each route, and the authorizer, for a workspace of `rows` calls in the year."""
    today = datetime.now(UTC).date()
    year = {"start": str(today - timedelta(days=365)), "end": str(today - timedelta(days=1))}
    month = {"period": "last_30_days"}
    with TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name)
        write_workspace(folder / "call-logs", WORKSPACE, rows=rows, days=366, end=today)
        canned = CannedAws()
        with LocalStack(folder / "call-logs", folder / "logs") as stack, canned.in_place():
            with loaded(stack, "ExportFunction") as function:
                clients = {"s3": function.module.s3, "athena": function.module.athena}
                measured = partial(_lines_of, canned, clients, function, rounds)
                begun = _answer(function, _post("/exports", month))
                look = request(WORKSPACE, "GET", f"/exports/{json.loads(begun['body'])['id']}")
                yield from measured("`POST /exports`, 30 days", _post("/exports", month))
                yield from measured("`GET /exports/{id}`, once succeeded", look)
                yield from measured("`POST /exports`, 365 days", _post("/exports", year))
                yield from measured("`POST /exports/estimate`", _post("/exports/estimate", month))
            with loaded(stack, "AnalyticsFunction") as function:
                athena = function.module.athena
                clients = {"s3": athena._s3, "athena": athena._athena}  # noqa: SLF001
                usage = request(WORKSPACE, "GET", "/usage", query="period=last_30_days")
                yield from _lines_of(canned, clients, function, rounds, "`GET /usage`", usage)
            yield _authorizer_line(stack, rounds)


def _post(path: str, body: Any) -> Any:
    return request(WORKSPACE, "POST", path, body)


def _lines_of(
    canned: CannedAws, clients: Clients, function: Loaded, rounds: int, name: str, event: Any
) -> Iterator[Line]:
    """The request once for real, and then from recorded answers, without and with a latency."""
    canned.is_recording = True
    assert _answer(function, event)["statusCode"] == 200
    canned.is_recording = False
    calls = calls_of(clients, lambda: _answer(function, event))
    requests = len([call for call in calls if not call.is_presigned])
    measures = {
        "ours": lambda clock: _milliseconds(clock, lambda: _answer(function, event)),
        "bare": lambda clock: _milliseconds(clock, lambda: repeat(clients, calls)),
    }
    for latency, clock, words, rounded in (
        (LATENCY, time.perf_counter, f"{LATENCY * 1000:.0f} ms a call", rounds),
        (0.0, time.process_time, "the processor alone", rounds * 5),
    ):
        canned.latency = latency
        found = alternately(rounded, {key: partial(one, clock) for key, one in measures.items()})
        baseline = f"{requests} bare call{'s' if requests > 1 else ''}"
        yield at_most(
            _LIMIT, f"{name}, {words}", found["ours"], found["bare"], name=baseline, unit="ms"
        )


def _authorizer_line(stack: LocalStack, rounds: int) -> Line:
    """A token's whole way through the authorizer, against PyJWT's `decode`."""
    function = stack.template.functions()[stack.template.authorizer()]
    settings = Settings.from_environment(function.environment)
    keys = SigningKeys(partial(fetch_key_set, settings.jwks_url), clock=time.time)
    token = stack.identity_provider.token(workspace_id=WORKSPACE)
    event = {"identitySource": [f"Bearer {token}"]}
    assert authorize(event, settings, keys)["isAuthorized"]
    header = jwt.get_unverified_header(token)
    (key,) = keys.matching(header["kid"], header["alg"])

    def bare() -> object:
        return jwt.decode(
            token,
            key,
            algorithms=[header["alg"]],
            audience=settings.audience,
            issuer=settings.issuer,
            leeway=LEEWAY_SECONDS,
        )

    found = alternately(
        rounds * 50,
        {
            "ours": lambda: _milliseconds(
                time.process_time, lambda: authorize(event, settings, keys)
            ),
            "bare": lambda: _milliseconds(time.process_time, bare),
        },
    )
    return at_most(
        _LIMIT,
        "The authorizer, the processor alone",
        found["ours"],
        found["bare"],
        name="PyJWT's `decode`",
        unit="ms",
    )


def _answer(function: Loaded, event: Any) -> Any:
    with redirect_stdout(io.StringIO()):  # metrics, which Lambda takes from there
        return function.invoke(event)


def _milliseconds(clock: Callable[[], float], act: Callable[[], object]) -> float:
    began = clock()
    act()
    return (clock() - began) * 1000
