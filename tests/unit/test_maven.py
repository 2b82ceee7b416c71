"""Programs from Maven Central, with a Maven client that the test makes."""

import hashlib
import io
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.maven import Artifact, FetchError, cache_folder, unpacked

TAR = "org.example:tool:1.2:tar.gz"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return cache_folder()


class Maven:
    """Writes an `mvn` into an otherwise empty PATH, and counts how often it ran."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.calls = folder / "calls"
        folder.mkdir()

    def serves(self, archive: bytes, name: str = "tool-1.2.tar.gz") -> None:
        (self.folder / "archive").write_bytes(archive)
        self.does(f'mkdir -p "$out" && cp "{self.folder}/archive" "$out/{name}"')

    def does(self, script: str) -> None:
        program = self.folder / "mvn"
        program.write_text(
            f'#!/bin/sh\necho "$*" >> "{self.calls}"\n'
            'for a; do case "$a" in -DoutputDirectory=*) out=${a#*=};; esac; done\n' + script
        )
        program.chmod(0o755)

    @property
    def ran(self) -> list[str]:
        return self.calls.read_text().splitlines() if self.calls.exists() else []


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Maven:
    folder = tmp_path / "programs"
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return Maven(folder)


def tar_of(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def zip_of(files: dict[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as content:
        for name, text in files.items():
            content.writestr(name, text)
    return archive.getvalue()


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


TOOL = tar_of({"tool/bin/run": b"#!/bin/sh\n"})


def test_it_is_fetched_once_with_its_checksum_and_unpacked_as_it_was(
    maven: Maven, cache: Path
) -> None:
    maven.serves(TOOL)
    artifact = Artifact(TAR, sha256(TOOL))
    assert unpacked(artifact) == unpacked(artifact) == cache / "tool-1.2"
    assert len(maven.ran) == 1
    assert "--strict-checksums" in maven.ran[0]
    assert f"-Dartifact={TAR}" in maven.ran[0]
    run = cache / "tool-1.2" / "bin" / "run"
    assert run.read_bytes() == b"#!/bin/sh\n"
    assert run.stat().st_mode & 0o100
    assert [path.name for path in cache.iterdir() if not path.name.endswith(".lock")] == [
        "tool-1.2"
    ]


def test_a_zip_is_unpacked_too(maven: Maven) -> None:
    archive = zip_of({"plugin-folder/a.jar": b"a", "plugin-folder/b/c.jar": b"c"})
    maven.serves(archive, "plugin-7.zip")
    folder = unpacked(Artifact("org.example:plugin:7:zip", sha256(archive)))
    assert (folder / "b" / "c.jar").read_bytes() == b"c"


def test_who_needs_it_at_the_same_time_waits_for_the_first(maven: Maven) -> None:
    maven.serves(TOOL)
    artifact = Artifact(TAR, sha256(TOOL))
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(unpacked, [artifact] * 4))) == 1
    assert len(maven.ran) == 1


@pytest.mark.parametrize("served", [TOOL[:-7], b"<html>Sign in to the network</html>", b""])
def test_half_a_download_or_another_file_is_never_taken_for_it(
    maven: Maven, cache: Path, served: bytes
) -> None:
    maven.serves(served)
    artifact = Artifact(TAR, sha256(TOOL))
    with pytest.raises(FetchError, match=rf"SHA-256 is {sha256(served)}, not {sha256(TOOL)}"):
        unpacked(artifact)
    assert not (cache / "tool-1.2").exists()
    maven.serves(TOOL)
    assert (unpacked(artifact) / "bin" / "run").exists()


def test_a_process_that_ended_while_it_unpacked_leaves_nothing_that_counts(
    maven: Maven, cache: Path
) -> None:
    left = cache / ".tool-1.2-abcdef" / "content" / "tool"
    left.mkdir(parents=True)
    maven.serves(TOOL)
    assert (unpacked(Artifact(TAR, sha256(TOOL))) / "bin" / "run").exists()


def test_what_maven_could_not_do_is_said_in_a_sentence(maven: Maven, cache: Path) -> None:
    maven.does(
        'echo "[ERROR] Failed to execute goal org.apache:copy (default-cli) on project '
        'standalone-pom: Could not find artifact org.example:tool:tar.gz:1.2 -> [Help 1]"\n'
        'echo "[ERROR] "\nexit 1'
    )
    with pytest.raises(FetchError) as caught:
        unpacked(Artifact(TAR, sha256(TOOL)))
    assert str(caught.value) == (
        f"Maven cannot fetch {TAR}: Could not find artifact org.example:tool:tar.gz:1.2"
    )
    assert not (cache / "tool-1.2").exists()


def test_without_maven_it_says_so(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(cache))
    with pytest.raises(FetchError, match=r"Apache Maven \(mvn\) is missing"):
        unpacked(Artifact(TAR, sha256(TOOL)))


def test_without_maven_what_is_there_already_will_do(
    maven: Maven, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    maven.serves(TOOL)
    folder = unpacked(Artifact(TAR, sha256(TOOL)))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert unpacked(Artifact(TAR, sha256(TOOL))) == folder
