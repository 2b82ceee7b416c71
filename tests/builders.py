"""Values for tests, with everything filled in that a test does not speak of."""

from datetime import UTC, datetime

DAY = datetime(2026, 1, 31, tzinfo=UTC)


def hour_row(hour: datetime, **sums: int | str) -> dict[str, str]:
    """A row of the summary query's result for an hour, of one call unless said otherwise."""
    return _summary_row(sums, hour=f"{hour:%Y-%m-%d %H:%M:%S}", by_model="0")


def model_row(provider: str, model: str, **sums: int | str) -> dict[str, str]:
    """A row of the summary query's result for a model, of one call unless said otherwise."""
    return _summary_row(sums, provider=provider, model=model, by_model="1")


def _summary_row(sums: dict[str, int | str], **group: str) -> dict[str, str]:
    row: dict[str, int | str] = {
        "hour": "",
        "provider": "",
        "model": "",
        "rows": 1,
        "input_tokens": 0,
        "output_tokens": 0,
        "scaled_cost": "0.000000",
        "unpriced_calls": 0,
    }
    return {name: str(value) for name, value in (row | group | sums).items()}
