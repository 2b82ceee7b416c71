"""Sample call logs: realistic, and the same for the same arguments, to try the product on."""

from local.sample_call_logs.folder import (
    DEFAULT_DAYS,
    DEFAULT_ROWS,
    DEFAULT_SEED,
    SampleCallLogsError,
    SampleSummary,
    ensure_sample_call_logs,
    write_sample_call_logs,
)

__all__ = [
    "DEFAULT_DAYS",
    "DEFAULT_ROWS",
    "DEFAULT_SEED",
    "SampleCallLogsError",
    "SampleSummary",
    "ensure_sample_call_logs",
    "write_sample_call_logs",
]
