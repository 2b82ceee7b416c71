"""What is wrong with calls: one query of counts, run over a file batch by batch."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from local.call_log_check.contract import Contract
from local.call_log_check.findings import Finding
from local.call_log_check.limits import Limits
from shared.call_log import CallType

BATCH_ROWS: Final = 1 << 17
"""Calls in memory at a time."""

_DURATION: Final = "completion_time_ms"
_IS_EMBEDDING: Final = f"call_type = '{CallType.EMBEDDING}'"
_SAID: Final = "'call_id ' || coalesce(CAST(call_id AS VARCHAR), 'NULL')"


@dataclass(frozen=True)
class RowRule:
    """A rule on single calls.

    Attributes:
        name: Of the rule.
        column: The column to mend.
        needs: Columns that must be there to tell.
        broken: SQL that is true for a call that breaks it.
        example: SQL for what to show of such a call; the column's value if "".
        advice: What to do.
    """

    name: str
    column: str
    needs: frozenset[str]
    broken: str
    example: str
    advice: str

    @property
    def shown(self) -> str:
        """SQL for the example of a call that breaks it."""
        return self.example or f'CAST("{self.column}" AS VARCHAR)'


_SUB_MILLISECOND: Final = RowRule(
    "timestamp-unit",
    "called_at",
    frozenset({"called_at"}),
    "epoch_ns(called_at) % 1000000 <> 0",
    "",
    "Queries see milliseconds only: write no more digits, or TIMESTAMP(MILLIS).",
)


def row_rules(
    contract: Contract, limits: Limits, day: str, *, is_int96: bool = False
) -> list[RowRule]:
    """The rules for calls of one day.

    Args:
        contract: What calls should be like.
        limits: What counts as absurd.
        day: Theirs, as its folder has it.
        is_int96: Whether their times are INT96, whose type says nothing of its unit.
    """
    return [
        *([_SUB_MILLISECOND] if is_int96 else []),
        *_presence_rules(contract),
        *_call_type_rules(contract),
        *_number_rules(contract, limits),
        _rule(
            "outside-day",
            "called_at",
            f"strftime(called_at, '%Y-%m-%d') <> {_text(day)}",
            "Write each call to the day of its called_at in UTC; elsewhere no export finds it.",
        ),
    ]


class RowCheck:
    """The rules over the batches of one file."""

    def __init__(self, file: str, columns: Iterable[str], rules: Iterable[RowRule]) -> None:
        columns = set(columns)
        self._file = file
        self._rules = [rule for rule in rules if rule.needs <= columns]
        self._broken: dict[RowRule, tuple[int, str]] = {}
        self._garbled: dict[str, tuple[int, str]] = {}
        self._unsorted = 0
        self._unsorted_example = ""
        self._last_called_at: Any = None

    def add(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Counts in the batch that the connection knows as `calls`."""
        if not self._rules:
            return
        counts = ", ".join(f"count(*) FILTER ({rule.broken})" for rule in self._rules)
        row = connection.execute(f"SELECT {counts} FROM calls").fetchone() or ()  # noqa: S608
        for rule, count in zip(self._rules, row, strict=True):
            if not count:
                continue
            if rule not in self._broken:
                self._broken[rule] = (0, _example(rule, connection))
            so_far, example = self._broken[rule]
            self._broken[rule] = (so_far + count, example)

    def add_garbled(self, column: str, count: int, example: str) -> None:
        """Counts calls whose text is not UTF-8."""
        so_far, first = self._garbled.get(column, (0, example))
        self._garbled[column] = (so_far + count, first)

    def add_times(self, called_at: Any) -> None:
        """Counts calls that come before their predecessor in the file."""
        times = called_at.drop_null()
        if self._last_called_at is not None:
            times = pa.concat_arrays([self._last_called_at, times])
        if not len(times):
            return
        is_earlier = pc.less(times[1:], times[:-1])
        if count := pc.sum(is_earlier).as_py():
            place = pc.index(is_earlier, pa.scalar(value=True)).as_py()
            if not self._unsorted:
                earlier, later = (
                    pc.cast(times[at : at + 1], pa.string())[0] for at in (place + 1, place)
                )
                self._unsorted_example = f"{earlier} after {later}"
            self._unsorted += count
        self._last_called_at = times[-1:]

    def findings(self) -> Iterator[Finding]:
        """What all batches together show."""
        for column, (count, example) in self._garbled.items():
            advice = "Write text as UTF-8."
            yield Finding("encoding", self._file, column, count, "calls", example, advice)
        for rule in self._rules:
            if rule in self._broken:
                count, example = self._broken[rule]
                yield Finding(
                    rule.name, self._file, rule.column, count, "calls", example, rule.advice
                )
        if self._unsorted:
            yield Finding(
                "unsorted",
                self._file,
                "called_at",
                self._unsorted,
                "calls",
                self._unsorted_example,
                "Sort each file by called_at: queries then skip what they do not ask for.",
            )


