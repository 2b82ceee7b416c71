"""What the Analytics Lambda is told by its environment."""

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
        limits: What timeframes may be.
    """

    workgroup: str
    database: str
    limits: TimeframeLimits

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
            limits=TimeframeLimits(
                settle=timedelta(minutes=int(environment["SETTLE_MINUTES"])),
                max_days=int(environment["MAX_TIMEFRAME_DAYS"]),
                first_day=date.fromisoformat(environment["FIRST_DAY"]),
            ),
        )
