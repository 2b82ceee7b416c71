"""The issuer's public keys: fetched rarely, kept for minutes, and for an hour while it is down.

PyJWKClient is not used: it serves nothing once its cache has ended and the issuer is down, retries
without a pause while it is, reads answers of any size and for any time, and knows one key per id.
"""

import json
import logging
import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jwt

logger = logging.getLogger(__name__)

FRESH_SECONDS = 5 * 60
"""How long fetched keys are used without asking again: a key that the issuer takes back is
refused after this time at the latest."""

STALE_SECONDS = 60 * 60
"""How long they are still used while asking again fails."""

COOLDOWN_SECONDS = 10
"""The least time between two fetches, whatever they are for: tokens with made-up key ids make no
flood of requests, and an issuer that is down is left in peace."""

KeySet = Mapping[tuple[str, str], Sequence[jwt.PyJWK]]
"""Keys by key id and algorithm."""


class KeySetError(Exception):
    """The issuer gave no key set: not reached, too slow, too large, or something else instead."""


class KeysUnavailableError(Exception):
    """Whether the issuer has this key is unknown at the moment: no reason to deny, nor to allow."""


class SigningKeys:
    """The keys of one issuer, for the life of an execution environment.

    Args:
        fetch: gets the issuer's JWK Set document, or raises `KeySetError`.
        clock: seconds; of the calendar, since a monotonic clock may stand still while the
            execution environment is frozen, and a removed key would live on.

    Serves one request at a time, as Lambda does; it has no lock.
    """

    def __init__(self, fetch: Callable[[], bytes], clock: Callable[[], float]) -> None:
        self._fetch = fetch
        self._clock = clock
        self._keys: KeySet = {}
        self._fetched_at = -math.inf
        self._asked_at = -math.inf
        self._failure: KeySetError | None = None

    def matching(self, key_id: str, algorithm: str) -> Sequence[jwt.PyJWK]:
        """The issuer's keys of this id and algorithm: mostly one, none if it has no such key.

        Raises:
            KeysUnavailableError: the issuer could not be asked, and no known key matches.
        """
        now = self._clock()
        if not 0 <= now - self._fetched_at < FRESH_SECONDS:
            self._refresh(now)
        if not (keys := self._known(key_id, algorithm, now)):
            self._refresh(now)
            keys = self._known(key_id, algorithm, now)
        if not keys and self._failure:
            raise KeysUnavailableError(f"No signing keys: {self._failure}") from self._failure
        return keys

    def _known(self, key_id: str, algorithm: str, now: float) -> Sequence[jwt.PyJWK]:
        is_usable = 0 <= now - self._fetched_at < STALE_SECONDS
        return self._keys.get((key_id, algorithm), ()) if is_usable else ()

    def _refresh(self, now: float) -> None:
        if 0 <= now - self._asked_at < COOLDOWN_SECONDS:
            return
        self._asked_at = now
        try:
            self._keys = parse_key_set(self._fetch())
        except KeySetError as failure:
            self._failure = failure
            logger.warning("Signing keys could not be fetched", extra={"cause": str(failure)})
        else:
            self._failure = None
            self._fetched_at = now


def parse_key_set(document: bytes) -> KeySet:
    """The keys of a JWK Set (RFC 7517) that may verify tokens here; all others are left out.

    An empty set is an answer like any other: the issuer has taken back all its keys.

    Raises:
        KeySetError: it is not a JWK Set.
    """
    try:
        key_set = json.loads(document)
    except (ValueError, RecursionError) as error:
        raise KeySetError("the issuer's key set is not JSON") from error
    match key_set:
        case {"keys": list(members)}:
            pass
        case _:
            raise KeySetError("the issuer's key set has no list of keys")
    keys: defaultdict[tuple[str, str], list[jwt.PyJWK]] = defaultdict(list)
    for member in members:
        if key := _signing_key(member):
            keys[member["kid"], key.algorithm_name].append(key)
    return dict(keys)


def _signing_key(member: Any) -> jwt.PyJWK | None:
    """One public key bound to one algorithm, or None where this is anything else."""
    match member:
        case {"d": _}:  # whoever has read a published private key can sign
            return None
        case {"kid": str(), "kty": "RSA"}:
            algorithm = "RS256"
        case {"kid": str(), "kty": "EC", "crv": "P-256"}:
            algorithm = "ES256"
        case _:
            return None
    if member.get("alg", algorithm) != algorithm or member.get("use", "sig") != "sig":
        return None
    try:
        return jwt.PyJWK(member, algorithm)
    except jwt.PyJWTError:
        return None
