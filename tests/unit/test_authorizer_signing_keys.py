"""When the issuer is asked for its keys, which of them count, and how long they are believed."""

import json
import logging
import math
from itertools import pairwise
from typing import Any

import hypothesis
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from jwt.algorithms import RSAAlgorithm

from functions.authorizer.signing_keys import (
    COOLDOWN_SECONDS,
    FRESH_SECONDS,
    STALE_SECONDS,
    KeySetError,
    KeysUnavailableError,
    SigningKeys,
    parse_key_set,
)
from local.identity_provider import SigningKey
from tests.authorizer_tokens import EC, RSA, key, key_set

ROTATED = key("rotated")


class Issuer:
    """An identity provider, its keys, and the time that passes for both sides."""

    def __init__(self, *published: bytes) -> None:
        self.document = b"".join(published) or key_set(RSA)
        self.is_up = True
        self.now = 1_700_000_000.0
        self.asked_at: list[float] = []
        self.keys = SigningKeys(self.fetch, clock=lambda: self.now)

    def fetch(self) -> bytes:
        self.asked_at.append(self.now)
        if not self.is_up:
            raise KeySetError("the issuer is down")
        return self.document

    def knows(self, key_id: str, algorithm: str = "RS256") -> bool:
        return len(self.keys.matching(key_id, algorithm)) > 0

    def is_asked_for(self, key_id: str) -> bool:
        """Does looking up this key ask the issuer?"""
        before = len(self.asked_at)
        self.keys.matching(key_id, "RS256")
        return len(self.asked_at) > before


def test_the_issuer_is_asked_at_the_first_token_and_not_before() -> None:
    issuer = Issuer()
    assert issuer.asked_at == []

    assert issuer.knows("rsa")
    assert len(issuer.asked_at) == 1


def test_fresh_keys_are_used_without_asking_again() -> None:
    issuer = Issuer()
    assert issuer.is_asked_for("rsa")

    issuer.now += FRESH_SECONDS - 1
    assert not issuer.is_asked_for("rsa")
    issuer.now += 1
    assert issuer.is_asked_for("rsa")


def test_a_key_counts_only_for_its_own_id_and_algorithm() -> None:
    issuer = Issuer(key_set(RSA, EC))

    assert issuer.knows("rsa", "RS256")
    assert issuer.knows("ec", "ES256")
    assert not issuer.knows("rsa", "ES256")
    assert not issuer.knows("ec", "RS256")
    assert not issuer.knows("RSA", "RS256")


def test_a_new_key_is_found_at_its_first_token_once_the_cooldown_is_over() -> None:
    issuer = Issuer()
    assert issuer.knows("rsa")
    issuer.document = key_set(RSA, ROTATED)

    issuer.now += COOLDOWN_SECONDS - 1
    assert not issuer.knows("rotated")
    issuer.now += 1
    assert issuer.knows("rotated")


def test_made_up_key_ids_cause_one_request_per_cooldown() -> None:
    issuer = Issuer()

    for number in range(1000):
        assert not issuer.knows(f"made-up-{number}")
        issuer.now += COOLDOWN_SECONDS / 100

    assert len(issuer.asked_at) == 10


def test_a_removed_key_is_refused_when_the_fresh_time_is_over() -> None:
    issuer = Issuer(key_set(RSA, ROTATED))
    assert issuer.knows("rsa")
    issuer.document = key_set(ROTATED)

    issuer.now += FRESH_SECONDS - 1
    assert issuer.knows("rsa")
    issuer.now += 1
    assert not issuer.knows("rsa")
    assert issuer.knows("rotated")


def test_taking_back_all_keys_is_an_answer_and_not_a_failure() -> None:
    issuer = Issuer()
    assert issuer.knows("rsa")
    issuer.document = key_set()

    issuer.now += FRESH_SECONDS
    assert not issuer.knows("rsa")


def test_while_the_issuer_is_down_known_keys_serve_for_an_hour() -> None:
    issuer = Issuer()
    assert issuer.knows("rsa")
    issuer.is_up = False

    issuer.now += STALE_SECONDS - 1
    assert issuer.knows("rsa")
    issuer.now += 1  # within the cool-down after the last attempt
    with pytest.raises(KeysUnavailableError):
        issuer.knows("rsa")
    issuer.now += COOLDOWN_SECONDS
    with pytest.raises(KeysUnavailableError):
        issuer.knows("rsa")


def test_while_the_issuer_is_down_an_unknown_key_is_neither_good_nor_bad() -> None:
    issuer = Issuer()
    assert issuer.knows("rsa")
    issuer.is_up = False
    issuer.now += COOLDOWN_SECONDS

    with pytest.raises(KeysUnavailableError, match="the issuer is down"):
        issuer.knows("rotated")
    assert issuer.knows("rsa")


def test_without_any_keys_nothing_is_decided_and_the_issuer_is_left_in_peace() -> None:
    issuer = Issuer()
    issuer.is_up = False

    for _ in range(3):
        with pytest.raises(KeysUnavailableError):
            issuer.knows("rsa")

    assert len(issuer.asked_at) == 1


