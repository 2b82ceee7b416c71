"""Attacks on tokens (RFC 8725 and beyond): each is one change away from a token that is accepted.

Every row names the cause that the log must give, so that no attack is denied by accident.
"""

import hashlib
import hmac
import json
import re
import socket
from collections.abc import Callable

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from functions.authorizer.app import authorize
from functions.authorizer.signing_keys import SigningKeys
from local.identity_provider import SigningKey
from tests.authorizer_tokens import (
    ABSENT,
    ALLOW,
    DENY,
    EC,
    RSA,
    SETTINGS,
    base64url,
    claims,
    compact,
    event,
    from_now,
    issuer_with,
    of_length,
    signed,
    with_header,
)

ATTACKER = SigningKey.generate("RS256", "rsa")  # the issuer's key id, but another key
ATTACKER_EC = SigningKey.generate("ES256", "ec")
WEAK_RSA = rsa.generate_private_key(65537, 1024)  # noqa: S505 - being too small is the point
SMALL = SigningKey("small", "RS256", WEAK_RSA)
P384 = SigningKey("p384", "ES256", ec.generate_private_key(ec.SECP384R1()))
ISSUER = issuer_with(RSA, EC, SMALL, P384)


def with_payload(payload: str) -> str:
    return compact({"alg": "RS256", "kid": "rsa"}, payload.encode(), RSA)


def with_claim(name: str, json_text: str) -> str:
    """A claim in JSON that Python would not write."""
    rest = json.dumps(claims(**{name: ABSENT}))[1:]
    return with_payload(f'{{"{name}": {json_text}, {rest}')


def with_raw_header(header: str) -> str:
    return compact(header.encode(), json.dumps(claims()).encode(), RSA)


def without_signature(algorithm: str) -> str:
    header, payload, _ = RSA.sign(claims(), alg="RS256").split(".")
    header = base64url(json.dumps({"alg": algorithm, "kid": "rsa"}).encode())
    return f"{header}.{payload}.AA"


def with_hmac_of(secret: bytes) -> str:
    header = base64url(json.dumps({"alg": "HS256", "kid": "rsa"}).encode())
    signing_input = f"{header}.{base64url(json.dumps(claims()).encode())}"
    signature = hmac.new(secret, signing_input.encode(), hashlib.sha256).digest()
    return f"{signing_input}.{base64url(signature)}"


def public_key(encoding: Encoding, public_format: PublicFormat) -> bytes:
    return RSA.private_key.public_key().public_bytes(encoding, public_format)


def by_rsa_algorithm(algorithm: str) -> str:
    return jwt.encode(claims(), RSA.private_key, algorithm, headers={"kid": "rsa"})


def with_changed_payload() -> str:
    header, _, signature = signed(roles=["workspace-member"]).split(".")
    return f"{header}.{base64url(json.dumps(claims()).encode())}.{signature}"


def with_two_headers() -> str:
    """A header list in which the second would be valid, as a proxy might join them."""
    return f"{ATTACKER.sign(claims())}, Bearer {signed()}"


