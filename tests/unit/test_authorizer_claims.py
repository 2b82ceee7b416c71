"""Which claims make a workspace admin, in the shapes of the known identity providers."""

import dataclasses
from typing import Any

import hypothesis
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from functions.authorizer.claims import AccessDeniedError, Admin, admin_of, claim_value
from functions.authorizer.settings import Settings
from tests.authorizer_tokens import ABSENT, SETTINGS, claims

COGNITO = dataclasses.replace(
    SETTINGS,
    audience="1example23456789",
    audience_claim="client_id",
    admin_claim="cognito:groups",
    admin_value="admins",
    workspace_claim="custom:workspace_id",
)
KEYCLOAK = dataclasses.replace(SETTINGS, admin_claim="realm_access.roles", admin_value="admin")
KEYCLOAK_CLIENT_ROLE = dataclasses.replace(
    KEYCLOAK, admin_claim="resource_access.usage.example.com.roles"
)
AUTH0 = dataclasses.replace(
    SETTINGS,
    audience="https://usage.example/",
    admin_claim="https://example.com/roles",
    admin_value="admin",
    workspace_claim="https://example.com/workspace.id",
)
FLAT_ROLE = dataclasses.replace(SETTINGS, admin_claim="role", admin_value="admin")


@pytest.mark.parametrize(
    ("settings", "token_claims"),
    [
        pytest.param(
            COGNITO,
            {
                "client_id": "1example23456789",
                "token_use": "access",
                "cognito:groups": ["billing", "admins"],
                "custom:workspace_id": "ws-acme",
                "version": 2,
            },
            id="cognito access token",
        ),
        pytest.param(
            KEYCLOAK,
            {
                "typ": "Bearer",
                "azp": "page",
                "aud": ["account", "usage-export"],
                "realm_access": {"roles": ["offline_access", "admin"]},
                "workspace_id": "ws-acme",
            },
            id="keycloak realm role",
        ),
        pytest.param(
            KEYCLOAK_CLIENT_ROLE,
            {
                "typ": "Bearer",
                "aud": "usage-export",
                "resource_access": {"usage.example.com": {"roles": ["admin"]}},
                "workspace_id": "ws-acme",
            },
            id="keycloak client role, dots in the client",
        ),
        pytest.param(
            AUTH0,
            {
                "aud": ["https://usage.example/", "https://tenant.auth0.com/userinfo"],
                "https://example.com/roles": ["admin"],
                "https://example.com/workspace.id": "ws-acme",
                "gty": "password",
            },
            id="auth0 namespaced claims",
        ),
        pytest.param(
            FLAT_ROLE,
            {"aud": "usage-export", "role": "admin", "workspace_id": "ws-acme"},
            id="one flat role",
        ),
    ],
)
def test_each_provider_can_say_that_somebody_is_an_admin(
    settings: Settings, token_claims: dict[str, Any]
) -> None:
    verified = {"sub": "ada", "iat": 1_700_000_000, "exp": 1_700_003_600, **token_claims}

    assert admin_of(verified, settings) == Admin(workspace_id="ws-acme", subject="ada")


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        pytest.param({"roles": ["workspace-member"]}, "not an admin", id="member"),
        pytest.param({"roles": []}, "not an admin", id="no roles"),
        pytest.param({"roles": ABSENT}, "not an admin", id="no roles claim"),
        pytest.param({"roles": None}, "not an admin", id="null roles"),
        pytest.param({"roles": True}, "not an admin", id="true for roles"),
        pytest.param({"roles": "not-workspace-admin"}, "not an admin", id="admin as suffix"),
        pytest.param({"roles": "workspace-admin-of-none"}, "not an admin", id="admin as prefix"),
        pytest.param({"roles": "a workspace-admin b"}, "not an admin", id="admin as a word"),
        pytest.param({"roles": ["workspace-admin,x"]}, "not an admin", id="admin in a list's text"),
        pytest.param({"roles": [["workspace-admin"]]}, "not an admin", id="admin in a nested list"),
        pytest.param({"roles": {"workspace-admin": True}}, "not an admin", id="admin as a key"),
        pytest.param({"roles": [{"name": "workspace-admin"}]}, "not an admin", id="in an object"),
        pytest.param({"roles": "Workspace-Admin"}, "not an admin", id="admin in other case"),
        pytest.param({"roles": ["workspace-admin\x00"]}, "not an admin", id="admin and a NUL"),
        pytest.param({"roles": ["workspace‐admin"]}, "not an admin", id="admin with a look-alike"),
        pytest.param({"workspace_id": ABSENT}, "workspace", id="no workspace"),
        pytest.param({"workspace_id": None}, "workspace", id="null workspace"),
        pytest.param({"workspace_id": ""}, "workspace", id="empty workspace"),
        pytest.param({"workspace_id": ["ws-acme"]}, "workspace", id="list of workspaces"),
        pytest.param({"workspace_id": 7}, "workspace", id="number for a workspace"),
        pytest.param({"workspace_id": "ws-acme\n"}, "workspace", id="workspace and a newline"),
        pytest.param({"workspace_id": "../ws-acme"}, "workspace", id="workspace as a path"),
        pytest.param({"workspace_id": "ws-acme'--"}, "workspace", id="workspace as SQL"),
        pytest.param({"workspace_id": "w" * 65}, "workspace", id="workspace too long"),
        pytest.param({"workspace_id": "ws-ácme"}, "workspace", id="workspace not ASCII"),
        pytest.param({"sub": ABSENT}, "subject", id="no subject"),
        pytest.param({"sub": ""}, "subject", id="empty subject"),
        pytest.param({"sub": "  "}, "subject", id="blank subject"),
        pytest.param({"sub": ["ada"]}, "subject", id="list of subjects"),
        pytest.param({"sub": "a" * 256}, "subject", id="subject too long"),
        pytest.param({"sub": "ada\r\nroot"}, "subject", id="line break in the subject"),
        pytest.param({"aud": ABSENT}, "audience", id="no audience"),
        pytest.param({"aud": None}, "audience", id="null audience"),
        pytest.param({"aud": []}, "audience", id="empty audience list"),
        pytest.param({"aud": ["billing", "crm"]}, "audience", id="list of other audiences"),
        pytest.param({"aud": [["usage-export"]]}, "audience", id="audience in a nested list"),
        pytest.param({"aud": "usage-export-2"}, "audience", id="audience as prefix"),
        pytest.param({"aud": {"usage-export": 1}}, "audience", id="audience as a key"),
        pytest.param({"token_use": "id"}, "token_use", id="cognito ID token"),
        pytest.param({"token_use": ["access"]}, "token_use", id="list for token_use"),
        pytest.param({"token_use": None}, "token_use", id="null token_use"),
        pytest.param({"typ": "ID"}, "typ", id="keycloak ID token"),
        pytest.param({"typ": "Refresh"}, "typ", id="keycloak refresh token"),
        pytest.param({"exp": "1900000000"}, "exp", id="text for exp"),
        pytest.param({"exp": True}, "exp", id="true for exp"),
        pytest.param({"exp": [1_900_000_000]}, "exp", id="list for exp"),
        pytest.param({"exp": float("nan")}, "exp", id="NaN for exp"),
        pytest.param({"exp": float("inf")}, "exp", id="infinite exp"),
        pytest.param({"exp": 1e308}, "exp", id="exp of 1e308"),
        pytest.param({"exp": 10**400}, "exp", id="exp of 400 digits"),
        pytest.param({"exp": 253_402_300_800}, "exp", id="exp in the year 10000"),
        pytest.param({"iat": -1}, "iat", id="negative iat"),
        pytest.param({"iat": "0"}, "iat", id="text for iat"),
        pytest.param({"nbf": None}, "nbf", id="null nbf"),
        pytest.param({"nbf": False}, "nbf", id="false for nbf"),
    ],
)
def test_anything_else_is_denied_for_its_own_cause(changes: dict[str, Any], cause: str) -> None:
    with pytest.raises(AccessDeniedError, match=cause):
        admin_of(claims(**changes), SETTINGS)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"workspace_id": "w" * 64}, id="longest workspace"),
        pytest.param({"workspace_id": "_-9Z"}, id="every kind of character"),
        pytest.param({"sub": "a"}, id="shortest subject"),
        pytest.param({"sub": "a" * 255}, id="longest subject"),
        pytest.param({"sub": "auth0|Ada Lovelace"}, id="space in the subject"),
        pytest.param({"exp": 1_900_000_000.5, "nbf": 0}, id="fraction of a second"),
        pytest.param({"exp": 253_402_300_799}, id="last second of the year 9999"),
        pytest.param({"token_use": "access", "typ": "at+JWT"}, id="named an access token"),
    ],
)
def test_the_bounds_themselves_are_allowed(changes: dict[str, Any]) -> None:
    expected = claims(**changes)

    admin = admin_of(expected, SETTINGS)

    assert (admin.workspace_id, admin.subject) == (expected["workspace_id"], expected["sub"])


