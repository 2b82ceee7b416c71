"""No part of the pattern can be taken away or changed without a test of `test_spreadsheet` failing.

`make mutate` changes functions alone, and nearly all of the escaper is this constant.
"""

import re
from collections.abc import Iterator

import pytest

from shared.spreadsheet import UNSAFE_TEXT_PATTERN
from tests.spreadsheet_rule import (
    DANGEROUS,
    HARMLESS,
    escaped,
    escaped_in_sql,
    texts_of_every_character,
)

CHARACTER = r"\\x\{[0-9a-f]+\}|\\x[0-9a-f]{2}|\\?[^\\]"
MEMBER = re.compile(f"({CHARACTER})(?:-({CHARACTER}))?", re.DOTALL)
ESCAPES = {r"\t": 0x09, r"\n": 0x0A, r"\r": 0x0D}

SKIPPED, START = re.findall(r"\[(.*?)\]", UNSAFE_TEXT_PATTERN)


def point(character: str) -> int:
    """The code point that a character of a class stands for."""
    if character.startswith(r"\x"):
        return int(character.strip(r"\x{}"), 16)
    return ESCAPES.get(character) or ord(character.removeprefix("\\"))


def written(first: int, last: int) -> str:
    return rf"\x{{{first:x}}}-\x{{{last:x}}}"


def changed_classes(members: str) -> Iterator[str]:
    """A class without one of its members, or with one that has a character more or less."""
    matches = list(MEMBER.finditer(members))
    assert "".join(match[0] for match in matches) == members
    spans = [(point(match[1]), point(match[2] or match[1])) for match in matches]
    held = {held for first, last in spans for held in range(first, last + 1)}
    for match, (first, last) in zip(matches, spans, strict=True):
        others = members[: match.start()], members[match.end() :]
        changes = [""]
        if first < last:
            changes += [written(first + 1, last), written(first, last - 1)]
        if first > 0 and first - 1 not in held:
            changes.append(written(first - 1, last))
        if last + 1 not in held:
            changes.append(written(first, last + 1))
        yield from (change.join(others) for change in changes)


def changed_patterns() -> Iterator[str]:
    whole = UNSAFE_TEXT_PATTERN
    yield whole.removeprefix("^")
    yield whole.replace("'|", "")
    yield whole.replace("'", '"')
    yield whole.replace("^", "^ ")
    yield from (whole.replace("]*[", f"]{times}[") for times in ("", "?", "+", "{0,3}"))
    yield whole.replace(f"[{SKIPPED}]*", "")
    yield from (whole.replace(f"[{part}]", f"[^{part}]") for part in (SKIPPED, START))
    yield from (whole.replace(SKIPPED, changed) for changed in changed_classes(SKIPPED))
    yield from (whole.replace(START, changed) for changed in changed_classes(START))


@pytest.mark.slow
def test_every_change_of_the_pattern_is_noticed() -> None:
    patterns = list(changed_patterns())
    assert len(patterns) > 100
    assert UNSAFE_TEXT_PATTERN not in patterns
    texts = [*texts_of_every_character(), *DANGEROUS, *HARMLESS]
    expected = [escaped(text) for text in texts]
    assert escaped_in_sql(texts) == expected
    assert [one for one in patterns if escaped_in_sql(texts, one) == expected] == []
