"""What the Export Lambda is told by its environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

from shared.timeframe import TimeframeLimits


@dataclass(frozen=True)
class Settings:
    """The function's configuration, as `template.yaml` sets it.

    Attributes:
        workgroup: Athena workgroup.
        database: Glue database of the call-log table.
        export_bucket: Where manifests, claims and results lie.
        row_limit: Rows an export may have.
        limits: What timeframes may be.
        retention: How long exports are kept.
        outcome_topic_arn: Where the outcomes of unattended exports are published.
        page_url: Where notifications link to; empty for nowhere.
    """

    workgroup: str
    database: str
    export_bucket: str
    row_limit: int
    limits: TimeframeLimits
    retention: timedelta
    outcome_topic_arn: str
    page_url: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Read the settings.

        Raises:
            KeyError: A variable is missing.
            ValueError: A variable is not a number or a date.
        """
        return cls(
            workgroup=environment["WORKGROUP"],
            database=environment["DATABASE"],
            export_bucket=environment["EXPORT_BUCKET"],
            row_limit=int(environment["ROW_LIMIT"]),
            limits=TimeframeLimits(
                settle=timedelta(minutes=int(environment["SETTLE_MINUTES"])),
                max_days=int(environment["MAX_TIMEFRAME_DAYS"]),
                first_day=date.fromisoformat(environment["FIRST_DAY"]),
            ),
            retention=timedelta(days=int(environment["EXPORT_RETENTION_DAYS"])),
            outcome_topic_arn=environment["OUTCOME_TOPIC_ARN"],
            page_url=environment["PAGE_URL"],
        )
