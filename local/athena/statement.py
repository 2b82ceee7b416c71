"""A statement in Athena's dialect: read, checked, and written in DuckDB's."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, SqlglotError
from sqlglot.optimizer.scope import traverse_scope

from local.athena.engine import ErrorKind, QueryFailedError

_CATALOG: Final = "awsdatacatalog"


@dataclass(frozen=True)
class TableReference:
    """A table of the catalog, named in the FROM of one SELECT.

    Attributes:
        select: The SELECT.
        alias: What the SELECT calls the table.
        table: The name as it stands there.
    """

    select: exp.Expr
    alias: str
    table: exp.Table

    def replace_by(self, view: str) -> None:
        """Read a view instead, under the same alias."""
        self.table.set("this", exp.to_identifier(view))
        self.table.set("db", None)
        self.table.set("catalog", None)
        if not self.table.alias:
            self.table.set("alias", exp.TableAlias(this=exp.to_identifier(self.alias, quoted=True)))


class ParsedStatement:
    """One query, as a tree.

    Raises:
        QueryFailedError: It is no SQL, or not a query.
    """

    def __init__(self, sql: str) -> None:
        self._sql = sql
        self._tree = self._parse()

    def table_references(self) -> list[TableReference]:
        """The catalog's tables in it, wherever they are named; not its own CTEs."""
        try:
            references = [
                TableReference(scope.expression, alias, source)
                for scope in traverse_scope(self._tree)
                for alias, (_, source) in scope.selected_sources.items()
                if isinstance(source, exp.Table)
            ]
        except SqlglotError as error:  # such as two tables under one alias
            raise self.error("SYNTAX_ERROR", str(error)) from error
        for reference in references:
            if not isinstance(reference.table.this, exp.Identifier):
                raise self.error(
                    "NOT_SUPPORTED",
                    "The local Athena has no table functions",
                    reference.table,
                )
            if reference.table.catalog.lower() not in ("", _CATALOG):
                raise self.error(
                    "CATALOG_NOT_FOUND",
                    f"Catalog '{reference.table.catalog}' not found",
                    reference.table,
                )
        return references

    def to_duckdb(self) -> str:
        """The statement in DuckDB's dialect; where the two mean different things, Athena's."""
        for select in list(self._tree.find_all(exp.Select)):
            _name_columns(select)
        for column in self._tree.find_all(exp.Column):
            column.set("db", None)  # a table is known by its alias alone once it is a view
            column.set("catalog", None)
        for shown in list(self._tree.find_all(exp.AtTimeZone)):
            _show_in_time_zone(shown)
        for extract in self._tree.find_all(exp.Extract):
            if extract.name.upper() in ("DOW", "DAY_OF_WEEK"):
                extract.set("this", exp.var("ISODOW"))  # Sunday is 7, not 0
        for grouping in list(self._tree.find_all(exp.Grouping)):
            grouping.replace(exp.cast(grouping.copy(), exp.DType.INT))
        for data_type in self._tree.find_all(exp.DataType):
            if data_type.this == exp.DType.DECIMAL and not data_type.expressions:
                _size_decimal(data_type)
        return self._tree.sql(dialect="duckdb")

    def error(
        self,
        name: str,
        message: str,
        node: exp.Expr | None = None,
        kind: ErrorKind = ErrorKind.SYNTAX,
    ) -> QueryFailedError:
        """An error at a place of the statement, in the engine's form: `line 1:8: …`."""
        return QueryFailedError(name, f"{self._position(node)}: {message}", kind)

    def find(self, name: str) -> exp.Expr | None:
        """The first mention of a column, of a table before a column, or of a function."""
        for node in self._tree.find_all(exp.Column, exp.Anonymous):
            if name.lower() in (node.name.lower(), node.text("table").lower()):
                return node
        return None

    def _parse(self) -> exp.Query:
        try:
            tree, *others = sqlglot.parse(self._sql, read="athena")
        except ParseError as error:
            first = error.errors[0]
            column = first["col"] - len(first["highlight"]) + 1
            raise QueryFailedError(
                "SYNTAX_ERROR",
                f"line {first['line']}:{column}: mismatched input '{first['highlight']}'",
                ErrorKind.SYNTAX,
            ) from error
        except (SqlglotError, RecursionError) as error:
            raise self.error("SYNTAX_ERROR", str(error)) from error
        if others or not isinstance(tree, exp.Query):
            raise QueryFailedError("NOT_SUPPORTED", "The local Athena runs one SELECT at a time")
        return tree

    def _position(self, node: exp.Expr | None) -> str:
        starts = [part.meta["start"] for part in _nodes(node) if "start" in part.meta]
        start = min(starts, default=0)
        line_start = self._sql.rfind("\n", 0, start) + 1
        return f"line {self._sql.count(chr(10), 0, start) + 1}:{start - line_start + 1}"


def _nodes(node: exp.Expr | None) -> Iterator[exp.Expr]:
    return node.walk() if node is not None else iter(())


def _name_columns(select: exp.Select) -> None:
    """A column is called as it is written, and without a name by its place: `_col0`, `_col1`, …"""
    columns = []
    for place, column in enumerate(select.expressions):
        if isinstance(column, exp.Alias) or column.is_star:
            columns.append(column)
        else:
            name = column.name if isinstance(column, exp.Column) else f"_col{place}"
            columns.append(exp.alias_(column, name, quoted=True, copy=False))
    select.set("expressions", columns)


def _show_in_time_zone(node: exp.AtTimeZone) -> None:
    """Athena shows an instant in a zone; DuckDB would take a plain timestamp as being in it.

    Plain timestamps are UTC. The result is the zone's wall clock without the zone itself, which
    DuckDB has no type for. Of several zones in a row, the last decides.
    """
    instant = node.this.unnest()
    while isinstance(instant, exp.AtTimeZone):
        instant = instant.this.unnest()
    node.set("this", exp.cast(instant, exp.DType.TIMESTAMPTZ, copy=False))


def _size_decimal(decimal: exp.DataType) -> None:
    """`decimal '0.000001'` has the digits it is written with; a plain DECIMAL is (38, 0).

    To the parser, the first is a cast of text; DuckDB would make either a DECIMAL(18, 3).
    """
    precision, scale = 38, 0
    cast = decimal.parent
    if isinstance(cast, exp.Cast) and isinstance(cast.this, exp.Literal) and cast.this.is_string:
        whole, _, fraction = cast.this.name.lstrip("+-").partition(".")
        precision, scale = max(len(whole) + len(fraction), 1), len(fraction)
    sizes = [exp.DataTypeParam(this=exp.Literal.number(size)) for size in (precision, scale)]
    decimal.set("expressions", sizes)
