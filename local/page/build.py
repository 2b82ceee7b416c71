"""Builds the page with npm, where something of it has changed."""

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Final

WEB: Final = Path(__file__).parents[2] / "web"
_NODE: Final = (20, 19)
_SOURCES: Final = ("src", "index.html", "package.json", "package-lock.json", "vite.config.ts")


class PageBuildError(Exception):
    """The page is not there and cannot be built; the text says why, as a sentence."""


def built_page(web: Path = WEB) -> Path:
    """The built page, which is made first where it is missing or older than its sources.

    Raises:
        PageBuildError: Node is missing or too old, or npm failed.
    """
    dist, stamp = web / "dist", web / "dist" / ".sources"
    sources = _digest(web, _SOURCES)
    if stamp.is_file() and stamp.read_text() == sources:
        return dist
    _check_node()
    log = web / "node_modules" / ".build.log"
    lock, installed = _digest(web, ("package-lock.json",)), web / "node_modules" / ".installed"
    if not (installed.is_file() and installed.read_text() == lock):
        _npm(web, log, "ci", "--no-audit", "--no-fund")
        installed.write_text(lock)
    _npm(web, log, "run", "build")
    stamp.write_text(sources)
    return dist


def _digest(web: Path, names: tuple[str, ...]) -> str:
    digest = hashlib.sha256()
    for name in names:
        path = web / name
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file():
                content = file.read_bytes()
                digest.update(f"{file.relative_to(web)}\n{len(content)}\n".encode() + content)
    return digest.hexdigest()


def _check_node() -> None:
    needed = ".".join(map(str, _NODE))
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise PageBuildError(
            f"The page needs Node.js {needed} or later to be built; it is missing."
        )
    said = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    version = said.stdout.strip().removeprefix("v")
    if tuple(int(part) for part in version.split(".")[:2]) < _NODE:
        raise PageBuildError(
            f"The page needs Node.js {needed} or later to be built; here is {version}."
        )


def _npm(web: Path, log: Path, *arguments: str) -> None:
    done = subprocess.run(
        ["npm", *arguments],
        cwd=web,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    log.parent.mkdir(exist_ok=True)
    log.write_text(done.stdout)
    if done.returncode:
        raise PageBuildError(f"The page cannot be built: npm {arguments[0]} failed, see {log}.")
