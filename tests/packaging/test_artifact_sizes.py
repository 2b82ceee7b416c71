"""How large the artifacts are: what is uploaded, and what Lambda unpacks at a cold start."""

import shutil
import sys
from pathlib import Path

import pytest

from tests.packaging.builds import ARTIFACTS, FUNCTIONS, LAYER

ZIP_LIMITS_MB = {
    "AnalyticsFunction": 27.0,
    "AuthorizerFunction": 6.0,
    "ExportFunction": 27.0,
    "SharedLayer": 0.3,
}
UNPACKED_LIMIT_MB = 50.0  # with the layer; Lambda's own limit is 250


def test_artifacts_stay_small(
    architecture: str, build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    zipped = {name: zipped_mb(build / name, tmp_path) for name in ARTIFACTS}
    unpacked = {name: unpacked_mb(build / name) for name in ARTIFACTS}
    with capsys.disabled():
        for name in ARTIFACTS:
            sys.stdout.write(
                f"\n{architecture:6} {name:18} {zipped[name]:6.2f} MB zipped"
                f" (at most {ZIP_LIMITS_MB[name]}), {unpacked[name]:6.2f} MB unpacked "
            )
    assert {name for name, size in zipped.items() if size > ZIP_LIMITS_MB[name]} == set()
    largest = max(unpacked[name] for name in FUNCTIONS) + unpacked[LAYER]
    assert largest <= UNPACKED_LIMIT_MB


def zipped_mb(folder: Path, scratch: Path) -> float:
    archive = shutil.make_archive(str(scratch / folder.name), "zip", folder)
    return Path(archive).stat().st_size / 1_000_000


def unpacked_mb(folder: Path) -> float:
    contents = folder.rglob("*")
    return sum(path.stat().st_size for path in contents if path.is_file()) / 1_000_000
