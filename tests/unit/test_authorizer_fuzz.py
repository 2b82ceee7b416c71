"""Whatever a caller sends, and even whatever the issuer signs, the answer is an answer."""

import json
from typing import Any

import hypothesis
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from functions.authorizer.app import authorize
from tests.authorizer_tokens import ALLOW, DENY, EC, ISSUER, RSA, SETTINGS, claims, compact, event

# The first text on a machine takes Hypothesis seconds: it tabulates Unicode.
unhurried = hypothesis.settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=6,
)
header_names = st.sampled_from(["alg", "kid", "typ", "crit", "b64", "cty", "zip", "jku", "jwk"])


@unhurried
@given(authorization=st.text() | st.from_regex(r"Bearer [\w-]{0,40}\.[\w-]{0,40}\.[\w-]{0,40}"))
def test_no_authorization_header_whatever_is_an_error(authorization: str) -> None:
    assert authorize(event(authorization), SETTINGS, ISSUER) == DENY


@unhurried
@given(header=st.dictionaries(header_names, json_values))
def test_no_token_header_whatever_is_an_error(header: dict[str, Any]) -> None:
    payload = json.dumps(claims()).encode()
    token = compact({"alg": "RS256", "kid": "rsa", **header}, payload, RSA)

    assert authorize(event(f"Bearer {token}"), SETTINGS, ISSUER) in (ALLOW, DENY)


@unhurried
@given(payload=st.binary(max_size=200) | json_values.map(lambda value: json.dumps(value).encode()))
def test_no_payload_whatever_is_an_error_even_if_the_issuer_signed_it(payload: bytes) -> None:
    token = compact({"alg": "RS256", "kid": "rsa"}, payload, RSA)

    assert authorize(event(f"Bearer {token}"), SETTINGS, ISSUER) == DENY


@unhurried
@given(changes=st.dictionaries(st.sampled_from([*claims(), "nbf", "jti", "typ"]), json_values))
def test_no_signed_claims_whatever_are_an_error(changes: dict[str, Any]) -> None:
    payload = json.dumps(claims(**changes)).encode()
    token = compact({"alg": "RS256", "kid": "rsa"}, payload, RSA)

    answer = authorize(event(f"Bearer {token}"), SETTINGS, ISSUER)

    assert answer == DENY or answer["context"]["workspace_id"] == claims(**changes)["workspace_id"]


@unhurried
@given(position=st.integers(min_value=0), flip=st.integers(min_value=1, max_value=255))
def test_one_changed_byte_anywhere_in_a_token_denies_it(position: int, flip: int) -> None:
    token = bytearray(EC.sign(claims()), "ascii")
    token[position % len(token)] ^= flip

    assert authorize(event(f"Bearer {token.decode('latin-1')}"), SETTINGS, ISSUER) == DENY
