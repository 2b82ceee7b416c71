"""Athena's partition projection: partitions worked out from the Glue table's own parameters.

Nothing is looked up: an injected key takes its values from the statement, a date key from its
range, and the location template says where such a partition would lie.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import product
from typing import Final

from local.athena.conditions import ColumnConditions, Literal
from local.athena.engine import QueryFailedError
from local.athena.glue_table import GlueTable

_DATE_FORMAT: Final = {"yyyy": "%Y", "MM": "%m", "dd": "%d"}
_NOW: Final = re.compile(r"NOW(?P<offsets>(?:[+-]\d+(?:DAY|WEEK)S?)*)")
_OFFSET: Final = re.compile(r"([+-]\d+)(DAY|WEEK)")


@dataclass(frozen=True)
class Partition:
    """One partition that a statement may need.

    Attributes:
        values: Partition key → its value, as text.
        bucket: Where its objects lie.
        prefix: What their keys start with, ending in `/`.
    """

    values: Mapping[str, str]
    bucket: str
    prefix: str


def projected_partitions(
    table: GlueTable, conditions: Mapping[str, ColumnConditions], now: datetime
) -> Iterator[Partition]:
    """The partitions that can hold rows for a statement with these conditions.

    Args:
        table: Has `projection.enabled` and a `storage.location.template`.
        conditions: Column → what the statement says about it.
        now: The end of ranges that are written relative to it; aware.

    Raises:
        QueryFailedError: An injected key has no static equality, or the projection is not
            configured in a way that the local Athena knows.
    """
    if table.parameters.get("projection.enabled", "").lower() != "true":
        raise _invalid(table, "projection.enabled must be true")
    location = table.parameters.get("storage.location.template", "")
    if not location.startswith("s3://"):
        raise _invalid(table, "storage.location.template must be an s3:// address")
    keys = list(table.partition_keys)
    for values in product(*(_values(table, key, conditions[key], now) for key in keys)):
        partition = dict(zip(keys, values, strict=True))
        address = _filled_in(location.removeprefix("s3://"), partition)
        bucket, _, prefix = address.partition("/")
        yield Partition(partition, bucket, prefix.rstrip("/") + "/")


def _filled_in(template: str, values: Mapping[str, str]) -> str:
    """The template with every `${key}` replaced, in one pass: a value is never a template."""
    return re.sub(r"\$\{(\w+)\}", lambda match: values.get(match[1].lower(), match[0]), template)


def _values(
    table: GlueTable, key: str, conditions: ColumnConditions, now: datetime
) -> Iterator[str]:
    match table.parameters.get(f"projection.{key}.type"):
        case "injected":
            values = conditions.equals if conditions.is_static else None
            if values is None:
                raise QueryFailedError(
                    "CONSTRAINT_VIOLATION",
                    f"For the injected projected partition column {key}, the WHERE clause must "
                    "contain only static equality conditions, and at least one such condition "
                    "must be present.",
                )
            yield from sorted(
                value
                for value in map(str, values)
                if conditions.may_hold(value, value)  # such as a bound beside the equality
            )
        case "date":
            yield from _dates(table, key, conditions, now)
        case other:
            raise _invalid(table, f"projection.{key}.type is {other}, not injected or date")


def _dates(
    table: GlueTable, key: str, conditions: ColumnConditions, now: datetime
) -> Iterator[str]:
    date_format = table.parameters.get(f"projection.{key}.format", "")
    if set(re.findall("[A-Za-z]+", date_format)) != set(_DATE_FORMAT):
        raise _invalid(table, f"projection.{key}.format must be made of yyyy, MM and dd")
    python_format = re.sub("[A-Za-z]+", lambda match: _DATE_FORMAT[match[0]], date_format)
    first, _, last = table.parameters.get(f"projection.{key}.range", "").partition(",")
    try:
        day = _bound(first, python_format, now)
        last_day = _bound(last, python_format, now)
    except ValueError as error:
        raise _invalid(table, f"projection.{key}.range: {error}") from error
    is_text = table.partition_keys[key].duckdb == "VARCHAR"
    while day <= last_day:
        text = day.strftime(python_format)
        value: Literal = text if is_text else day
        if conditions.may_hold(value, value):
            yield text
        day += timedelta(days=1)


def _bound(text: str, python_format: str, now: datetime) -> date:
    text = text.strip()
    if match := _NOW.fullmatch(text):
        days = sum(
            int(count) * (7 if unit == "WEEK" else 1)
            for count, unit in _OFFSET.findall(match["offsets"])
        )
        return now.astimezone(UTC).date() + timedelta(days=days)
    return datetime.strptime(text, python_format).replace(tzinfo=UTC).date()


def _invalid(table: GlueTable, what: str) -> QueryFailedError:
    return QueryFailedError(
        "INVALID_TABLE_PROPERTY",
        f"Partition projection of table {table.database}.{table.name}: {what}",
    )
