"""From where on a value is not to be believed, and a file is of a size that makes queries slow."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Limits:
    """Sizes are in bytes.

    Attributes:
        tokens: The most that one call may have, each way.
        highest_price: In USD per 1M tokens.
        lowest_price: The same, for what is not free. Below it, it was a price per token.
        duration_ms: The longest that a call may take.
        small_file: A file smaller than this is small.
        small_files: As many small files may lie in one partition.
        huge_file: A file larger than this is huge.
        huge_row_group: A row group larger than this, not compressed, is huge.
        row_group_rows: Rows that the row groups of a file have on average, if it has several.
    """

    tokens: int = 100_000_000
    highest_price: Decimal = Decimal(10_000)
    lowest_price: Decimal = Decimal("0.001")
    duration_ms: int = 24 * 3_600_000
    small_file: int = 8 << 20
    small_files: int = 10
    huge_file: int = 1 << 30
    huge_row_group: int = 512 << 20
    row_group_rows: int = 10_000
