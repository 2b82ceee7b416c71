"""The page's files as they are uploaded: the order, the headers, and what is no file of a page."""

import json
from pathlib import Path

import pytest

from local.deployment import DeploymentError
from local.web_deployment import page_files

CONFIG = '{"apiUrl": "https://api.example.com", "rowLimit": 10}'
KEPT = "public, max-age=31536000, immutable"


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """A built page."""
    (tmp_path / "assets").mkdir()
    for name in ("index.html", ".sources", "robots.json", "assets/z.svg", "assets/a.js"):
        (tmp_path / name).write_text(name)
    (tmp_path / "assets" / "index.html.css").write_text("p {}")
    return tmp_path


def test_what_a_file_names_is_there_before_it(dist: Path) -> None:
    files = page_files(dist, CONFIG)
    assert [(file.key, file.content_type, file.cache_control) for file in files] == [
        ("assets/a.js", "text/javascript; charset=utf-8", KEPT),
        ("assets/index.html.css", "text/css; charset=utf-8", KEPT),
        ("assets/z.svg", "image/svg+xml", KEPT),
        ("robots.json", "application/json", "no-cache"),
        ("config.json", "application/json", "no-cache"),
        ("index.html", "text/html; charset=utf-8", "no-cache"),
    ]  # fmt: skip


def test_the_configuration_is_the_stacks_and_none_that_lies_there(dist: Path) -> None:
    (dist / "config.json").write_text('{"apiUrl": "http://127.0.0.1"}')
    files = {file.key: file.content for file in page_files(dist, CONFIG)}
    assert json.loads(files["config.json"]) == json.loads(CONFIG)
    spaced = CONFIG.replace(" ", "  ")
    assert {file.key: file.content for file in page_files(dist, spaced)} == files
    assert files["assets/a.js"] == b"assets/a.js"


@pytest.mark.parametrize("output", ["", "{", '"text"', "[1]"])
def test_an_output_that_is_no_configuration_is_said_in_a_sentence(dist: Path, output: str) -> None:
    with pytest.raises(DeploymentError, match=r"PageConfig is no JSON object: .*\.$"):
        page_files(dist, output)


def test_a_file_of_an_unknown_kind_is_not_guessed_at(dist: Path) -> None:
    (dist / "notes.docx").write_text("x")
    with pytest.raises(DeploymentError, match=r"^web/dist/notes\.docx is of no kind"):
        page_files(dist, CONFIG)
