"""Programs from Maven Central: fetched once by the Maven client, kept unpacked in the user's cache.

>>> home = unpacked(Artifact("org.keycloak:keycloak-quarkus-dist:26.7.3:tar.gz", sha256="7765…"))
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_COPY: Final = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy"


class FetchError(Exception):
    """The artifact cannot be had; the text says why, as a sentence."""


@dataclass(frozen=True, slots=True)
class Artifact:
    """An archive in a Maven repository with one folder in it.

    Attributes:
        coordinates: `group:artifact:version:packaging`, the packaging `tar.gz` or `zip`.
        sha256: Of the archive, in hexadecimal: what comes from elsewhere under this name, or from
            a cache that went bad, is not taken for it.
    """

    coordinates: str
    sha256: str

    @property
    def name(self) -> str:
        """As its folder in the cache is called: `keycloak-quarkus-dist-26.7.3`."""
        _, artifact, version, _ = self.coordinates.split(":")
        return f"{artifact}-{version}"


def cache_folder() -> Path:
    """Where this project keeps what it fetched, by the XDG base directory specification."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base.startswith("/") else Path.home() / ".cache") / "api-usage-export"


def unpacked(artifact: Artifact) -> Path:
    """The folder that was in the archive, which is fetched first where the cache lacks it.

    Whole or not there: it gets its name in the cache as the last step. Processes that need the
    same one wait for the first to fetch it.

    Raises:
        FetchError: Maven is missing or failed, or the archive is not the one that is wanted.
        OSError: The cache cannot be written.
    """
    cache = cache_folder()
    target = cache / artifact.name
    cache.mkdir(parents=True, exist_ok=True)
    with _only_one(cache / f".{artifact.name}.lock"):
        if not target.is_dir():
            with tempfile.TemporaryDirectory(dir=cache, prefix=f".{artifact.name}-") as folder:
                archive = _fetched(artifact, Path(folder) / "download")
                _unpack(archive, Path(folder) / "content").rename(target)
    return target


@contextmanager
def _only_one(lock: Path) -> Iterator[None]:
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # given back when the file is closed, or its process ends
        yield


def _fetched(artifact: Artifact, folder: Path) -> Path:
    """The archive, as Maven has it: checked against the repository's checksum by `-C`."""
    if shutil.which("mvn") is None:
        raise FetchError(f"Apache Maven (mvn) is missing; it fetches {artifact.name}.")
    command = ["mvn", "--batch-mode", "--quiet", "--strict-checksums", "-Dstyle.color=never"]
    done = subprocess.run(
        [*command, _COPY, f"-Dartifact={artifact.coordinates}", f"-DoutputDirectory={folder}"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise FetchError(f"Maven cannot fetch {artifact.coordinates}: {_first_error(done.stdout)}")
    archive = next(folder.iterdir())
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != artifact.sha256:
        raise FetchError(
            f"{archive.name} as Maven has it is not the file wanted: its SHA-256 is {found}, not "
            f"{artifact.sha256}. Remove it from Maven's local repository and try again."
        )
    return archive


def _first_error(output: str) -> str:
    """What Maven says went wrong, without its plugin's names and its links to help."""
    for line in output.splitlines():
        if said := line.removeprefix("[ERROR]").strip():
            return said.rpartition("standalone-pom: ")[2].partition(" -> [Help")[0]
    return "it does not say why."


def _unpack(archive: Path, folder: Path) -> Path:
    folder.mkdir()
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as content:
            content.extractall(folder)  # noqa: S202 -- its content is known by its SHA-256
    else:
        with tarfile.open(archive) as content:
            content.extractall(folder, filter="data")
    [single] = folder.iterdir()
    return single
