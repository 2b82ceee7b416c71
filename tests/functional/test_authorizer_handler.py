"""The authorizer as Lambda calls it: told by its environment, for as long as a process lives."""

import time
from collections.abc import Iterator
from dataclasses import asdict, replace

import pytest

from functions.authorizer import app
from functions.authorizer.signing_keys import FRESH_SECONDS, KeysUnavailableError
from tests.authorizer_tokens import ALLOW, DENY, RSA, SETTINGS, event, key, key_set, signed
from tests.functional.test_authorizer_key_fetch import Server, answer, serving

VARIABLES = {
    "issuer": "TOKEN_ISSUER",
    "audience": "TOKEN_AUDIENCE",
    "audience_claim": "AUDIENCE_CLAIM",
    "jwks_url": "JWKS_URL",
    "admin_claim": "ADMIN_CLAIM",
    "admin_value": "ADMIN_VALUE",
    "workspace_claim": "WORKSPACE_CLAIM",
}


@pytest.fixture
def issuer(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with the issuer's keys, which the function's environment names."""
    with serving(answer(key_set(RSA))) as server:
        settings = replace(SETTINGS, jwks_url=server.url)
        for name, value in asdict(settings).items():
            monkeypatch.setenv(VARIABLES[name], value)
        app._issuer.cache_clear()
        yield server
        app._issuer.cache_clear()


def test_an_admin_passes_and_a_member_does_not(issuer: Server) -> None:
    assert app.handler(event(f"Bearer {signed()}"), None) == ALLOW
    assert app.handler(event(f"Bearer {signed(roles=['workspace-member'])}"), None) == DENY


def test_keys_are_kept_from_one_invocation_to_the_next_while_they_are_fresh(
    issuer: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now)
    app._issuer.cache_clear()
    for _ in range(3):
        assert app.handler(event(f"Bearer {signed()}"), None) == ALLOW
    assert len(issuer.requests) == 1

    issuer.behaviour = answer(key_set(key("next")))
    now += FRESH_SECONDS
    assert app.handler(event(f"Bearer {signed()}"), None) == DENY
    assert len(issuer.requests) == 2


def test_where_there_are_no_keys_it_breaks_off(issuer: Server) -> None:
    issuer.behaviour = answer(b"", "503 Service Unavailable")
    with pytest.raises(KeysUnavailableError):
        app.handler(event(f"Bearer {signed()}"), None)
