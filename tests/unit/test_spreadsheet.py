"""Text in the CSV is never run by a spreadsheet, and its original can be had back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.spreadsheet import unescape
from tests.spreadsheet_rule import (
    DANGEROUS,
    HARMLESS,
    escaped,
    escaped_in_sql,
    texts_of_every_character,
)


def test_every_character_is_judged_by_its_unicode_properties() -> None:
    texts = texts_of_every_character()
    cells = zip(texts, escaped_in_sql(texts), strict=True)
    assert [text for text, cell in cells if cell != escaped(text)] == []


@pytest.mark.parametrize("dangerous", DANGEROUS)
def test_a_formula_gets_an_apostrophe(dangerous: str) -> None:
    assert escaped_in_sql([dangerous]) == ["'" + dangerous]


@pytest.mark.parametrize("harmless", HARMLESS)
def test_other_text_is_left_alone(harmless: str) -> None:
    assert escaped_in_sql([harmless]) == [harmless]


def test_an_apostrophe_of_its_own_gets_another_so_that_it_is_not_taken_away() -> None:
    assert escaped_in_sql(["'=1", "'", "''"]) == ["''=1", "''", "'''"]


def test_no_text_stays_no_text() -> None:
    assert escaped_in_sql([None, "=1"]) == [None, "'=1"]


TEXTS = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.text("=+-@\t\r\n \u00a0\ufeff\u200b\u2066＝＋－＠'\"a1,;|", max_size=8),
        st.builds(
            "{}{}".format,
            st.text(st.characters(categories=["Cc", "Cf", "Zs", "Zl", "Zp"]), max_size=4),
            st.text("=+-@＝'x", max_size=3),
        ),
    ),
    max_size=50,
)


@given(texts=TEXTS)
def test_sql_escapes_as_the_rule_says(texts: list[str]) -> None:
    assert escaped_in_sql(texts) == [escaped(text) for text in texts]


@given(texts=TEXTS)
def test_the_original_can_always_be_had_back(texts: list[str]) -> None:
    assert [cell and unescape(cell) for cell in escaped_in_sql(texts)] == texts
