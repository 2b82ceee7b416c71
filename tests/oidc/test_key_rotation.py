"""Keys that come and go in the running realm."""

import time

from functions.authorizer.signing_keys import COOLDOWN_SECONDS, FRESH_SECONDS
from tests.oidc.conftest import Usage
from tests.oidc.keycloak import Keycloak
from tests.oidc.people import People
from tests.oidc.test_access import ADA, MAX, is_denied
from tests.watched_authorizer import WatchedAuthorizer


def test_a_new_key_costs_one_fetch_and_a_removed_one_is_refused_once_the_cache_ends(
    people: People, keycloak: Keycloak, watched: tuple[WatchedAuthorizer, Usage]
) -> None:
    authorizer, usage = watched
    before = people.sign_in(ADA)
    assert usage(before).status == 200
    assert authorizer.fetches == 1

    keycloak.add_signing_key()
    after = people.sign_in(ADA)
    assert after.key_id != before.key_id
    authorizer.ahead = COOLDOWN_SECONDS
    assert [usage(after).status for _ in range(3)] == [200] * 3
    assert is_denied(usage(people.sign_in(MAX)))
    assert usage(before).status == 200
    assert authorizer.fetches == 2

    keycloak.remove_signing_key(before.key_id)
    assert usage(before).status == 200  # for as long as keys are kept
    assert authorizer.fetches == 2
    authorizer.ahead += FRESH_SECONDS
    assert [usage(before).status for _ in range(3)] == [403] * 3
    assert usage(after).status == 200
    assert authorizer.fetches == 3


def test_a_new_key_is_accepted_by_the_running_function_within_its_pause_between_fetches(
    people: People, keycloak: Keycloak, usage: Usage
) -> None:
    before = people.sign_in(ADA)
    assert usage(before).status == 200
    keycloak.add_signing_key()
    after = people.sign_in(ADA)
    assert after.key_id != before.key_id
    end = time.monotonic() + COOLDOWN_SECONDS + 5
    while is_denied(reply := usage(after)) and time.monotonic() < end:
        time.sleep(0.5)
    assert reply.status == 200
    assert usage(before).status == 200