def _example(rule: RowRule, connection: duckdb.DuckDBPyConnection) -> str:
    query = f"SELECT {rule.shown} FROM calls WHERE {rule.broken} LIMIT 1"  # noqa: S608
    row = connection.execute(query).fetchone()
    return str(row[0]) if row else ""


def _presence_rules(contract: Contract) -> Iterator[RowRule]:
    for name in contract.types:
        if name in contract.nullable:
            continue
        broken, needs = f'"{name}" IS NULL', {"call_id"}
        if name in contract.null_for_embeddings:
            yield RowRule(
                "embedding-output",
                name,
                frozenset({name, "call_type"}),
                f'{_IS_EMBEDDING} AND "{name}" IS NOT NULL',
                "",
                "An embedding answers with no tokens: write NULL.",
            )
            broken += f" AND NOT ({_IS_EMBEDDING})"
            needs.add("call_type")
        example = "'called_at ' || CAST(called_at AS VARCHAR)" if name == "call_id" else _SAID
        if name == "call_id":
            needs = {"called_at"}
        is_price = name in contract.price_columns
        advice = (
            "Write the price of the day of the call; without it the call's cost is not known."
            if is_price
            else "Write a value for every call."
        )
        yield RowRule(
            "no-price" if is_price else "null",
            name,
            frozenset({name, *needs}),
            broken,
            f"coalesce({example}, 'NULL')",
            advice,
        )
        if contract.types[name] == "string" and name != "call_type":
            yield RowRule(
                "empty",
                name,
                frozenset({name, *needs}),
                f"trim(\"{name}\") = ''",
                f"coalesce({example}, 'NULL')",
                "Write a value for every call.",
            )


def _call_type_rules(contract: Contract) -> Iterator[RowRule]:
    known = ", ".join(map(_text, contract.call_types))
    yield _rule(
        "call-type",
        "call_type",
        f"call_type NOT IN ({known})",
        f"Write {' or '.join(contract.call_types)}, in small letters.",
    )


def _number_rules(contract: Contract, limits: Limits) -> Iterator[RowRule]:
    tokens, prices = contract.token_columns, contract.price_columns
    for name in [*tokens, *prices, _DURATION]:
        yield _rule("negative", name, f'"{name}" < 0', "Write what was used: never below 0.")
    for name in tokens:
        yield _rule(
            "absurd",
            name,
            f'"{name}" > {limits.tokens}',
            f"No call has more than {limits.tokens:,} tokens: look at how they are counted.",
        )
    for name in prices:
        yield _rule(
            "absurd",
            name,
            f'"{name}" > {limits.highest_price} OR ("{name}" > 0 AND "{name}" < '
            f"{limits.lowest_price})",
            "Write USD per 1M tokens, neither per token nor in cents.",
        )
    yield _rule(
        "absurd",
        _DURATION,
        f'"{_DURATION}" > {limits.duration_ms}',
        "Write milliseconds, not a point in time.",
    )


def _rule(name: str, column: str, broken: str, advice: str) -> RowRule:
    return RowRule(name, column, frozenset({column}), broken, "", advice)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
