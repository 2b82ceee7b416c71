"""Values as the text that Athena writes into its result files."""

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc


def as_text(array: pa.Array) -> pa.Array:
    """An Arrow array as an array of strings, NULL staying NULL.

    Timestamps have milliseconds, decimals all digits of their scale and never an exponent,
    doubles are written as Java does (`1.0`, `1.0E10`).
    """
    kind = array.type
    if pa.types.is_decimal(kind):
        return _plain_decimals(array)
    if pa.types.is_floating(kind):
        return pa.array([None if v is None else _double(v) for v in array.to_pylist()], pa.string())
    if pa.types.is_timestamp(kind):
        return _timestamps(array)
    if pa.types.is_binary(kind):
        return pa.array([None if v is None else v.hex(" ") for v in array.to_pylist()], pa.string())
    if pa.types.is_nested(kind):
        return pa.array([None if v is None else _nested(v) for v in array.to_pylist()], pa.string())
    return array.cast(pa.string())


def _plain_decimals(array: pa.Array) -> pa.Array:
    scale = array.type.scale
    if scale <= 0:
        return array.cast(pa.string())
    # Arrow writes small decimals with an exponent, but never whole numbers: read the unscaled
    # integers, and set the point here.
    unscaled = pa.Array.from_buffers(
        pa.decimal128(38, 0), len(array), array.buffers(), offset=array.offset
    ).cast(pa.string())
    is_negative = pc.starts_with(unscaled, "-")
    digits = pc.utf8_lpad(pc.utf8_ltrim(unscaled, "-"), scale + 1, "0")
    sign = pc.if_else(is_negative, "-", "")
    whole = pc.utf8_slice_codeunits(digits, 0, -scale)
    fraction = pc.utf8_slice_codeunits(digits, -scale)
    return pc.binary_join_element_wise(pc.binary_join_element_wise(sign, whole, ""), fraction, ".")


def _timestamps(array: pa.Array) -> pa.Array:
    text = array.cast(pa.timestamp("ms"), safe=False).cast(pa.string())
    zone = array.type.tz
    return text if zone is None else pc.binary_join_element_wise(text, "UTC", " ")


def _double(value: float) -> str:
    if value != value:  # noqa: PLR0124 - NaN
        return "NaN"
    if value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        plain = format(Decimal(repr(value)), "f")
        return plain if "." in plain else plain + ".0"
    mantissa, _, exponent = format(Decimal(repr(value)).normalize(), "E").partition("E")
    return f"{mantissa if '.' in mantissa else mantissa + '.0'}E{int(exponent)}"


def _nested(value: Any) -> str:
    match value:
        case None:
            return "null"
        case list():
            if value and all(isinstance(item, tuple) for item in value):  # a map's entries
                return "{" + ", ".join(f"{key}={_nested(item)}" for key, item in value) + "}"
            return "[" + ", ".join(map(_nested, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{key}={_nested(item)}" for key, item in value.items()) + "}"
        case bool():
            return str(value).lower()
        case float():
            return _double(value)
    return str(value)