def test_after_an_outage_the_issuer_is_asked_again_once_the_cooldown_is_over() -> None:
    issuer = Issuer()
    issuer.is_up = False
    with pytest.raises(KeysUnavailableError):
        issuer.knows("rsa")
    issuer.is_up = True

    issuer.now += COOLDOWN_SECONDS
    assert issuer.knows("rsa")
    assert not issuer.knows("made-up")


def test_a_failed_fetch_is_logged_with_its_cause(caplog: pytest.LogCaptureFixture) -> None:
    issuer = Issuer()
    assert issuer.knows("rsa")
    issuer.is_up = False
    issuer.now += FRESH_SECONDS
    assert issuer.knows("rsa")

    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage() == "Signing keys could not be fetched"
    assert record.__dict__["cause"] == "the issuer is down"


@pytest.mark.parametrize("jump", [-1.0, -FRESH_SECONDS, -STALE_SECONDS, -math.inf])
def test_a_clock_that_is_set_back_does_not_keep_old_keys_alive(jump: float) -> None:
    issuer = Issuer()
    assert issuer.knows("rsa")
    issuer.document = key_set(ROTATED)

    issuer.now += jump
    assert not issuer.knows("rsa")


@pytest.mark.parametrize(
    ("document", "cause"),
    [
        pytest.param(b"", "is not JSON", id="nothing"),
        pytest.param(key_set(RSA)[:-5], "is not JSON", id="cut off"),
        pytest.param(b"<html>Bad gateway</html>", "is not JSON", id="a page"),
        pytest.param(b"[]", "has no list of keys", id="a list"),
        pytest.param(b"null", "has no list of keys", id="null"),
        pytest.param(b"{}", "has no list of keys", id="no keys"),
        pytest.param(b'{"keys": null}', "has no list of keys", id="null keys"),
        pytest.param(b'{"keys": {"rsa": {}}}', "has no list of keys", id="keys by name"),
        pytest.param(b'{"error": "not found"}', "has no list of keys", id="an error"),
        pytest.param(b"\xff\xfe\xff", "is not JSON", id="not text"),
        pytest.param(b"[" * 100_000, "is not JSON", id="deeply nested"),
        pytest.param(b'{"keys": [' + b"9" * 5000 + b"]}", "is not JSON", id="a huge number"),
    ],
)
def test_what_is_no_key_set_is_a_failure_and_leaves_known_keys_in_place(
    document: bytes, cause: str
) -> None:
    with pytest.raises(KeySetError, match=f"the issuer's key set {cause}"):
        parse_key_set(document)

    issuer = Issuer()
    assert issuer.knows("rsa")
    issuer.document = document
    issuer.now += FRESH_SECONDS
    assert issuer.knows("rsa")


def jwk(**changes: Any) -> dict[str, Any]:
    changed = {**RSA.public_jwk, **changes}
    return {name: value for name, value in changed.items() if value is not None}


PRIVATE_JWK = RSAAlgorithm.to_jwk(rsa.generate_private_key(65537, 2048), as_dict=True)


@pytest.mark.parametrize(
    "member",
    [
        pytest.param(jwk(kid=None), id="no key id"),
        pytest.param(jwk(kid=7), id="a number for a key id"),
        pytest.param(jwk(kid=["rsa"]), id="a list of key ids"),
        pytest.param(jwk(use="enc"), id="for encryption"),
        pytest.param(jwk(alg="RS512"), id="for RS512"),
        pytest.param(jwk(alg="ES256"), id="for an algorithm of another key type"),
        pytest.param(jwk(alg="HS256"), id="for HS256"),
        pytest.param(jwk(alg=["RS256"]), id="for a list of algorithms"),
        pytest.param({"kty": "oct", "kid": "rsa", "k": "c2VjcmV0", "alg": "HS256"}, id="a secret"),
        pytest.param({"kty": "oct", "kid": "rsa", "k": "c2VjcmV0", "alg": "RS256"}, id="as RS256"),
        pytest.param({"kty": "OKP", "kid": "rsa", "crv": "Ed25519", "x": "AA"}, id="Ed25519"),
        pytest.param({**EC.public_jwk, "kid": "rsa", "crv": "P-384"}, id="another curve"),
        pytest.param({**EC.public_jwk, "kid": "rsa", "y": "AAAA"}, id="not on the curve"),
        pytest.param(jwk(**PRIVATE_JWK), id="published with its private part"),
        pytest.param(jwk(n=None), id="no modulus"),
        pytest.param(jwk(n=7), id="a number for a modulus"),
        pytest.param(jwk(n="!!!!"), id="a modulus that is not base64"),
        pytest.param(jwk(e="AQ"), id="an exponent of one"),
        pytest.param(jwk(kty="rsa"), id="key type of other case"),
        pytest.param(jwk(kty=None), id="no key type"),
        pytest.param("rsa", id="text"),
        pytest.param(None, id="null"),
    ],
)
def test_a_member_that_cannot_verify_here_is_left_out_and_the_others_stay(member: Any) -> None:
    document = json.dumps({"keys": [member, ROTATED.public_jwk]}).encode()

    assert list(parse_key_set(document)) == [("rotated", "RS256")]


