"""The authorizer as Lambda runs it, with the tokens of the development identity provider."""

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from local.identity_provider import Algorithm, IdentityProvider
from tests.authorizer_tokens import DENY, event


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    with IdentityProvider() as running:
        yield running


def environment(provider: IdentityProvider) -> dict[str, str]:
    """The template's parameters as the function's variables: TokenIssuer is TOKEN_ISSUER."""
    return {
        re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).upper(): value
        for name, value in provider.template_parameters().items()
    }


def invoke(variables: dict[str, str], *tokens: str) -> list[Any]:
    """What the handler answers in one new process with these variables."""
    program = (
        "import json, sys\n"
        "from functions.authorizer.app import handler\n"
        "events = json.load(sys.stdin)\n"
        "print(json.dumps([handler(event, None) for event in events]))"
    )
    result = subprocess.run(  # noqa: S603 - the program is the lines above
        [sys.executable, "-c", program],
        env={**os.environ, **variables},
        input=json.dumps([event(f"Bearer {token}") for token in tokens]),
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise RuntimeError(result.stderr)
    answers: list[Any] = json.loads(result.stdout)
    return answers


def test_an_admin_is_allowed_and_everybody_else_denied(provider: IdentityProvider) -> None:
    with IdentityProvider() as stranger:
        answers = invoke(
            environment(provider),
            provider.token(subject="ada@acme.example", workspace_id="ws-acme"),
            provider.token(subject="bob@globex.example", workspace_id="ws-globex"),
            provider.token(algorithm="ES256", subject="eve@acme.example"),
            provider.token(admin=False),
            provider.token(aud="another-api"),
            provider.token(lifetime=-60),
            provider.token(workspace_id=""),
            provider.token(roles=None),
            stranger.token(),
        )

    assert answers == [
        allowed("ws-acme", "ada@acme.example"),
        allowed("ws-globex", "bob@globex.example"),
        allowed("ws-acme", "eve@acme.example"),
        *[DENY] * 6,
    ]


def allowed(workspace_id: str, subject: str) -> dict[str, Any]:
    return {
        "isAuthorized": True,
        "context": {"workspace_id": workspace_id, "subject": subject},
    }


def test_an_issuer_that_is_gone_is_an_error_and_not_a_denial() -> None:
    with IdentityProvider() as gone:
        variables, token = environment(gone), gone.token()

    with pytest.raises(RuntimeError, match=r"KeysUnavailableError: No signing keys: .*refused"):
        invoke(variables, token)


def test_a_wrong_variable_is_an_error_that_names_it(provider: IdentityProvider) -> None:
    variables = {**environment(provider), "JWKS_URL": "http://issuer.example/keys"}

    with pytest.raises(RuntimeError, match="SettingsError: JWKS_URL must be an https address"):
        invoke(variables, provider.token())


def test_the_provider_publishes_what_a_client_looks_for(provider: IdentityProvider) -> None:
    discovery = get(f"{provider.issuer}/.well-known/openid-configuration")
    keys = get(discovery["jwks_uri"])["keys"]

    assert discovery["issuer"] == provider.issuer
    assert {(key["kty"], key["alg"], key["use"]) for key in keys} == {
        ("RSA", "RS256", "sig"),
        ("EC", "ES256", "sig"),
    }
    assert not {"d", "p", "q", "dp", "dq", "qi"} & {name for key in keys for name in key}


def test_the_provider_listens_on_this_machine_alone_and_answers_404_elsewhere(
    provider: IdentityProvider,
) -> None:
    assert provider.issuer.startswith("http://127.0.0.1:")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        get(f"{provider.issuer}/admin")


def test_outside_its_context_the_provider_has_no_address() -> None:
    with pytest.raises(RuntimeError, match="inside `with`"):
        _ = IdentityProvider().issuer


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_no_two_tokens_are_the_same(provider: IdentityProvider, algorithm: Algorithm) -> None:
    assert provider.token(algorithm=algorithm) != provider.token(algorithm=algorithm)


def get(url: str) -> Any:
    with urllib.request.urlopen(url) as response:  # noqa: S310 - on this machine
        return json.load(response)
