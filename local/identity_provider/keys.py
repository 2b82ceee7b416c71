"""The keys that tokens are signed with."""

import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

Algorithm = Literal["RS256", "ES256"]


@dataclass(frozen=True)
class SigningKey:
    """A private key that tokens are signed with, and the name it is published under."""

    key_id: str
    algorithm: Algorithm
    private_key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

    @classmethod
    def generate(cls, algorithm: Algorithm, key_id: str | None = None) -> Self:
        """A fresh 2048-bit RSA key for RS256, or P-256 key for ES256."""
        key_id = key_id or f"{algorithm.lower()}-{uuid.uuid4().hex[:8]}"
        if algorithm == "RS256":
            return cls(key_id, algorithm, rsa.generate_private_key(65537, 2048))
        return cls(key_id, algorithm, ec.generate_private_key(ec.SECP256R1()))

    @cached_property
    def public_jwk(self) -> dict[str, Any]:
        """The public half as a JSON Web Key (RFC 7517)."""
        if isinstance(self.private_key, rsa.RSAPrivateKey):
            jwk = RSAAlgorithm.to_jwk(self.private_key.public_key(), as_dict=True)
        else:
            jwk = ECAlgorithm.to_jwk(self.private_key.public_key(), as_dict=True)
        return {**jwk, "kid": self.key_id, "alg": self.algorithm, "use": "sig"}

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """A signed token (JWS, compact) with `claims`; `header` adds to its header or overrides."""
        headers = {"kid": self.key_id, "typ": "at+jwt", **header}
        return jwt.encode(claims, self.private_key, self.algorithm, headers=headers)
