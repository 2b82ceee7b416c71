"""The call-log table, as the queries see it, and the CSV made of it.

The table itself is defined in `template.yaml`; a parity test holds the two together.
"""

from dataclasses import dataclass
from enum import StrEnum

TABLE = "api_calls"

FILTERS = {
    "api_key_ids": "api_key_id",
    "providers": "provider",
    "models": "model",
    "call_types": "call_type",
}
"""Request field → table column, for every filter."""


class CallType(StrEnum):
    """What kind of model a call went to."""

    COMPLETION = "completion"
    EMBEDDING = "embedding"


class Columns(StrEnum):
    """Which columns a CSV has."""

    STANDARD = "standard"
    EXTENDED = "extended"


@dataclass(frozen=True)
class CsvColumn:
    """One column of the CSV.

    Attributes:
        header: Its name in the first line.
        sql: The expression over the call-log table that gives its text, or its number.
        is_text: Whether its values are somebody's words, which a spreadsheet might run.
    """

    header: str
    sql: str
    is_text: bool = False


# A cost without its division by 1,000,000, which engines round differently: tokens × price has
# the price's six decimals, and so does their sum. Who needs US dollars shifts the point.
SCALED_COST = (
    "coalesce(input_tokens * input_token_price, 0)"
    " + coalesce(output_tokens * output_token_price, 0)"
)
SCALED_COST_PER_USD = 1_000_000

UNPRICED = (
    "(coalesce(input_tokens, 0) <> 0 AND input_token_price IS NULL)"
    " OR (coalesce(output_tokens, 0) <> 0 AND output_token_price IS NULL)"
)
"""True for a call whose cost is not known, since a price is missing where there are tokens."""

SUMMANDS = f"""cast(coalesce(input_tokens, 0) AS decimal(38, 0)) AS input_tokens,
    cast(coalesce(output_tokens, 0) AS decimal(38, 0)) AS output_tokens,
    CASE WHEN {UNPRICED} THEN 0 ELSE {SCALED_COST} END AS scaled_cost,
    CASE WHEN {UNPRICED} THEN 1 ELSE 0 END AS unpriced"""
"""What the sums over calls are made of, in control totals and analytics alike."""

_COST_USD = (
    f"CASE WHEN {UNPRICED} THEN NULL"
    f" ELSE cast(({SCALED_COST}) * cast('0.000001' AS decimal(6, 6)) AS varchar) END"
)

_STANDARD = (
    CsvColumn("Date", "substr(date_format(called_at, '%Y-%m-%d %H:%i:%s.%f'), 1, 23)"),
    CsvColumn("API Key ID", "api_key_id", is_text=True),
    CsvColumn("API Key Name", "api_key_name", is_text=True),
    CsvColumn("Provider", "provider", is_text=True),
    CsvColumn("Model", "model", is_text=True),
    CsvColumn("Input Tokens", "input_tokens"),
    CsvColumn("Output Tokens", "output_tokens"),
    CsvColumn("Completion Time (ms)", "completion_time_ms"),
    CsvColumn("Input Token Price (USD/1M tokens)", "cast(input_token_price AS varchar)"),
    CsvColumn("Output Token Price (USD/1M tokens)", "cast(output_token_price AS varchar)"),
)

CSV_COLUMNS = {
    Columns.STANDARD: _STANDARD,
    Columns.EXTENDED: (
        *_STANDARD,
        CsvColumn("Call ID", "call_id", is_text=True),
        CsvColumn("Call Type", "call_type", is_text=True),
        CsvColumn("Total Cost (USD)", _COST_USD),
    ),
}