PEM = public_key(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

Attack = Callable[[], str]
SIGNATURES: list[tuple[str, Attack, str]] = [
    ("alg none", lambda: without_signature("none"), "algorithm"),
    ("alg None", lambda: without_signature("None"), "algorithm"),
    ("alg empty", lambda: without_signature(""), "algorithm"),
    ("no signature", lambda: signed().rpartition(".")[0] + ".", "not 'Bearer'"),
    ("HS256 with the public key in PEM", lambda: with_hmac_of(PEM), "algorithm"),
    ("HS256 with the stripped PEM", lambda: with_hmac_of(PEM.strip()), "algorithm"),
    (
        "HS256 with the public key in DER",
        lambda: with_hmac_of(public_key(Encoding.DER, PublicFormat.PKCS1)),
        "algorithm",
    ),
    (
        "HS256 with the public JWK",
        lambda: with_hmac_of(json.dumps(RSA.public_jwk).encode()),
        "algorithm",
    ),
    ("HS256 with an empty secret", lambda: with_hmac_of(b""), "algorithm"),
    ("RS384 by the right key", lambda: by_rsa_algorithm("RS384"), "algorithm"),
    ("RS512 by the right key", lambda: by_rsa_algorithm("RS512"), "algorithm"),
    ("PS256 by the right key", lambda: by_rsa_algorithm("PS256"), "algorithm"),
    ("ES256 where RS256 is expected", lambda: EC.sign(claims(), kid="rsa"), "no key of the issuer"),
    ("RS256 where ES256 is expected", lambda: RSA.sign(claims(), kid="ec"), "no key of the issuer"),
    ("RS256 by another key", lambda: ATTACKER.sign(claims()), "no key of the issuer"),
    ("ES256 by another key", lambda: ATTACKER_EC.sign(claims()), "no key of the issuer"),
    (
        "RSA key of 1024 bits",
        lambda: compact({"alg": "RS256", "kid": "small"}, b"{}", SMALL),
        "bit",
    ),
    ("ES256 on P-384", lambda: compact({"alg": "ES256", "kid": "p384"}, b"{}", P384), "no key of"),
    ("alg of other case", lambda: with_raw_header('{"alg":"rs256","kid":"rsa"}'), "algorithm"),
    ("alg as a list", lambda: with_raw_header('{"alg":["RS256"],"kid":"rsa"}'), "algorithm"),
    ("no alg", lambda: with_raw_header('{"kid":"rsa"}'), "algorithm"),
    ("payload exchanged", with_changed_payload, "no key of the issuer"),
    ("signature changed at its end", lambda: signed()[:-8] + "AAAAAAAA", "no key of the issuer"),
    ("encrypted token", lambda: ".".join(["e30"] * 5), "not 'Bearer'"),
]
HEADERS: list[tuple[str, Attack, str]] = [
    ("unknown kid", lambda: RSA.sign(claims(), kid="rsa-2"), "no key of the issuer"),
    ("kid as a path", lambda: RSA.sign(claims(), kid="../../dev/null"), "no key of the issuer"),
    ("kid of other case", lambda: RSA.sign(claims(), kid="RSA"), "no key of the issuer"),
    ("empty kid", lambda: RSA.sign(claims(), kid=""), "names no key"),
    ("no kid", lambda: with_raw_header('{"alg":"RS256"}'), "names no key"),
    ("kid as a list", lambda: with_raw_header('{"alg":"RS256","kid":["rsa"]}'), "Key ID"),
    ("crit unknown", lambda: with_header(crit=["exp"], exp=from_now(600)), "critical"),
    ("crit b64", lambda: with_header(crit=["b64"]), "Critical"),
    ("crit empty", lambda: with_header(crit=[]), "crit"),
    (
        "b64 and crit",
        lambda: with_raw_header('{"alg":"RS256","kid":"rsa","b64":true,"crit":["b64"]}'),
        "extension",
    ),
    ("typ of a DPoP proof", lambda: with_header(typ="dpop+jwt"), "another kind"),
    ("typ of a logout token", lambda: with_header(typ="logout+jwt"), "another kind"),
    ("typ as a list", lambda: with_header(typ=["JWT"]), "another kind"),
    ("header not JSON", lambda: with_raw_header("alg: RS256"), "header"),
    ("header a list", lambda: with_raw_header('["RS256"]'), "header"),
    ("header not UTF-8", lambda: compact(b'{"\xff', b"{}", RSA), "header"),
    ("header deeply nested", lambda: with_raw_header("[" * 5000), "header"),
    ("header with a huge number", lambda: with_raw_header('{"alg":' + "9" * 5000 + "}"), "header"),
]
CLAIMS: list[tuple[str, Attack, str]] = [
    ("missing exp", lambda: signed(exp=ABSENT), '"exp"'),
    ("null exp", lambda: signed(exp=None), '"exp"'),
    ("array exp", lambda: signed(exp=[from_now(600)]), "exp"),
    ("object exp", lambda: signed(exp={}), "exp"),
    ("text exp", lambda: signed(exp=str(from_now(600))), "exp"),
    ("true exp", lambda: signed(exp=True), "expired"),
    ("NaN exp", lambda: with_claim("exp", "NaN"), "exp"),
    ("infinite exp", lambda: with_claim("exp", "Infinity"), "exp"),
    ("exp beyond floats", lambda: with_claim("exp", "1e999"), "exp"),
    ("huge exp", lambda: with_claim("exp", "1e300"), "exp"),
    ("exp of 400 digits", lambda: with_claim("exp", "9" * 400), "exp"),
    ("exp of 5000 digits", lambda: with_claim("exp", "9" * 5000), "payload"),
    ("expired", lambda: signed(exp=from_now(-90)), "expired"),
    ("negative exp", lambda: signed(exp=-from_now(0)), "expired"),
    ("future nbf", lambda: signed(nbf=from_now(90)), "nbf"),
    ("array nbf", lambda: signed(nbf=[0]), "nbf"),
    ("null nbf", lambda: signed(nbf=None), "nbf"),
    ("missing iat", lambda: signed(iat=ABSENT), '"iat"'),
    ("future iat", lambda: signed(iat=from_now(90)), "iat"),
    ("text iat", lambda: signed(iat="soon"), "iat"),
    ("missing iss", lambda: signed(iss=ABSENT), '"iss"'),
    ("other issuer", lambda: signed(iss="https://evil.example"), "ssuer"),
    ("issuer prefix", lambda: signed(iss="https://issuer.example/ten"), "ssuer"),
    ("issuer with more", lambda: signed(iss=SETTINGS.issuer + "/"), "ssuer"),
    ("issuer of other case", lambda: signed(iss=SETTINGS.issuer.upper()), "ssuer"),
    ("issuer list", lambda: with_claim("iss", f'["{SETTINGS.issuer}"]'), "ssuer"),
    ("missing sub", lambda: signed(sub=ABSENT), '"sub"'),
    ("number sub", lambda: signed(sub=7), "ubject"),
    ("empty sub", lambda: signed(sub=""), "subject"),
    ("missing aud", lambda: signed(aud=ABSENT), '"aud"'),
    ("other audience", lambda: signed(aud="billing"), "audience"),
    ("list of other audiences", lambda: signed(aud=["billing", "crm"]), "audience"),
    ("ID token", lambda: signed(token_use="id"), "token_use"),
    ("number jti", lambda: signed(jti=7), "JWT ID"),
    ("member", lambda: signed(roles=["workspace-member"]), "not an admin"),
    ("admin as substring", lambda: signed(roles="no-workspace-admin"), "not an admin"),
    ("admin in a nested list", lambda: signed(roles=[["workspace-admin"]]), "not an admin"),
    ("empty workspace", lambda: signed(workspace_id=""), "workspace"),
    ("payload a list", lambda: with_payload("[]"), "payload"),
    ("payload not JSON", lambda: with_payload("roles=workspace-admin"), "payload"),
    ("payload deeply nested", lambda: with_payload("[" * 5700), "payload"),
    (
        "payload not UTF-8",
        lambda: compact({"alg": "RS256", "kid": "rsa"}, b"\xff{", RSA),
        "payload",
    ),
]
ENCODINGS: list[tuple[str, Attack, str]] = [
    ("nothing", lambda: "", "not 'Bearer'"),
    ("one part", lambda: "e30", "not 'Bearer'"),
    ("two parts", lambda: "e30.e30", "not 'Bearer'"),
    ("padding", lambda: signed() + "==", "not 'Bearer'"),
    ("spaces inside", lambda: signed().replace(".", " .", 1), "not 'Bearer'"),
    ("line break at the end", lambda: signed() + "\n", "not 'Bearer'"),
    ("other alphabet", lambda: "+/+/.e30.e30", "not 'Bearer'"),
    ("full-width letters", lambda: "ｅ30.e30.e30", "not 'Bearer'"),
    ("half a surrogate pair", lambda: "\ud800.e30.e30", "not 'Bearer'"),
    ("NUL", lambda: signed() + "\x00", "not 'Bearer'"),
    ("two headers in one", with_two_headers, "not 'Bearer'"),
    ("over 8 KB", lambda: of_length(8193), "longer than 8192"),
    ("1 MB", lambda: "a" * 500_000 + ".e30." + "a" * 500_000, "longer than 8192"),
]


@pytest.mark.parametrize(
    ("attack", "cause"),
    [
        pytest.param(attack, cause, id=name)
        for name, attack, cause in [*SIGNATURES, *HEADERS, *CLAIMS, *ENCODINGS]
    ],
)
def test_an_attack_is_denied_for_its_own_cause_and_its_token_is_not_logged(
    attack: Attack, cause: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = attack()

    assert authorize(event(f"Bearer {token}"), SETTINGS, ISSUER) == DENY

    (record,) = caplog.records
    logged = json.dumps(record.__dict__, default=str)
    assert cause in record.__dict__["cause"]
    assert not [part for part in re.split(r"\W+", token) if len(part) > 8 and part in logged]


def test_keys_and_addresses_that_a_token_brings_are_never_followed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as attackers_server:
        address = f"http://127.0.0.1:{attackers_server.getsockname()[1]}/keys"
        bait = {"jku": address, "x5u": address, "jwk": ATTACKER.public_jwk, "x5c": [base64url(PEM)]}

        assert (
            authorize(event(f"Bearer {ATTACKER.sign(claims(), **bait)}"), SETTINGS, ISSUER) == DENY
        )
        # an honest issuer may send them too
        assert authorize(event(f"Bearer {RSA.sign(claims(), **bait)}"), SETTINGS, ISSUER) == ALLOW

        attackers_server.setblocking(False)
        with pytest.raises(BlockingIOError):
            attackers_server.accept()


@pytest.mark.parametrize(
    "attack",
    [pytest.param(attack, id=name) for name, attack, cause in SIGNATURES if cause == "algorithm"],
)
def test_no_keys_are_fetched_for_an_algorithm_that_is_never_accepted(attack: Attack) -> None:
    def fetch() -> bytes:
        raise AssertionError("fetched")

    untouched = SigningKeys(fetch=fetch, clock=lambda: 0.0)

    assert authorize(event(f"Bearer {attack()}"), SETTINGS, untouched) == DENY


def test_under_a_key_id_used_twice_either_key_may_have_signed_and_no_other() -> None:
    twin = SigningKey.generate("RS256", "rsa")
    issuer = issuer_with(RSA, twin, SigningKey.generate("ES256", "rsa"))

    assert authorize(event(f"Bearer {RSA.sign(claims())}"), SETTINGS, issuer) == ALLOW
    assert authorize(event(f"Bearer {twin.sign(claims())}"), SETTINGS, issuer) == ALLOW
    assert authorize(event(f"Bearer {ATTACKER.sign(claims())}"), SETTINGS, issuer) == DENY
