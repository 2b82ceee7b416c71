"""Batches of calls, as the rules on calls read them."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

_TICKS: Final = {"s": 1, "ms": 10**3, "us": 10**6}
_FIRST: Final = int(datetime(1, 1, 1, tzinfo=UTC).timestamp())
_LAST: Final = int(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC).timestamp())


def prepared(batch: Any, names: Mapping[str, str], garbled: Callable[[str, int, str], None]) -> Any:
    """A batch with the table's names, times in UTC without saying so, and text that is text.

    Args:
        batch: As it was read.
        names: Column in the table → column in the file.
        garbled: Told of each column with text that is not UTF-8: its name, how many, and one.
    """
    columns = {}
    for name, stored in names.items():
        column = batch.column(batch.schema.get_field_index(stored))
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_timestamp(column.type):
            column = _times(column)
        elif _is_garbled(column):
            values = column.cast(pa.large_binary()).to_pylist()
            texts = [value if value is None else value.decode(errors="replace") for value in values]
            wrong = [
                value
                for value, text in zip(values, texts, strict=True)
                if text is not None and text.encode() != value
            ]
            garbled(name, len(wrong), wrong[0].decode(errors="backslashreplace"))
            column = pa.array(texts, pa.string())
        columns[name] = column
    return pa.table(columns)


def _times(column: Any) -> Any:
    """Without a zone; what lies outside the years 1 to 9999 is moved to their ends."""
    unit = column.type.unit
    if unit == "ns":  # which cannot lie outside
        return column.cast(pa.timestamp(unit))
    ticks = _TICKS[unit]
    number = pc.max_element_wise(column.cast(pa.int64()), _FIRST * ticks, skip_nulls=False)
    number = pc.min_element_wise(number, _LAST * ticks, skip_nulls=False)
    return number.cast(pa.timestamp(unit)).cast(pa.timestamp("us"))


def _is_garbled(column: Any) -> bool:
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return True
    return False
