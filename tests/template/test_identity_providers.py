"""docs/identity-providers.md against the template and against what is run."""

import json
import re
from pathlib import Path

import pytest

from functions.authorizer.settings import Settings
from local.template import Template
from tests.functional import test_authorizer_cognito as cognito
from tests.oidc.keycloak import Keycloak

GUIDE = Path(__file__).parents[2] / "docs" / "identity-providers.md"
PROVIDERS = ("Cognito", "Keycloak", "Auth0", "Okta", "Entra ID")
PLACEHOLDERS = {
    "REGION": "eu-central-1",
    "POOL_ID": "eu-central-1_a1B2c3D4e",
    "HOST": "id.example.com",
    "REALM": "api-usage",
    "TENANT.": "acme.eu.",
    "TENANT_ID": "11111111-2222-3333-4444-555555555555",
    "ORG": "acme",
}


def documented(provider: str) -> dict[str, str]:
    """The parameters in a provider's column; a value that is described and not given is `given`."""
    values: dict[str, str] = {}
    column = 0
    for line in GUIDE.read_text().split("## The page")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > 2 and not cells[0]:
            column = cells.index(provider) if provider in cells else 0
        elif column and (name := re.fullmatch(r"`(\w+)`", cells[0])):
            code = re.search(r"`([^`]+)`", cells[column])
            value = code[1] if code else "given"
            if cells[column].startswith("the issuer and"):
                value = values["TokenIssuer"] + value
            for placeholder, example in PLACEHOLDERS.items():
                value = re.sub(rf"(?<![A-Z_]){re.escape(placeholder)}(?![A-Z_])", example, value)
            values[name[1]] = value
    return values


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_provider_has_all_parameters_and_they_are_ones_that_a_stack_takes(
    provider: str,
) -> None:
    parameters = documented(provider)
    assert set(parameters) == {
        "TokenIssuer",
        "JwksUrl",
        "TokenAudience",
        "AudienceClaim",
        "AdminClaim",
        "AdminValue",
        "WorkspaceClaim",
    }
    template = Template.load(parameters=parameters)
    settings = Settings.from_environment(template.functions()[template.authorizer()].environment)
    assert settings.jwks_url == parameters["JwksUrl"]
    assert not re.search(r"[A-Z]{3}", settings.issuer + settings.jwks_url)


def test_keycloak_is_run_with_what_the_guide_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Keycloak, "issuer", "https://id.example.com/realms/api-usage")
    run = Keycloak.template_parameters(Keycloak.__new__(Keycloak))
    assert {"AudienceClaim": "aud", **run} == documented("Keycloak")


def test_cognito_is_run_with_what_the_guide_says() -> None:
    guide = documented("Cognito")
    pool = cognito.Pool(
        url="https://cognito-idp.eu-central-1.amazonaws.com",
        identifier=PLACEHOLDERS["POOL_ID"],
        client_id="given",
        other_client_id="",
        cognito=None,
    )
    assert pool.template_parameters() == guide


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_the_page_is_given_for_every_provider_is_what_a_stack_takes(provider: str) -> None:
    table = GUIDE.read_text().split("## The page")[1]
    (row,) = re.findall(rf"^\| {provider} \| (.*) \|$", table, re.MULTILINE)
    scope, audience, origin = (cell.strip(" `") for cell in f" {row} ".split("|"))
    origin = origin.replace("DOMAIN", "acme").replace("REGION", "eu-central-1")
    given = {"PageScope": scope, "PageAudience": audience, "PageConnectOrigins": origin}
    served = {"ServePage": "true", "PageClientId": "page", **given}
    template = Template.load(parameters={**documented(provider), **served})
    told = json.loads(template.outputs()["PageConfig"])
    assert told["scope"] == scope
    assert told["authorizationParameters"] == ({"audience": audience} if audience else {})
