"""Which Authorization headers let an admin through, and what the log says of the others."""

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from functions.authorizer.app import authorize
from tests.authorizer_tokens import (
    ALLOW,
    DENY,
    EC,
    ISSUER,
    SETTINGS,
    claims,
    event,
    from_now,
    of_length,
    signed,
    with_header,
)


@pytest.mark.parametrize(
    "accepted",
    [
        pytest.param(signed, id="RS256"),
        pytest.param(lambda: EC.sign(claims()), id="ES256"),
        pytest.param(lambda: with_header(typ="JWT"), id="typ JWT"),
        pytest.param(lambda: with_header(typ="application/AT+JWT"), id="typ in full"),
        pytest.param(lambda: with_header(typ=None), id="no typ, as Cognito's"),
        pytest.param(lambda: signed(exp=from_now(-10)), id="just expired"),
        pytest.param(
            lambda: signed(nbf=from_now(10), iat=from_now(10)), id="a clock a little ahead"
        ),
        pytest.param(lambda: signed(aud=["billing", "usage-export"]), id="audience list"),
        pytest.param(lambda: of_length(8192), id="of 8 KB exactly"),
        pytest.param(lambda: signed(deep=json.loads("[" * 90 + "]" * 90)), id="nested elsewhere"),
    ],
)
def test_an_admins_token_is_accepted(accepted: Callable[[], str]) -> None:
    assert authorize(event(f"Bearer {accepted()}"), SETTINGS, ISSUER) == ALLOW


@pytest.mark.parametrize(
    "scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer   "], ids="<{}>".format
)
def test_the_scheme_is_bearer_in_any_case(scheme: str) -> None:
    assert authorize(event(scheme + signed()), SETTINGS, ISSUER) == ALLOW


@pytest.mark.parametrize(
    "scheme", ["", "Basic ", "Bearer", "Bearer\t", " Bearer ", "DPoP ", "Bearer Bearer "]
)
def test_no_other_scheme_is(scheme: str) -> None:
    assert authorize(event(scheme + signed()), SETTINGS, ISSUER) == DENY


@pytest.mark.parametrize(
    "malformed",
    [
        pytest.param({}, id="an empty event"),
        pytest.param(None, id="no event"),
        pytest.param([], id="a list"),
        pytest.param("Bearer", id="text"),
        pytest.param({"identitySource": None}, id="no identity"),
        pytest.param({"identitySource": []}, id="no identities"),
        pytest.param({"identitySource": [None]}, id="null identity"),
        pytest.param({"identitySource": [f"Bearer {signed()}"] * 2}, id="two identities"),
        pytest.param({"identitySource": f"Bearer {signed()}"}, id="payload format 1.0"),
        pytest.param({"headers": {"authorization": f"Bearer {signed()}"}}, id="headers alone"),
        pytest.param({"requestContext": {"requestId": 7}}, id="a strange request id"),
    ],
)
def test_an_event_that_no_http_api_sends_is_denied(malformed: Any) -> None:
    assert authorize(malformed, SETTINGS, ISSUER) == DENY


def test_the_log_says_who_was_denied_and_for_which_request(
    caplog: pytest.LogCaptureFixture,
) -> None:
    authorize(event(f"Bearer {signed(roles=['workspace-member'])}"), SETTINGS, ISSUER)

    (record,) = caplog.records
    assert (record.levelno, record.getMessage()) == (logging.WARNING, "Access denied")
    assert record.__dict__["cause"] == "not an admin"
    assert record.__dict__["subject"] == "ada@acme.example"
    assert record.__dict__["workspace_id"] == "ws-acme"
    assert record.__dict__["api_request_id"] == "JKJaXmPLvHcESHA="


def test_an_admin_leaves_no_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    authorize(event(f"Bearer {signed()}"), SETTINGS, ISSUER)

    assert not caplog.records