def test_a_denial_says_who_was_denied_as_far_as_that_is_known() -> None:
    with pytest.raises(AccessDeniedError) as member:
        admin_of(claims(roles=["workspace-member"]), SETTINGS)
    with pytest.raises(AccessDeniedError) as homeless:
        admin_of(claims(workspace_id="?"), SETTINGS)
    with pytest.raises(AccessDeniedError) as nobody:
        admin_of(claims(sub="\x1b[2J"), SETTINGS)

    assert (member.value.subject, member.value.workspace_id) == ("ada@acme.example", "ws-acme")
    assert (homeless.value.subject, homeless.value.workspace_id) == ("ada@acme.example", None)
    assert (nobody.value.subject, nobody.value.workspace_id) == (None, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("a.b.c", "whole name", id="an exact name before any path"),
        pytest.param("a.b.d", "a.b, then d", id="the longest name before a shorter"),
        pytest.param("x.y.z", "three steps", id="a path"),
        pytest.param("x.y", {"z": "three steps"}, id="an object on the way"),
        pytest.param("x.y.z.q", None, id="a path through text"),
        pytest.param("x.y.z.three", None, id="a path into a word of a text"),
        pytest.param("x.list.0", None, id="a path through a list"),
        pytest.param("x.list.first", None, id="a path into a member of a list"),
        pytest.param("x.q", None, id="a path that ends too early"),
        pytest.param("q", None, id="a name that is not there"),
        pytest.param(".x.y.z", None, id="an empty step at the start"),
        pytest.param("x..y", None, id="an empty step in between"),
    ],
)
def test_a_claim_is_found_by(name: str, value: object) -> None:
    nested = {
        "a": {"b": {"c": "path", "d": "path"}, "b.c": "other path"},
        "a.b": {"d": "a.b, then d"},
        "a.b.c": "whole name",
        "x": {"y": {"z": "three steps"}, "list": ["first"]},
    }

    assert claim_value(nested, name) == value


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["workspace-admin", "usage-export", "ws-acme", "ada", "access"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
claim_names = st.sampled_from([*claims(), "nbf", "typ", "token_use", "realm_access"])


# The first text on a machine takes Hypothesis seconds: it tabulates Unicode.
unhurried = hypothesis.settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@unhurried
@given(changes=st.dictionaries(claim_names, json_values))
def test_no_claims_whatever_crash_it_or_pass_without_the_exact_values(
    changes: dict[str, Any],
) -> None:
    verified = claims(**changes)

    try:
        admin = admin_of(verified, SETTINGS)
    except AccessDeniedError:
        return

    assert is_or_lists(verified["roles"], "workspace-admin")
    assert is_or_lists(verified["aud"], "usage-export")
    assert admin == Admin(workspace_id=verified["workspace_id"], subject=verified["sub"])


@unhurried
@given(roles=json_values)
def test_only_the_exact_admin_value_makes_an_admin(roles: object) -> None:
    try:
        admin_of(claims(roles=roles), SETTINGS)
    except AccessDeniedError:
        assert not is_or_lists(roles, "workspace-admin")
    else:
        assert is_or_lists(roles, "workspace-admin")


def is_or_lists(value: object, expected: str) -> bool:
    return value == expected or (
        isinstance(value, list) and any(item == expected for item in value)
    )