@pytest.mark.parametrize(
    "member",
    [
        pytest.param(jwk(alg=None, use=None), id="neither algorithm nor use said, as Entra's"),
        pytest.param(jwk(x5c=["MII"], x5t="AA", issuer="https://x.example"), id="with extras"),
    ],
)
def test_what_a_key_leaves_unsaid_or_adds_does_not_matter(member: dict[str, Any]) -> None:
    assert list(parse_key_set(json.dumps({"keys": [member]}).encode())) == [("rsa", "RS256")]


@pytest.mark.parametrize("signer", [RSA, EC])
def test_a_key_is_the_one_that_was_published_bound_to_its_algorithm(signer: SigningKey) -> None:
    ((found,),) = parse_key_set(key_set(signer)).values()

    assert (found.key_id, found.algorithm_name) == (signer.key_id, signer.algorithm)
    assert found.key.public_numbers() == signer.private_key.public_key().public_numbers()


def test_keys_of_one_id_are_all_kept() -> None:
    twin = {**ROTATED.public_jwk, "kid": "rsa"}
    other_type = {**EC.public_jwk, "kid": "rsa"}
    document = json.dumps({"keys": [RSA.public_jwk, twin, other_type]}).encode()

    keys = parse_key_set(document)

    assert {name: len(same) for name, same in keys.items()} == {
        ("rsa", "RS256"): 2,
        ("rsa", "ES256"): 1,
    }


members = st.dictionaries(
    st.sampled_from(["kid", "kty", "alg", "use", "n", "e", "crv", "x", "y", "d", "k", "key_ops"]),
    st.none() | st.integers() | st.text(max_size=9) | st.lists(st.text(max_size=3), max_size=2),
)


# The first text on a machine takes Hypothesis seconds: it tabulates Unicode.
@hypothesis.settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(base=st.sampled_from([{}, RSA.public_jwk, EC.public_jwk]), changes=members)
def test_no_member_whatever_is_an_error(base: dict[str, Any], changes: dict[str, Any]) -> None:
    document = json.dumps({"keys": [{**base, **changes}, ROTATED.public_jwk]}).encode()

    assert ("rotated", "RS256") in parse_key_set(document)


class RotatingIssuer(RuleBasedStateMachine):
    """An issuer that rotates and fails at any time, and tokens that come at any time."""

    SIGNERS = (RSA, ROTATED, key("third"))

    def __init__(self) -> None:
        super().__init__()
        self.issuer = Issuer()
        self.last_published = dict.fromkeys((signer.key_id for signer in self.SIGNERS), -math.inf)
        self.published = {"rsa"}
        self.unchanged_since = -math.inf

    @rule(seconds=st.sampled_from([1, 5, COOLDOWN_SECONDS, 60, FRESH_SECONDS, STALE_SECONDS]))
    def time_passes(self, seconds: int) -> None:
        self.issuer.now += seconds

    @rule(chosen=st.sets(st.sampled_from(SIGNERS)))
    def keys_change(self, chosen: set[Any]) -> None:
        self.issuer.document = key_set(*chosen)
        self.published = {signer.key_id for signer in chosen}
        self.unchanged_since = self.issuer.now

    @rule(is_up=st.booleans())
    def goes_down_or_up(self, *, is_up: bool) -> None:
        self.issuer.is_up = is_up
        self.unchanged_since = self.issuer.now

    @rule(key_id=st.sampled_from([signer.key_id for signer in SIGNERS]))
    def a_token_comes(self, key_id: str) -> None:
        now, issuer = self.issuer.now, self.issuer
        steady = now - self.unchanged_since
        try:
            is_known = issuer.knows(key_id)
        except KeysUnavailableError:
            assert not issuer.is_up or steady < COOLDOWN_SECONDS
            return
        if is_known:
            assert now - self.last_published[key_id] < STALE_SECONDS
            if issuer.is_up and steady >= FRESH_SECONDS + COOLDOWN_SECONDS:
                assert key_id in self.published
        elif issuer.is_up and steady >= COOLDOWN_SECONDS:
            assert key_id not in self.published

    @invariant()
    def the_issuer_is_left_in_peace(self) -> None:
        asked_at = self.issuer.asked_at
        assert all(later - earlier >= COOLDOWN_SECONDS for earlier, later in pairwise(asked_at))

    @invariant()
    def the_model_knows_what_is_published(self) -> None:
        for key_id in self.published:
            self.last_published[key_id] = self.issuer.now


TestRotatingIssuer = RotatingIssuer.TestCase
TestRotatingIssuer.settings = hypothesis.settings(deadline=None, max_examples=60)
