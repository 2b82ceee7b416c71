"""Neutralises text that a spreadsheet would run as a formula (CSV injection).

A cell is escaped with a leading apostrophe where it starts, after blanks and invisible
characters, with a character that begins a formula; and where it already starts with an
apostrophe, so that taking one leading apostrophe away always gives the original back.
"""

# What spreadsheets skip before a formula: Unicode's white space, control characters, and what
# it calls "default ignorable", the characters that nobody sees. Above \x7f, two digits are a
# byte to Trino and a character to DuckDB; \x{…} is a character to both.
_SKIPPED = (
    r"\x00-\x20\x{7f}-\x{a0}\x{ad}\x{34f}\x{61c}\x{115f}\x{1160}\x{1680}\x{17b4}\x{17b5}"
    r"\x{180b}-\x{180f}\x{2000}-\x{200f}\x{2028}-\x{202f}\x{205f}-\x{206f}\x{3000}\x{3164}"
    r"\x{fe00}-\x{fe0f}\x{feff}\x{ffa0}\x{fff0}-\x{fff8}\x{1bca0}-\x{1bca3}"
    r"\x{1d173}-\x{1d17a}\x{e0000}-\x{e0fff}"
)
_FORMULA_START = r"=+\-@\t\r\n" + "＝＋－＠﹦﹢﹣﹫−"  # and their full-width and small forms

UNSAFE_TEXT_PATTERN = f"^(?:'|[{_SKIPPED}]*[{_FORMULA_START}])"


def neutralised(column: str) -> str:
    """The SQL expression for a text column with unsafe values escaped.

    Its `%(unsafe_text)s` parameter is `UNSAFE_TEXT_PATTERN`.
    """
    return (
        f"CASE WHEN regexp_like({column}, %(unsafe_text)s) THEN '''' || {column} ELSE {column} END"
    )


def unescape(cell: str) -> str:
    """The original text of a neutralised cell."""
    return cell.removeprefix("'")
