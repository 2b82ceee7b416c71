"""The page's files as they are uploaded: in which order, and with which headers."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from local.deployment import DeploymentError
from local.page.headers import CONTENT_TYPES, IMMUTABLE, REVALIDATED

CONFIG: Final = "config.json"
INDEX: Final = "index.html"
ASSETS: Final = "assets/"


@dataclass(frozen=True)
class PageFile:
    """A file of the page.

    Attributes:
        key: Its path on the page, without a slash at its start.
        content: What is in it.
        content_type: Its `Content-Type`.
        cache_control: Its `Cache-Control`.
    """

    key: str
    content: bytes
    content_type: str
    cache_control: str

    @property
    def etag(self) -> str:
        """As S3 has it of an object that was put at once and is not encrypted by KMS."""
        return f'"{hashlib.md5(self.content, usedforsecurity=False).hexdigest()}"'

    @property
    def is_asset(self) -> bool:
        """Whether its name changes with its content."""
        return self.key.startswith(ASSETS)


def page_files(dist: Path, config: str) -> list[PageFile]:
    """The files of a built page, in the order in which they may be uploaded.

    Whoever opens the page meanwhile gets the old one or the new one, whole: what a file names is
    there before it. So the assets come first and `index.html` comes last.

    Args:
        dist: What `vite build` made.
        config: The stack's output `PageConfig`.

    Raises:
        DeploymentError: The output is no JSON object, or a file is of no known kind.
    """
    found = {
        path.relative_to(dist).as_posix(): path.read_bytes()
        for path in dist.rglob("*")
        if path.is_file() and not path.name.startswith(".")
    }
    found[CONFIG] = _config(config)
    return [_page_file(key, found[key]) for key in sorted(found, key=_turn)]


def _turn(key: str) -> tuple[bool, bool, bool, str]:
    return key == INDEX, key == CONFIG, not key.startswith(ASSETS), key


def _page_file(key: str, content: bytes) -> PageFile:
    end = key[key.rfind(".") :]
    if end not in CONTENT_TYPES:
        raise DeploymentError(f"web/dist/{key} is of no kind that the page is made of: remove it.")
    cache_control = IMMUTABLE if key.startswith(ASSETS) else REVALIDATED
    return PageFile(key, content, CONTENT_TYPES[end], cache_control)


def _config(output: str) -> bytes:
    """One text for one meaning, so that a repeated deployment finds it unchanged."""
    try:
        config = json.loads(output)
    except ValueError:
        config = None
    if not isinstance(config, dict):
        raise DeploymentError(f"The stack's output PageConfig is no JSON object: {output[:80]!r}.")
    return (json.dumps(config, indent=2) + "\n").encode()
