"""The authorizer with tokens that moto signs as Cognito does: issuer, claims and keys are moto's.

moto runs no triggers. The one that a user pool needs here, which puts the workspace into access
tokens, is played by `Pool`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from moto.cognitoidp.models import CognitoIdpUserPool
from moto.server import ThreadedMotoServer

from local.template import Template
from tests.functional.served_api import ServedApi
from tests.watched_authorizer import WatchedAuthorizer

PASSWORD = "Only-4-tests"
REGION = "eu-central-1"
FORBIDDEN = (403, b'{"message":"Forbidden"}')


@dataclass(frozen=True)
class Pool:
    """A user pool with two app clients."""

    url: str
    identifier: str
    client_id: str
    other_client_id: str
    cognito: Any

    def template_parameters(self) -> dict[str, str]:
        """As docs/identity-providers.md has them, but for the host of the keys."""
        return {
            "TokenIssuer": f"https://cognito-idp.{REGION}.amazonaws.com/{self.identifier}",
            "TokenAudience": self.client_id,
            "AudienceClaim": "client_id",
            "JwksUrl": f"{self.url}/{self.identifier}/.well-known/jwks.json",
            "AdminClaim": "cognito:groups",
            "AdminValue": "workspace-admin",
            "WorkspaceClaim": "workspace_id",
        }

    def sign_in(self, username: str, client_id: str | None = None) -> dict[str, str]:
        answer = self.cognito.initiate_auth(
            AuthFlow="USER_PASSWORD_AUTH",
            ClientId=client_id or self.client_id,
            AuthParameters={"USERNAME": username, "PASSWORD": PASSWORD},
        )
        tokens: dict[str, str] = answer["AuthenticationResult"]
        return tokens


@pytest.fixture(scope="module")
def pool() -> Iterator[Pool]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    cognito = boto3.client(
        "cognito-idp",
        region_name=REGION,
        endpoint_url=f"http://{host}:{port}",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    identifier = cognito.create_user_pool(PoolName="people")["UserPool"]["Id"]
    page, other = (
        cognito.create_user_pool_client(
            UserPoolId=identifier,
            ClientName=name,
            ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]["ClientId"]
        for name in ("page", "another-page")
    )
    for group in ("workspace-admin", "workspace-member"):
        cognito.create_group(UserPoolId=identifier, GroupName=group)
    for username, group in (("ada", "workspace-admin"), ("max", "workspace-member")):
        cognito.admin_create_user(UserPoolId=identifier, Username=username)
        cognito.admin_set_user_password(
            UserPoolId=identifier, Username=username, Password=PASSWORD, Permanent=True
        )
        cognito.admin_add_user_to_group(UserPoolId=identifier, Username=username, GroupName=group)
    yield Pool(f"http://{host}:{port}", identifier, page, other, cognito)
    server.stop()


@pytest.fixture
def _trigger(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the pool's pre token generation trigger (V2_0) does: adds to access tokens alone."""
    create_jwt = CognitoIdpUserPool.create_jwt

    def with_workspace(
        self: CognitoIdpUserPool, client_id: str, username: str, token_use: str, **rest: Any
    ) -> Any:
        if token_use == "access":
            rest["extra_data"] = {**(rest.get("extra_data") or {}), "workspace_id": "ws-acme"}
        return create_jwt(self, client_id, username, token_use, **rest)

    monkeypatch.setattr(CognitoIdpUserPool, "create_jwt", with_workspace)


@pytest.fixture
def api(pool: Pool) -> Iterator[ServedApi]:
    template = Template.load(parameters=pool.template_parameters())
    with ServedApi(authorizer=WatchedAuthorizer(template)) as served:
        yield served


def ask(api: ServedApi, token: str) -> tuple[int, bytes]:
    reply = api.request("/exports", headers={"Authorization": f"Bearer {token}"})
    return reply.status, reply.body


@pytest.mark.usefixtures("_trigger")
def test_an_admin_is_let_in_as_who_they_are(pool: Pool, api: ServedApi) -> None:
    user = pool.cognito.admin_get_user(UserPoolId=pool.identifier, Username="ada")
    subject = next(one["Value"] for one in user["UserAttributes"] if one["Name"] == "sub")

    assert ask(api, pool.sign_in("ada")["AccessToken"])[0] == 200
    assert api.event["requestContext"]["authorizer"] == {
        "lambda": {"workspace_id": "ws-acme", "subject": subject}
    }


@pytest.mark.usefixtures("_trigger")
def test_others_and_other_tokens_are_denied(
    pool: Pool, api: ServedApi, caplog: pytest.LogCaptureFixture
) -> None:
    admin = pool.sign_in("ada")
    tokens = {
        "not an admin": pool.sign_in("max")["AccessToken"],
        'the token is not valid: Token is missing the "client_id" claim': admin["IdToken"],
        "the token is for another audience": pool.sign_in("ada", pool.other_client_id)[
            "AccessToken"
        ],
    }
    for token in tokens.values():
        assert ask(api, token) == FORBIDDEN
    causes = [vars(record)["cause"] for record in caplog.records if "cause" in vars(record)]
    assert causes == list(tokens)


def test_without_the_trigger_there_is_no_workspace(
    pool: Pool, api: ServedApi, caplog: pytest.LogCaptureFixture
) -> None:
    """A custom attribute of the user is in ID tokens alone."""
    assert ask(api, pool.sign_in("ada")["AccessToken"]) == FORBIDDEN
    [denial] = [record for record in caplog.records if record.message == "Access denied"]
    assert vars(denial)["cause"] == "the workspace is missing or malformed"
