"""The columns that each statement needs, and the bytes that they take in a file of call logs."""

from collections.abc import Collection
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

SUMMARY_COLUMNS: Final = frozenset(
    {
        "called_at", "provider", "model", "input_tokens", "output_tokens",
        "input_token_price", "output_token_price",
    }
)  # fmt: skip
USAGE_COLUMNS: Final = SUMMARY_COLUMNS | {"api_key_id", "api_key_name", "completion_time_ms"}
ROWS_COLUMNS: Final = USAGE_COLUMNS | {"call_id"}
"""`call_id` decides between calls of one millisecond."""
EXTENDED_COLUMNS: Final = ROWS_COLUMNS | {"call_type"}


def needed_bytes(path: Path, columns: Collection[str]) -> int:
    """What the columns take, compressed, by the file's own footer."""
    footer = pq.read_metadata(path)
    return sum(
        chunk.total_compressed_size
        for group in map(footer.row_group, range(footer.num_row_groups))
        for chunk in map(group.column, range(group.num_columns))
        if chunk.path_in_schema in columns
    )
