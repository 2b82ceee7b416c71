"""DuckDB's errors in Athena's words."""

import re
from typing import Final

from sqlglot import exp

from local.athena.engine import ErrorKind, QueryCancelledError, QueryFailedError
from local.athena.statement import ParsedStatement

_NO_COLUMN: Final = (
    "Column '{}' cannot be resolved or requester is not authorized to access requested resources"
)

# What DuckDB says of a name in the statement → Athena's error and message
_BY_NAME: Final = (
    (r'Referenced (?:column|table) "([^"]+)"', "COLUMN_NOT_FOUND", _NO_COLUMN),
    (r'does not have a column named "([^"]+)"', "COLUMN_NOT_FOUND", _NO_COLUMN),
    (r'Column "([^"]+)" referenced that exists in the SELECT', "COLUMN_NOT_FOUND", _NO_COLUMN),
    (r'Ambiguous reference to column name "([^"]+)"', "AMBIGUOUS_NAME", "Column '{}' is ambiguous"),
    (
        r"Function with name \"?(\w+)\"? does not exist",
        "FUNCTION_NOT_FOUND",
        "Function '{}' not registered",
    ),
    (
        r'column "([^"]+)" must appear in the GROUP BY clause',
        "EXPRESSION_NOT_AGGREGATE",
        "'{}' must be an aggregate expression or appear in GROUP BY clause",
    ),
)

# How DuckDB's message starts → Athena's error
_BY_CLASS: Final = {
    "Binder Error": ("SYNTAX_ERROR", ErrorKind.SYNTAX),
    "Catalog Error": ("SYNTAX_ERROR", ErrorKind.SYNTAX),
    "Conversion Error": ("INVALID_CAST_ARGUMENT", ErrorKind.USER),
    "Invalid Input Error": ("INVALID_FUNCTION_ARGUMENT", ErrorKind.USER),
    "Out of Memory Error": ("EXCEEDED_LOCAL_MEMORY_LIMIT", ErrorKind.EXHAUSTED),
    "Out of Range Error": ("NUMERIC_VALUE_OUT_OF_RANGE", ErrorKind.USER),
    "Parser Error": ("SYNTAX_ERROR", ErrorKind.SYNTAX),
}


def athena_error(
    error: Exception, statement: ParsedStatement
) -> QueryFailedError | QueryCancelledError:
    """What a query ends with where DuckDB, or Arrow while reading from it, raised an error."""
    # The first line only: the others quote the generated SQL, and with it this machine's paths.
    text = str(error).partition("\n")[0]
    error_class, _, message = text.partition(": ")
    if error_class == "INTERRUPT Error":
        return QueryCancelledError(message)
    if message.startswith("Division by zero"):
        return QueryFailedError("DIVISION_BY_ZERO", "Division by zero")
    for pattern, name, template in _BY_NAME:
        if match := re.search(pattern, text):
            node = statement.find(match[1])
            written = match[1]
            if isinstance(node, exp.Column):
                written = ".".join(part.name for part in node.parts)
            return statement.error(name, template.format(written), node)
    name, kind = _BY_CLASS.get(error_class, ("GENERIC_INTERNAL_ERROR", ErrorKind.INTERNAL))
    return QueryFailedError(name, message or text, kind)
