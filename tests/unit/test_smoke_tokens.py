"""Tokens as they are given to `smoke`."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from local.deployment import DeploymentError
from local.smoke.tokens import usable_token

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


def jwt(claims: Any) -> str:
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"head.{payload}.signature"


@pytest.mark.parametrize("given", [None, "", " \n"])
def test_there_may_be_none(given: str | None) -> None:
    assert usable_token(given, "admin's", NOW) is None


@pytest.mark.parametrize(
    "claims",
    [{"exp": NOW.timestamp() + 1}, {}, {"exp": "soon"}, {"exp": 1e300}, {"exp": None}, [], "exp"],
)
def test_what_may_be_good_is_left_to_the_api(claims: Any) -> None:
    assert usable_token(f" {jwt(claims)}\n", "admin's", NOW) == jwt(claims)
    assert usable_token("opaque", "admin's", NOW) == "opaque"


def test_one_whose_time_is_over_is_refused_with_its_time() -> None:
    with pytest.raises(DeploymentError) as refused:
        usable_token(jwt({"exp": NOW.timestamp()}), "admin's", NOW)
    said = "The admin's token expired at 2026-01-31 12:00:00 UTC: take a new one."
    assert str(refused.value) == said


@pytest.mark.parametrize("given", ["two parts", "a\r\nX-Other: b", "é", "x" * 8001])
def test_what_no_header_can_carry_is_refused_and_not_repeated(given: str) -> None:
    with pytest.raises(DeploymentError) as refused:
        usable_token(given, "member's", NOW)
    assert str(refused.value) == "The member's token has characters that no token has."
