"""The page is built when it has to be, and a person is told when it cannot be."""

import gzip
import re
import shutil
from pathlib import Path

import pytest

from local.page import PageBuildError, built_page

NPM = """#!/bin/sh
echo "npm $*" >> "$(dirname "$0")/calls"
test "$FAILS" != "$1" || {{ echo "npm says why"; exit 1; }}
case "$1" in
  ci) mkdir -p node_modules ;;
  run) mkdir -p dist/assets && echo built > dist/index.html ;;
esac
"""


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A page with nothing in it."""
    web = tmp_path / "web"
    (web / "src").mkdir(parents=True)
    for name in (
        "index.html",
        "package.json",
        "package-lock.json",
        "vite.config.ts",
        "src/main.ts",
    ):
        (web / name).write_text(name)
    return web


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Node of version 22 and an npm that only writes down what it is told."""
    folder = tmp_path / "bin"
    folder.mkdir()
    write_program(folder / "npm", NPM.format())
    write_program(folder / "node", "#!/bin/sh\necho v22.1.0\n")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def write_program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def calls(programs: Path) -> list[str]:
    written = programs / "calls"
    return written.read_text().splitlines() if written.exists() else []


def test_the_page_is_installed_and_built_once(web: Path, programs: Path) -> None:
    assert built_page(web) == web / "dist"
    assert (web / "dist" / "index.html").exists()
    built_page(web)
    assert calls(programs) == ["npm ci --no-audit --no-fund", "npm run build"]


@pytest.mark.parametrize(
    ("changed", "more"),
    [
        ("src/main.ts", ["npm run build"]),
        ("package-lock.json", ["npm ci --no-audit --no-fund", "npm run build"]),
    ],
)
def test_what_has_changed_is_built_anew(
    web: Path, programs: Path, changed: str, more: list[str]
) -> None:
    built_page(web)
    (web / changed).write_text("changed")
    built_page(web)
    assert calls(programs)[2:] == more


def test_a_built_page_needs_no_node(web: Path, programs: Path) -> None:
    built_page(web)
    (programs / "node").unlink()
    (programs / "npm").unlink()
    assert built_page(web) == web / "dist"


def test_without_node_one_sentence_says_so(web: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(PageBuildError, match=r"needs Node.js 20.19 or later.*it is missing\."):
        built_page(web)


def test_an_old_node_is_named(web: Path, programs: Path) -> None:
    write_program(programs / "node", "#!/bin/sh\necho v18.19.1\n")
    with pytest.raises(PageBuildError, match=r"here is 18.19.1\."):
        built_page(web)


@pytest.mark.parametrize("step", ["ci", "run"])
def test_where_npm_fails_its_words_are_kept(
    web: Path, programs: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAILS", step)
    with pytest.raises(PageBuildError, match=f"npm {step} failed, see") as failure:
        built_page(web)
    log = Path(str(failure.value).partition("see ")[2].rstrip("."))
    assert "npm says why" in log.read_text()
    monkeypatch.delenv("FAILS")
    assert built_page(web) == web / "dist"


def test_the_first_paint_is_light_and_has_nothing_inline() -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    try:
        page = built_page()
    except PageBuildError as error:
        pytest.skip(str(error))
    index = (page / "index.html").read_text()
    loaded = re.findall(r'(?:src|href)="(/[^"]+)"', index)
    assert any(name.endswith(".js") for name in loaded)
    assert not any("stackedBars" in name for name in loaded)
    assert not re.search(r"<style|<script(?![^>]*\ssrc=)|\sstyle=|\son\w+=", index)
    files = [page / name.lstrip("/") for name in loaded]
    weight = sum(len(gzip.compress(file.read_bytes())) for file in [page / "index.html", *files])
    assert weight < 100_000
