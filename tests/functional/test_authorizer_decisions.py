"""Tokens, good and bad, as the gateway hands them to the authorizer and answers for it."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from functions.authorizer.app import authorize
from functions.authorizer.key_set_endpoint import TIMEOUT_SECONDS, fetch_key_set
from functions.authorizer.signing_keys import (
    COOLDOWN_SECONDS,
    FRESH_SECONDS,
    STALE_SECONDS,
    KeysUnavailableError,
    SigningKeys,
)
from functions.authorizer.tokens import LEEWAY_SECONDS
from local.lambda_runtime import LambdaError
from tests.authorizer_tokens import ALLOW, RSA, SETTINGS, claims, key, key_set, signed
from tests.functional.served_api import Reply, ServedApi
from tests.functional.test_authorizer_key_fetch import Server, answer, hang, serving
from tests.unit.test_authorizer_attacks import (
    ATTACKER,
    CLAIMS,
    ENCODINGS,
    HEADERS,
    ISSUER,
    SIGNATURES,
)

ATTACKS = [*SIGNATURES, *HEADERS, *CLAIMS, *ENCODINGS]
OF_THE_MOMENT = {"Date", "apigw-requestid"}
FORBIDDEN = b'{"message":"Forbidden"}'


def constant(reply: Reply) -> tuple[Any, ...]:
    """All of an answer that could tell one refusal from another."""
    headers = sorted(pair for pair in reply.headers.items() if pair[0] not in OF_THE_MOMENT)
    return reply.status, tuple(headers), reply.body


def can_be_sent(token: str) -> bool:
    """Whether HTTP has a header with it, within what API Gateway takes."""
    return token.isascii() and token.isprintable() and 0 < len(token) < 10_000


def test_every_attack_gets_one_and_the_same_answer_and_never_reaches_a_function() -> None:
    refusals = {}
    with ServedApi(authorizer=lambda event: authorize(event, SETTINGS, ISSUER)) as api:
        for name, attack, _ in ATTACKS:
            token = attack()
            if can_be_sent(token):
                reply = api.request("/exports", headers={"Authorization": f"Bearer {token}"})
                refusals[name] = constant(reply)
        assert api.events == []
        assert api.request("/exports", headers=bearer(signed())).status == 200
    assert len(refusals) > 85
    assert len(set(refusals.values())) == 1, refusals
    assert {(status, body) for status, _, body in refusals.values()} == {(403, FORBIDDEN)}
    assert api.event["requestContext"]["authorizer"]["lambda"] == ALLOW["context"]


def test_the_bounds_are_no_wider_than_promised() -> None:
    assert LEEWAY_SECONDS <= 60
    assert TIMEOUT_SECONDS <= 2
    assert STALE_SECONDS <= 60 * 60
    assert FRESH_SECONDS <= 5 * 60


class Issuer:
    """An authorizer behind a gateway, whose clock can be set, and a server with its keys."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.now = 1_700_000_000.0
        self._keys = SigningKeys(partial(fetch_key_set, server.url), clock=lambda: self.now)

    def __call__(self, event: dict[str, Any]) -> dict[str, Any]:
        try:
            return authorize(event, SETTINGS, self._keys)
        except KeysUnavailableError as error:  # leaves the function, as on Lambda
            raise LambdaError(type(error).__name__, str(error), []) from error


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


DOWN: list[tuple[str, Callable[..., None]]] = [
    ("hangs", hang),
    ("answers 503", answer(b"", "503 Service Unavailable")),
    ("redirects", answer(b"", "302 Found", headers="Location: http://127.0.0.1:9/keys\r\n")),
    ("truncates", answer(key_set(RSA)[:-20], length=len(key_set(RSA)))),
    ("answers 1 MB", answer(key_set(RSA) + b" " * 1_000_000)),
    ("answers no key set", answer(b"<html>")),
]


@pytest.mark.parametrize("fault", [fault for _, fault in DOWN], ids=[name for name, _ in DOWN])
def test_while_the_issuer_fails_admins_stay_for_an_hour_and_then_nobody_is_denied_wrongly(
    fault: Callable[..., None],
) -> None:
    unknown = key("unknown").sign(claims())
    with serving(answer(key_set(RSA))) as server:
        issuer = Issuer(server)
        with ServedApi(authorizer=issuer) as api:

            def status(token: str = signed()) -> int:
                return api.request("/exports", headers=bearer(token)).status

            assert (status(), status(unknown)) == (200, 403)
            server.behaviour = fault
            issuer.now += STALE_SECONDS - 1
            started = time.monotonic()
            assert status() == 200
            assert time.monotonic() - started < TIMEOUT_SECONDS + 2  # a busy machine's grace
            asked = len(server.requests)
            assert [status(unknown) for _ in range(3)] == [500] * 3  # not known to be bad
            assert len(server.requests) == asked  # within the cool-down
            assert status(ATTACKER.sign(claims())) == 403  # known to be forged
            issuer.now += 1
            assert status() == 500
            server.behaviour = answer(key_set(RSA))
            issuer.now += COOLDOWN_SECONDS
            assert (status(), status(unknown)) == (200, 403)


def test_a_key_that_was_taken_back_is_refused_after_the_cache_ends() -> None:
    with serving(answer(key_set(RSA))) as server:
        issuer = Issuer(server)
        with ServedApi(authorizer=issuer) as api:
            old, new = bearer(signed()), bearer(key("next").sign(claims()))
            assert api.request("/exports", headers=old).status == 200
            server.behaviour = answer(key_set(key("next")))
            assert api.request("/exports", headers=old).status == 200
            issuer.now += FRESH_SECONDS
            assert api.request("/exports", headers=old).status == 403
            assert api.request("/exports", headers=new).status == 200


def test_made_up_key_ids_make_one_request_for_keys_in_each_cooldown() -> None:
    with serving(answer(key_set(RSA))) as server:
        issuer = Issuer(server)
        with ServedApi(authorizer=issuer) as api:
            for _ in range(3):
                tokens = [RSA.sign(claims(), kid=f"made-up-{number}") for number in range(4)]
                replies = [api.request("/exports", headers=bearer(token)) for token in tokens]
                assert {reply.status for reply in replies} == {403}
                issuer.now += COOLDOWN_SECONDS
        assert len(server.requests) == 3
