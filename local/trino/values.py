"""Trino's result types as Athena's, and its JSON values as Arrow arrays."""

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import pyarrow as pa

from local.athena.engine import Column
from local.athena.result_types import column_of

# A type as Trino's protocol has it: `{"rawType": "decimal", "arguments": [{"value": 38}, …]}`.
Signature = Mapping[str, Any]

_ATHENA_TYPES: Final = {"real": "float", "unknown": "varchar"}
_ARROW_TYPES: Final = {
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "double": pa.float64(),
    "integer": pa.int64(),
    "real": pa.float64(),  # a 32-bit 0.1 would be written with the digits of a 64-bit one
    "smallint": pa.int64(),
    "tinyint": pa.int64(),
    "varbinary": pa.binary(),
}


def athena_column(described: Mapping[str, Any]) -> Column:
    """A column as Athena describes it. The length of a `varchar` is not told, nor is DuckDB's."""
    name, signature = described["name"], described["typeSignature"]
    trino_type = signature["rawType"]
    if trino_type == "decimal":
        precision, scale = (argument["value"] for argument in signature["arguments"])
        return Column(name, "decimal", precision, scale)
    return column_of(name, _ATHENA_TYPES.get(trino_type, trino_type))


def record_batch(described: Sequence[Mapping[str, Any]], rows: list[list[Any]]) -> pa.RecordBatch:
    """Rows of JSON values, at least one, as Arrow.

    Decimals and times are the text that Trino made of them: it writes all digits of a decimal's
    scale, never an exponent, and milliseconds.
    """
    columns = list(zip(*rows, strict=True))
    return pa.RecordBatch.from_arrays(
        [
            _array(column["typeSignature"], values)
            for column, values in zip(described, columns, strict=True)
        ],
        names=[column["name"] for column in described],
    )


def _array(signature: Signature, values: Sequence[Any]) -> pa.Array:
    kind, read = _reader(signature)
    if read is not None:
        values = [None if value is None else read(value) for value in values]
    return pa.array(values, kind)


def _reader(signature: Signature) -> tuple[pa.DataType, Callable[[Any], Any] | None]:
    """The Arrow type, and what makes its values of JSON's where they are not the same."""
    match signature["rawType"]:
        case "double" | "real":
            return pa.float64(), float  # NaN and infinities are text
        case "varbinary":
            return pa.binary(), base64.b64decode
        case "array":
            kind, read = _reader(_argument(signature, 0))
            return pa.list_(kind), lambda items: [_read(read, item) for item in items]
        case "map":  # a key is text in JSON, whatever it is in Trino
            kind, read = _reader(_argument(signature, 1))
            return pa.map_(pa.string(), kind), lambda entries: [
                (key, _read(read, value)) for key, value in entries.items()
            ]
        case "row":
            return _row_reader(signature)
        case other:
            return _ARROW_TYPES.get(other, pa.string()), None


def _row_reader(signature: Signature) -> tuple[pa.DataType, Callable[[Any], Any]]:
    names, kinds, reads = [], [], []
    for place, argument in enumerate(signature["arguments"]):
        kind, read = _reader(argument["value"]["typeSignature"])
        names.append(argument["value"].get("fieldName", {}).get("name", f"field{place}"))
        kinds.append(kind)
        reads.append(read)
    return pa.struct(list(zip(names, kinds, strict=True))), lambda fields: {
        name: _read(read, value) for name, read, value in zip(names, reads, fields, strict=True)
    }


def _argument(signature: Signature, place: int) -> Signature:
    argument: Signature = signature["arguments"][place]["value"]
    return argument


def _read(read: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if value is None or read is None else read(value)
