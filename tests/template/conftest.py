"""The template under the parameters of a small deployment."""

import pytest

from local.template import Template

IDENTITY_PROVIDER = {
    "TokenIssuer": "https://login.example.com/realms/platform",
    "TokenAudience": "usage-page",
    "JwksUrl": "https://login.example.com/realms/platform/keys",
}


STREAMING = {**IDENTITY_PROVIDER, "MakeCallLogStream": "true"}


@pytest.fixture(scope="session")
def template() -> Template:
    return Template.load(parameters=IDENTITY_PROVIDER)


@pytest.fixture(scope="session")
def streaming() -> Template:
    """The same, with the call-log stream."""
    return Template.load(parameters=STREAMING)
