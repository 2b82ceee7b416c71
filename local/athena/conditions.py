"""What a WHERE clause says for certain about single columns of one table.

Only conditions that are AND-ed at the top level and compare a column with literals count. They
decide which partitions and row groups need not be read.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from sqlglot import exp

Literal = str | int | Decimal | bool | date | datetime

_OPERATORS: Final[dict[type[exp.Expr], str]] = {
    exp.EQ: "=",
    exp.LT: "<",
    exp.LTE: "<=",
    exp.GT: ">",
    exp.GTE: ">=",
}
_MIRRORED: Final = {"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True)
class Comparison:
    """A column compared with literals; `=` may have several, of which any will do."""

    operator: str
    literals: tuple[Literal, ...]
    column: exp.Column

    def may_hold(self, low: Any, high: Any) -> bool:
        """Whether some value from `low` to `high`, both included, can satisfy it.

        True also where the values cannot be compared: nothing is ruled out by guessing.
        """
        first = self.literals[0]
        try:
            match self.operator:
                case "=":
                    return any(low <= literal <= high for literal in self.literals)
                case "<":
                    return bool(low < first)
                case "<=":
                    return bool(low <= first)
                case ">":
                    return bool(high > first)
                case _:
                    return bool(high >= first)
        except TypeError:
            return True


@dataclass
class ColumnConditions:
    """All that is said about one column.

    Attributes:
        comparisons: Each must hold.
        is_static: Nothing but those comparisons is said about it.
    """

    comparisons: list[Comparison] = field(default_factory=list)
    is_static: bool = True

    def may_hold(self, low: Any, high: Any) -> bool:
        """Whether some value from `low` to `high` can satisfy every comparison by itself."""
        return all(comparison.may_hold(low, high) for comparison in self.comparisons)

    @property
    def equals(self) -> frozenset[Literal] | None:
        """The values it can only have; None where no equality bounds it."""
        sets = [frozenset(c.literals) for c in self.comparisons if c.operator == "="]
        return frozenset.intersection(*sets) if sets else None


def column_conditions(
    select: exp.Expr, table: str, columns: Collection[str]
) -> dict[str, ColumnConditions]:
    """What the WHERE clause of one SELECT says about the columns of one table in its FROM.

    Args:
        select: The SELECT.
        table: The table's name or alias in it.
        columns: The table's columns; an unqualified name among them means that table.
    """
    conditions = {column: ColumnConditions() for column in columns}
    where = select.args.get("where")
    for conjunct in _conjuncts(where.this) if where else ():
        comparisons = tuple(_comparisons(conjunct))
        for comparison in comparisons:
            if (name := _name(comparison.column, table)) in conditions:
                conditions[name].comparisons.append(comparison)
        if not comparisons:
            for column in conjunct.find_all(exp.Column):
                if (name := _name(column, table)) in conditions:
                    conditions[name].is_static = False
    return conditions


def _name(column: exp.Column, table: str) -> str:
    return column.name.lower() if column.table.lower() in ("", table.lower()) else ""


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.left)
        yield from _conjuncts(condition.right)
    else:
        yield condition


def _comparisons(condition: exp.Expr) -> Iterator[Comparison]:
    match condition:
        case exp.Between(this=exp.Column() as column):
            bounds = _literals([condition.args["low"], condition.args["high"]])
            if bounds and not condition.args.get("symmetric"):
                yield Comparison(">=", bounds[:1], column)
                yield Comparison("<=", bounds[1:], column)
        case exp.In(this=exp.Column() as column):
            choices = _literals(condition.expressions)
            if choices and not condition.args.get("query"):
                yield Comparison("=", choices, column)
        case exp.Binary() if type(condition) in _OPERATORS:
            yield from _comparison(condition, _OPERATORS[type(condition)])


def _comparison(condition: exp.Binary, operator: str) -> Iterator[Comparison]:
    left, right = condition.left.unnest(), condition.right.unnest()
    if isinstance(right, exp.Column):
        left, right, operator = right, left, _MIRRORED[operator]
    if isinstance(left, exp.Column) and (literals := _literals([right])):
        yield Comparison(operator, literals, left)


def _literals(expressions: Sequence[exp.Expr]) -> tuple[Literal, ...]:
    """Their values, or nothing at all where one of them is not a literal."""
    values = tuple(_literal(expression.unnest()) for expression in expressions)
    return tuple(value for value in values if value is not None) if None not in values else ()


def _literal(expression: exp.Expr) -> Literal | None:
    try:
        match expression:
            case exp.Literal(is_string=True):
                return expression.name
            case exp.Literal():
                number = Decimal(expression.name)
                return int(number) if expression.is_int else number
            case exp.Neg(this=exp.Literal(is_string=False)):
                return -Decimal(expression.name)
            case exp.Boolean():
                return bool(expression.this)
            case exp.Cast(this=exp.Literal(is_string=True)) if expression.is_type("date"):
                return date.fromisoformat(expression.name)
            case exp.Cast(this=exp.Literal(is_string=True)) if expression.is_type("timestamp"):
                return datetime.fromisoformat(expression.name)
    except (ValueError, InvalidOperation):
        pass  # a date that does not exist: the engine says so
    return None
