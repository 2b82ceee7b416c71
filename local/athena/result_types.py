"""The types of a result's columns, as Athena describes them."""

from collections.abc import Mapping
from typing import Final

from local.athena.engine import Column

# Athena's type → precision and scale as it reports them; a decimal has its own
_SIZES: Final[Mapping[str, tuple[int, int]]] = {
    "bigint": (19, 0),
    "double": (17, 0),
    "float": (17, 0),
    "integer": (10, 0),
    "smallint": (5, 0),
    "time": (3, 0),
    "timestamp": (3, 0),
    "timestamp with time zone": (3, 0),
    "tinyint": (3, 0),
    "varbinary": (1_073_741_824, 0),
    "varchar": (2_147_483_647, 0),
}


def column_of(name: str, athena_type: str) -> Column:
    """A column of any type but `decimal`."""
    return Column(name, athena_type, *_SIZES.get(athena_type, (0, 0)))
