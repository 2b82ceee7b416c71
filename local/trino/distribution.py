"""Trino's program files: the server and the plugin that reads Hive tables, from Maven Central."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.java import java_home
from local.maven import Artifact, cache_folder, unpacked

_SERVER: Final = Artifact(
    "io.trino:trino-server-core:476:tar.gz",
    "0f388f9967c177ae70a47c099082fc95387f0c3cb96d8000d1d41fc3a5223158",
)
_HIVE: Final = Artifact(
    "io.trino:trino-hive:476:zip",
    "611bacdb07d9f3cf7b9d47f97ecc76fa2e7ff8bfe8a9728c3d06adc1bfb8662e",
)
_MEGABYTES: Final = {_SERVER: 194, _HIVE: 258}


@dataclass(frozen=True)
class Distribution:
    """Where the parts of a Trino lie: folders, and the `java` that runs them."""

    server: Path
    hive_plugin: Path
    java: Path


def distribution(tell: Callable[[str], None]) -> Distribution:
    """Trino on this machine, fetched where the cache lacks it.

    Args:
        tell: Is told what takes its time.

    Raises:
        JavaMissingError: There is no Java for it.
        FetchError: It is not here and cannot be fetched.
        OSError: The cache cannot be written.
    """
    java = java_home() / "bin" / "java"  # first: it is missing sooner than the rest is fetched
    return Distribution(_folder(_SERVER, tell), _folder(_HIVE, tell), java)


def _folder(artifact: Artifact, tell: Callable[[str], None]) -> Path:
    if not (cache_folder() / artifact.name).is_dir():
        tell(f"Fetching {artifact.name}, once: {_MEGABYTES[artifact]} MB")
    return unpacked(artifact)
