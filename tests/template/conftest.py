"""The template under the parameters of a small deployment."""

import pytest

from local.template import Template

IDENTITY_PROVIDER = {
    "TokenIssuer": "https://login.example.com/realms/platform",
    "TokenAudience": "usage-page",
    "JwksUrl": "https://login.example.com/realms/platform/keys",
}


@pytest.fixture(scope="session")
def template() -> Template:
    return Template.load(parameters=IDENTITY_PROVIDER)
