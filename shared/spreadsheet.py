"""Neutralises text that a spreadsheet would run as a formula (CSV injection).

A cell is escaped with a leading apostrophe where it starts, after blanks and invisible
characters, with a character that begins a formula; and where it already starts with an
apostrophe, so that taking one leading apostrophe away always gives the original back.
"""

# Blanks and invisible characters that spreadsheets skip before a formula.
_SKIPPED = (
    "\t\n\v\f\r \x85\xa0\xad\u1680\u180e\u2000-\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
_FORMULA_START = r"=+\-@\t\r\n" + "＝＋－＠﹦﹢﹣﹫−"  # and their full-width and small forms

# Literal characters, no escapes but \- \t \r \n: Trino and DuckDB read those alike.
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
