"""What is wrong with a call log, in one line."""

from dataclasses import dataclass
from typing import Final

_LONGEST_EXAMPLE: Final = 80


@dataclass(frozen=True)
class Finding:
    """One rule that one column of one file breaks.

    Attributes:
        rule: Its name, such as `outside-day`.
        file: The file's path below the place that was checked; a folder's, for rules on files.
        column: The column, or "" where the rule is about the file as a whole.
        count: How many there are of what is counted.
        counted: What is counted, in the plural: `calls`, `files`, …
        example: One of the values.
        advice: What to do, as a sentence.
    """

    rule: str
    file: str
    column: str
    count: int
    counted: str
    example: str
    advice: str

    def line(self) -> str:
        """The finding for a person, or for `grep`."""
        return (
            f"{_printable(self.file)}: {_printable(self.column) or '-'}: {self.rule}: "
            f"{amount(self.count, self.counted)}, such as {_shortened(self.example)}: {self.advice}"
        )


def amount(count: int, plural: str) -> str:
    """So many of something.

    >>> amount(1, "files"), amount(2000, "files")
    ('1 file', '2,000 files')
    """
    return f"{count:,} {plural if count != 1 else plural.removesuffix('s')}"


def _shortened(example: str) -> str:
    text = _printable(example) or "''"
    return text if len(text) <= _LONGEST_EXAMPLE else text[: _LONGEST_EXAMPLE - 1] + "…"


def _printable(text: str) -> str:
    """Text that keeps to its line, and cannot steer a terminal."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )
