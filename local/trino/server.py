"""One Trino as a child process, on a free port of 127.0.0.1, over one set of AWS services."""

import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from local.aws import REGION
from local.trino.client import Failure, TrinoClient, UnavailableError
from local.trino.distribution import Distribution

_START_SECONDS: Final = 180  # a dozen, where nothing else runs
_LOOK_SECONDS: Final = 0.2
_JAVA_OPTIONS: Final = (
    "-Xmx2G",
    "-XX:+UseG1GC",
    "-XX:ReservedCodeCacheSize=256M",
    "-XX:+ExitOnOutOfMemoryError",
    "-Duser.timezone=UTC",
    "-Djdk.attach.allowAttachSelf=true",
    "-Djdk.nio.maxCachedBufferSize=2000000",
    "--enable-native-access=ALL-UNNAMED",
)

# A server that answers may still have nobody to work for it: only a statement with rows tells.
_PROBE: Final = "SELECT count(*) FROM UNNEST(sequence(1, 10))"

# Ends the server when the process that started it is gone, however that one ended.
_WATCH: Final = 'read -r _; kill -9 "$1"; rm -rf "$2"'


class TrinoStartError(Exception):
    """Trino did not start; the text says what it said, as a sentence."""


class TrinoServer:
    """A server that runs from its making until it is closed.

    Args:
        distribution: The program.
        aws_url: Where Glue and S3 are.
        writes: Whether statements may write, too. Those of the product never do.

    Raises:
        TrinoStartError: It ended, or did not answer in time.
    """

    def __init__(self, distribution: Distribution, aws_url: str, *, writes: bool = False) -> None:
        self._folder = TemporaryDirectory(prefix="local-trino-")
        self._node = Path(self._folder.name)
        port = _free_port()
        self.client = TrinoClient(f"http://127.0.0.1:{port}")
        self._process: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        try:
            _configure(self._node, distribution, port, aws_url, writes=writes)
            self._wait_until_it_answers(self._run(_command(distribution, self._node)))
        except BaseException:  # Ctrl-C, too
            self.close()
            raise

    def close(self) -> None:
        """End it, and what it has written."""
        # The watcher first, so that it never kills a process that got the server's old id.
        for process in (self._watcher, self._process):
            if process is not None:
                process.kill()  # it has nothing to save
                process.wait()
                if process.stdin is not None:
                    process.stdin.close()
        self.client.close()
        self._folder.cleanup()

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._node,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us, who then end it
            )
        self._watcher = subprocess.Popen(
            ["sh", "-c", _WATCH, "sh", str(self._process.pid), str(self._node)],
            stdin=subprocess.PIPE,  # ends with us
            start_new_session=True,
        )
        return self._process

    def _wait_until_it_answers(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if process.poll() is not None:
                raise TrinoStartError(
                    f"Trino ended as it started, with status {process.returncode}: "
                    f"{self._last_words()}"
                )
            if time.monotonic() > deadline:
                raise TrinoStartError(
                    f"Trino did not answer within {_START_SECONDS} seconds: {self._last_words()}"
                )
            time.sleep(_LOOK_SECONDS)

    def _answers(self) -> bool:
        try:
            page = self.client.start(_PROBE)
            while page.next_uri is not None:
                page = self.client.following(page.next_uri)
        except (Failure, UnavailableError):
            return False
        return True

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").splitlines() or ["it said nothing."]
        errors = [line for line in lines if "ERROR" in line or line.startswith("Error")]
        reasons = [line for line in lines if line.startswith("1) ")]  # of a wrong configuration
        return (reasons or errors or lines)[-1].strip()

    @property
    def _log(self) -> Path:
        return self._node / "log"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _configure(
    node: Path, distribution: Distribution, port: int, aws_url: str, *, writes: bool
) -> None:
    """Write the files that a server reads; the plugin folder holds one folder per plugin."""
    plugins, catalogs = node / "plugins", node / "etc" / "catalog"
    plugins.mkdir()
    (plugins / "hive").symlink_to(distribution.hive_plugin)
    catalogs.mkdir(parents=True)
    _write(
        node / "etc" / "config.properties",
        {
            "coordinator": "true",
            "node-scheduler.include-coordinator": "true",
            "node.bind-ip": "127.0.0.1",
            "node.internal-address": "127.0.0.1",
            "http-server.http.port": str(port),
            "discovery.uri": f"http://127.0.0.1:{port}",
            "web-ui.enabled": "false",
            "plugin.dir": str(plugins),
            "catalog.config-dir": str(catalogs),
            "query.max-memory": "1GB",
        },
    )
    _write(
        catalogs / "awsdatacatalog.properties",
        {
            "connector.name": "hive",
            "hive.security": "allow-all" if writes else "read-only",
            "hive.non-managed-table-writes-enabled": str(writes).lower(),
            "hive.collect-column-statistics-on-write": "false",  # as moto's Glue keeps none
            "hive.partition-projection-enabled": "true",
            "hive.table-statistics-enabled": "false",  # moto's Glue has none, and is asked again
            "hive.metastore": "glue",
            "hive.metastore.glue.region": REGION,
            "hive.metastore.glue.endpoint-url": aws_url,
            "hive.metastore.glue.aws-access-key": "testing",
            "hive.metastore.glue.aws-secret-key": "testing",
            "fs.native-s3.enabled": "true",
            "s3.endpoint": aws_url,
            "s3.region": REGION,
            "s3.path-style-access": "true",
            "s3.aws-access-key": "testing",
            "s3.aws-secret-key": "testing",
        },
    )


def _write(file: Path, properties: Mapping[str, str]) -> None:
    file.write_text("".join(f"{name}={value}\n" for name, value in properties.items()))


def _command(distribution: Distribution, node: Path) -> list[str]:
    return [
        str(distribution.java),
        *_JAVA_OPTIONS,
        "-Dconfig=etc/config.properties",
        "-Dnode.id=local",
        "-Dnode.environment=local",
        f"-Dnode.data-dir={node / 'data'}",
        "-cp",
        f"{distribution.server}/lib/*",
        "io.trino.server.TrinoServer",
    ]
