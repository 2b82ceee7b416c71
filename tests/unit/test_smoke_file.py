"""A downloaded export, added up by `smoke`."""

from decimal import Decimal
from pathlib import Path

import pytest

from local.smoke.csv_file import CsvFile, Figures, read_csv_file
from tests.parquet_oracle import HEADER

HEAD = ",".join(f'"{name}"' for name in HEADER) + "\n"


def read(folder: Path, *rows: str, head: str = HEAD) -> CsvFile:
    path = folder / "export.csv"
    path.write_bytes((head + "".join(f"{row}\n" for row in rows)).encode())
    return read_csv_file(path)


def row(
    date: str = "2026-01-31 00:00:00.000",
    model: str = "gpt-5",
    *,
    provider: str = "openai",
    tokens: tuple[str, str] = ('"1"', '"2"'),
    prices: tuple[str, str] = ('"3.000000"', '"0.000001"'),
) -> str:
    return ",".join(
        [f'"{date}"', '"k"', '"a, ""b"""', f'"{provider}"', f'"{model}"', *tokens, "", *prices]
    )


def test_figures_are_exact(tmp_path: Path) -> None:
    found = read(tmp_path, row(), row(tokens=('"9007199254740993"', "")))
    assert found.all == Figures(
        rows=2,
        input_tokens=9007199254740994,
        output_tokens=2,
        cost_usd=Decimal("27021597764.222982000002"),
        unpriced_calls=0,
    )
    assert found.header == HEAD.encode()


def test_a_call_is_unpriced_where_tokens_have_no_price(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        row(prices=("", '"1.000000"')),
        row(prices=('"1.000000"', "")),
        row(tokens=('"5"', ""), prices=('"2.000000"', "")),  # an embedding
        row(tokens=('"0"', '"0"'), prices=("", "")),
    )
    assert (found.all.unpriced_calls, found.all.cost_usd) == (2, Decimal("0.00001"))
    assert found.all.output_tokens == 4


def test_models_are_kept_apart_by_their_own_names(tmp_path: Path) -> None:
    rows = [row(model="'@cf/x"), row(model="gpt"), row(model="''quoted", provider="'=p")]
    found = read(tmp_path, *rows)
    assert {name: each.rows for name, each in found.by_model.items()} == {
        ("openai", "@cf/x"): 1,
        ("openai", "gpt"): 1,
        ("=p", "'quoted"): 1,
    }


def test_dates_are_held_against_each_other(tmp_path: Path) -> None:
    first, second, third = (f"2026-01-31 0{hour}:00:00.000" for hour in range(3))
    rising = read(tmp_path, *(row(date) for date in (first, second, second, third)))
    assert (rising.first, rising.last, rising.in_order) == (first, third, True)
    back = read(tmp_path, *(row(date) for date in (second, first, third)))
    assert (back.first, back.last, back.in_order) == (first, third, False)
    assert read(tmp_path).all == Figures()


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (['"one"'], "its line 3 is none of an export"),
        ([row(tokens=('"x"', ""))], "its line 3 is none of an export"),
        ([row(prices=('"x"', '"1"'))], "its line 3 is none of an export"),
        ([row() + '"'], "it is no CSV"),
    ],
)
def test_what_is_no_export_is_said_with_its_line(
    tmp_path: Path, rows: list[str], text: str
) -> None:
    with pytest.raises(ValueError, match=text):
        read(tmp_path, row(), *rows)


def test_another_header_is_no_export(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="its line 2 is none of an export"):
        read(tmp_path, row(), head=HEAD.lower())
