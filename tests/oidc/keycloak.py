"""Keycloak on this machine, with the realm of `realm.json`, and its admin API."""

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlencode

import urllib3

from local.java import java_home
from local.maven import Artifact, unpacked

KEYCLOAK: Final = Artifact(
    "org.keycloak:keycloak-quarkus-dist:26.7.3:tar.gz",
    sha256="77657f30b7e90d70f727712ce1c967f430fd6a5e9f458d32d8c6df0635345f47",
)
REALM_FILE: Final = Path(__file__).with_name("realm.json")
REALM: Final = "api-usage"
OTHER_REALM: Final = "another"
"""Made from the same file: the same clients, people and claims, but keys of its own."""

AUDIENCE: Final = "api-usage-export"
CLIENT_ID: Final = "api-usage-page"
OTHER_CLIENT_ID: Final = "another-page"
PASSWORD: Final = "only-for-tests"
"""Of everybody in the realm."""

_START_SECONDS: Final = 600  # it takes 25 where nothing else runs
_STOP_SECONDS: Final = 60
_ADMIN: Final = "admin"


class Keycloak:
    """A Keycloak of its own, in a copy of the program, from a `with` block's start to its end.

    `stop` and `start` within it are a restart: its database stays.

    Args:
        folder: Where the copy, the database and the log go.
        page: The origin of the page that people sign in from.

    Raises:
        FetchError, JavaMissingError: It cannot be had here.
    """

    def __init__(self, folder: Path, page: str) -> None:
        self.url = f"http://127.0.0.1:{_free_port()}"
        self._home = folder / "keycloak"
        self._log = folder / "keycloak.log"
        self._password = secrets.token_urlsafe()
        self._process: subprocess.Popen[bytes] | None = None
        self._http = urllib3.PoolManager(retries=False, timeout=60)
        self._priorities = count(101)  # the first key's is 100
        self._environment = {
            **os.environ,
            "JAVA_HOME": str(java_home()),
            "KC_BOOTSTRAP_ADMIN_USERNAME": _ADMIN,
            "KC_BOOTSTRAP_ADMIN_PASSWORD": self._password,
            "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",  # little to run, much to start
            "PAGE_ORIGIN": page,  # for the realm file
        }
        shutil.copytree(unpacked(KEYCLOAK), self._home)
        realms = self._home / "data" / "import"
        realms.mkdir(parents=True)
        for name in (REALM, OTHER_REALM):
            realm = {**json.loads(REALM_FILE.read_text()), "realm": name}
            (realms / f"{name}.json").write_text(json.dumps(realm))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def issuer(self) -> str:
        return self.issuer_of(REALM)

    def issuer_of(self, realm: str) -> str:
        return f"{self.url}/realms/{realm}"

    def template_parameters(self) -> dict[str, str]:
        """The template's parameters that make a stack believe the realm."""
        return {
            "TokenIssuer": self.issuer,
            "TokenAudience": AUDIENCE,
            "JwksUrl": f"{self.issuer}/protocol/openid-connect/certs",
            "AdminClaim": "realm_access.roles",
            "AdminValue": "workspace-admin",
            "WorkspaceClaim": "workspace_id",
        }

    def start(self) -> None:
        """Start it, if it does not run, without waiting; see `wait`."""
        if self._process:
            return
        address = self.url.removeprefix("http://").split(":")
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- the program is the one copied above
                [
                    self._home / "bin" / "kc.sh",
                    "start-dev",
                    "--import-realm",
                    f"--http-host={address[0]}",
                    f"--http-port={address[1]}",
                ],
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait(self) -> None:
        """Wait until it answers. Raises `RuntimeError` with its log's end where it does not."""
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and self._process and self._process.poll() is None:
            with suppress(urllib3.exceptions.HTTPError):
                if self._http.request("GET", self.issuer_of(OTHER_REALM)).status == 200:
                    return
            time.sleep(0.2)
        raise RuntimeError(f"Keycloak does not answer:\n{self._log.read_text()[-4000:]}")

    def stop(self) -> None:
        """End it, as a service manager does."""
        if self._process:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGTERM)  # the script's, and Java's
                try:
                    self._process.wait(_STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None

    def admin(self, method: str, path: str, body: Any = None) -> Any:
        """Ask the admin API of the realm, `path` beginning with a slash or empty."""
        sent: dict[str, Any] = {} if body is None else {"json": body}
        answer = self._http.request(
            method,
            f"{self.url}/admin/realms/{REALM}{path}",
            headers={"Authorization": f"Bearer {self._admin_token()}"},
            **sent,
        )
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer.status} {answer.data.decode()}")
        return json.loads(answer.data) if answer.data else None

    def _admin_token(self) -> str:
        answer = self._http.request(
            "POST",
            f"{self.issuer_of('master')}/protocol/openid-connect/token",
            body=urlencode(
                {
                    "grant_type": "password",
                    "client_id": "admin-cli",
                    "username": _ADMIN,
                    "password": self._password,
                }
            ),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        token: str = json.loads(answer.data)["access_token"]
        return token

    def user_id(self, email: str) -> str:
        [user] = self.admin("GET", f"/users?{urlencode({'username': email, 'exact': 'true'})}")
        identifier: str = user["id"]
        return identifier

    def enable(self, email: str, *, enabled: bool) -> None:
        user = self.admin("GET", f"/users/{self.user_id(email)}")
        self.admin("PUT", f"/users/{user['id']}", {**user, "enabled": enabled})

    def end_sessions(self, email: str) -> None:
        """Sign somebody out everywhere."""
        self.admin("POST", f"/users/{self.user_id(email)}/logout")

    def set_token_lifetime(self, seconds: int) -> None:
        """Of access tokens that are issued from now on."""
        self.admin("PUT", "", {"accessTokenLifespan": seconds})

    def signing_keys(self) -> dict[str, str]:
        """Of each RS256 key, its id and that of the component that can be removed."""
        return {
            key["kid"]: key["providerId"]
            for key in self.admin("GET", "/keys")["keys"]
            if key.get("algorithm") == "RS256"
        }

    def add_signing_key(self) -> None:
        """A new key, which tokens are signed with from now on; the others stay published."""
        priority = next(self._priorities)
        self.admin(
            "POST",
            "/components",
            {
                "name": f"rsa-{priority}",
                "providerId": "rsa-generated",
                "providerType": "org.keycloak.keys.KeyProvider",
                "config": {"priority": [str(priority)]},
            },
        )

    def remove_signing_key(self, key_id: str) -> None:
        self.admin("DELETE", f"/components/{self.signing_keys()[key_id]}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
