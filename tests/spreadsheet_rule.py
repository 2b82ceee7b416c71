"""The rule for text in a CSV, written a second time, from the properties Unicode gives characters.

Beside it: what the SQL makes of the same texts, on DuckDB.
"""

import unicodedata
from collections.abc import Sequence

import duckdb
import sqlglot
from pyathena.formatter import DefaultParameterFormatter

from shared.spreadsheet import UNSAFE_TEXT_PATTERN, neutralised

DANGEROUS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("https://evil.example","click")',
    "+1",
    "-1+2",
    "@SUM(A1)",
    "\t=1",
    "\tplain",
    "\rplain",
    "\nplain",
    "  =1",
    " \n=1",
    "\ufeff=1",
    "\u200b=1",
    "\u2066\u200d=1",
    " \u200b\ufeff\u00a0\u3000＝1",
    "＝1",
    "＋1",
    "－1",
    "＠SUM",
    "\N{MINUS SIGN}1",
    "\x00=1",
    "@cf/meta/llama-3.1-8b-instruct",
]
HARMLESS = [
    "",
    " ",
    "gpt-4o",
    "production, eu",
    "a=b",
    "1+1",
    "line\n=1",
    'quo"te',
    "it's",
    "ключ",
    "鍵",
    "🔑",
    "%(unsafe_text)s",
    "\\=1",
    "*=1",
]

CONNECTION = duckdb.connect()


def escaped_in_sql(
    texts: Sequence[str | None], pattern: str = UNSAFE_TEXT_PATTERN
) -> list[str | None]:
    """What the expression makes of texts, on DuckDB."""
    statement = DefaultParameterFormatter().format(
        f"SELECT {neutralised('cell')} FROM cells", {"unsafe_text": pattern}
    )
    (in_duckdb,) = sqlglot.transpile(statement, read="athena", write="duckdb")
    cells = "WITH cells AS (SELECT unnest($1::varchar[]) AS cell) "
    return [row[0] for row in CONNECTION.execute(cells + in_duckdb, [texts]).fetchall()]


# Default_Ignorable_Code_Point of Unicode's DerivedCoreProperties.txt: what is not shown.
DEFAULT_IGNORABLE = [
    (0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5),
    (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
    (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3),
    (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
]  # fmt: skip


def is_skipped(character: str) -> bool:
    """Blank, control character, or not shown."""
    return (
        character.isspace()
        or unicodedata.category(character) == "Cc"
        or any(first <= ord(character) <= last for first, last in DEFAULT_IGNORABLE)
    )


def begins_a_formula(character: str) -> bool:
    """One of OWASP's six, or a wide or small form of one."""
    form, _, plain = unicodedata.decomposition(character).rpartition(" ")
    if form in ("<wide>", "<small>"):
        character = chr(int(plain, 16))
    return character in "=+-@\t\r\n\N{MINUS SIGN}"


def escaped(text: str) -> str:
    """The rule of OWASP, and one apostrophe more where there is one already."""
    rest = text
    while rest and is_skipped(rest[0]) and not begins_a_formula(rest[0]):
        rest = rest[1:]
    unsafe = text.startswith("'") or (rest != "" and begins_a_formula(rest[0]))
    return "'" + text if unsafe else text


def texts_of_every_character() -> list[str]:
    """Every character that is a text by itself, and one that may hide a formula behind it."""
    points = [*range(0xD800), *range(0xE000, 0x20000), *range(0xDFF00, 0xE1100)]
    return [chr(point) + ending for point in points for ending in ("", "=1")]
