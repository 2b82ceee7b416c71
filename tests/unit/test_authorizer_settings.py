"""What the authorizer's environment may say."""

import dataclasses

import pytest

from functions.authorizer.settings import Settings, SettingsError

ENVIRONMENT = {
    "TOKEN_ISSUER": "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_AbCdEfGhI",
    "TOKEN_AUDIENCE": "usage-export",
    "AUDIENCE_CLAIM": "client_id",
    "JWKS_URL": "https://cognito-idp.eu-central-1.amazonaws.com/keys?version=1",
    "ADMIN_CLAIM": "cognito:groups",
    "ADMIN_VALUE": "workspace admins",
    "WORKSPACE_CLAIM": "https://example.com/workspace.id",
}


def test_every_setting_comes_from_the_variable_of_its_name() -> None:
    settings = Settings.from_environment({**ENVIRONMENT, "PATH": "/usr/bin"})

    assert dataclasses.asdict(settings) == {
        "issuer": ENVIRONMENT["TOKEN_ISSUER"],
        "audience": "usage-export",
        "audience_claim": "client_id",
        "jwks_url": ENVIRONMENT["JWKS_URL"],
        "admin_claim": "cognito:groups",
        "admin_value": "workspace admins",
        "workspace_claim": "https://example.com/workspace.id",
    }


@pytest.mark.parametrize("name", ENVIRONMENT)
@pytest.mark.parametrize("value", [None, "", " ", " padded", "padded\n"])
def test_a_variable_that_is_missing_or_blank_or_padded_is_named(
    name: str, value: str | None
) -> None:
    environment = {**ENVIRONMENT, name: value}

    with pytest.raises(SettingsError, match=f"^{name} must be set"):
        Settings.from_environment({k: v for k, v in environment.items() if v is not None})


@pytest.mark.parametrize("name", ["TOKEN_ISSUER", "JWKS_URL"])
@pytest.mark.parametrize(
    "address",
    [
        "http://issuer.example/keys",
        "http://127.0.0.1.issuer.example/keys",
        "http://localhost.issuer.example/keys",
        "http://127.0.0.1@issuer.example/keys",
        "http://10.0.0.1/keys",
        "http://169.254.169.254/keys",
        "https://user:password@issuer.example/keys",
        "https://issuer.example/keys#fragment",
        "https://issuer.example/ke ys",
        "https://issuer.example/ke\nys",
        "https://issuer.exämple/keys",
        "https://issuer.example:99999/keys",
        "https://issuer.example:port/keys",
        "https://[::1/keys",
        "https://",
        "https:///keys",
        "//issuer.example/keys",
        "issuer.example",
        "file:///etc/passwd",
        "ftp://issuer.example/keys",
        "data:application/json,{}",
    ],
)
def test_an_address_that_tokens_cannot_rest_on_is_refused(name: str, address: str) -> None:
    with pytest.raises(SettingsError, match=f"^{name} must be an https address"):
        Settings.from_environment({**ENVIRONMENT, name: address})


@pytest.mark.parametrize(
    "address",
    [
        "https://issuer.example",
        "https://issuer.example:8443/realms/acme/",
        "http://127.0.0.1:8081/keys",
        "http://[::1]:8081/keys",
        "http://localhost/keys",
    ],
)
def test_https_is_accepted_and_http_on_this_machine(address: str) -> None:
    settings = Settings.from_environment({**ENVIRONMENT, "JWKS_URL": address})

    assert settings.jwks_url == address
