"""Keycloak stopped, then started again with what it had. The tests follow each other."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from functions.authorizer.signing_keys import COOLDOWN_SECONDS, FRESH_SECONDS, STALE_SECONDS
from local.identity_provider import SigningKey
from tests.functional.conftest import Reply
from tests.oidc.conftest import Usage
from tests.oidc.keycloak import Keycloak
from tests.oidc.people import People, Tokens
from tests.oidc.test_access import ADA, MAX, is_denied
from tests.watched_authorizer import WatchedAuthorizer


@dataclass(frozen=True)
class Before:
    """What there was when Keycloak still ran."""

    admin: Tokens
    member: Tokens
    forged: str
    keys: dict[str, str]


@pytest.fixture(scope="module")
def before(
    people: People, keycloak: Keycloak, usage: Usage, watched: tuple[WatchedAuthorizer, Usage]
) -> Before:
    admin = people.sign_in(ADA)
    assert usage(admin).status == watched[1](admin).status == 200
    return Before(
        admin=admin,
        member=people.sign_in(MAX),
        forged=SigningKey.generate("RS256").sign(admin.claims),
        keys=keycloak.signing_keys(),
    )


@pytest.fixture(scope="module")
def is_down(before: Before, keycloak: Keycloak) -> Iterator[None]:
    keycloak.stop()
    yield
    keycloak.start()  # does nothing where it runs
    keycloak.wait()


@pytest.fixture(scope="module")
def is_back(is_down: None, keycloak: Keycloak) -> None:
    keycloak.start()
    keycloak.wait()


def is_error(reply: Reply) -> bool:
    return (reply.status, reply.text) == (500, '{"message":"Internal Server Error"}')


@pytest.mark.usefixtures("is_down")
def test_the_running_function_goes_on_with_the_keys_it_knows(before: Before, usage: Usage) -> None:
    assert usage(before.admin).status == 200
    assert is_denied(usage(before.member))


@pytest.mark.usefixtures("is_down")
def test_a_function_that_knows_no_key_denies_nobody_for_it(before: Before, cold: Usage) -> None:
    assert is_error(cold(before.admin))


@pytest.mark.usefixtures("is_down")
def test_keys_past_their_time_do_for_an_hour_with_one_request_in_ten_seconds(
    before: Before, watched: tuple[WatchedAuthorizer, Usage]
) -> None:
    authorizer, usage = watched
    fetches = authorizer.fetches
    authorizer.ahead = FRESH_SECONDS
    assert usage(before.admin).status == 200
    assert is_denied(usage(before.member))
    assert is_error(usage(before.forged))  # it may be of a new key
    assert authorizer.fetches == fetches + 1
    authorizer.ahead = STALE_SECONDS
    assert is_error(usage(before.admin))


@pytest.mark.usefixtures("is_back")
def test_once_it_is_back_so_is_the_answer(
    before: Before, watched: tuple[WatchedAuthorizer, Usage]
) -> None:
    authorizer, usage = watched
    authorizer.ahead = STALE_SECONDS + COOLDOWN_SECONDS
    assert usage(before.admin).status == 200
    assert is_denied(usage(before.forged))


@pytest.mark.usefixtures("is_back")
def test_a_restart_keeps_keys_and_sessions(
    before: Before, people: People, keycloak: Keycloak, usage: Usage
) -> None:
    assert keycloak.signing_keys() == before.keys
    refreshed = people.refresh(before.admin)
    assert refreshed.key_id == before.admin.key_id
    assert usage(refreshed).status == 200
