"""Cron expressions of EventBridge Scheduler: six fields, `?` in one of the two for days."""

import calendar
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

_EXPRESSION = re.compile(r"cron\(([^()\s]+(?: [^()\s]+){5})\)")
_MONTHS = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_WEEKDAYS = {
    name: number for number, name in enumerate(["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], 1)
}
_RANGES = {
    "minutes": (0, 59),
    "hours": (0, 23),
    "day of the month": (1, 31),
    "month": (1, 12),
    "day of the week": (1, 7),
    "year": (1970, 2199),
}


class ScheduleExpressionError(ValueError):
    """It is not a cron expression of EventBridge Scheduler."""


@dataclass(frozen=True)
class Cron:
    """When a schedule fires, on a clock of no particular zone.

    Args:
        expression: `cron(minutes hours day-of-month month day-of-week year)`.

    Raises:
        ScheduleExpressionError: Naming the field that is wrong.
    """

    expression: str

    def __post_init__(self) -> None:
        fields = self._fields()
        if (fields["day of the month"] == "?") == (fields["day of the week"] == "?"):
            raise ScheduleExpressionError(
                f"{self.expression!r} needs a ? as day of the month or as day of the week, not both"
            )
        _ = list(self.times(date(2000, 1, 1), date(2000, 1, 31)))  # reads every field

    def times(self, first: date, last: date) -> Iterator[datetime]:
        """Every local time (naive) at which it fires from a day up to another, included."""
        fields = self._fields()
        minutes, hours, months, years = (
            self._numbers(name, fields[name], _MONTHS if name == "month" else {})
            for name in ("minutes", "hours", "month", "year")
        )
        for number in range((last - first).days + 1):
            day = first + timedelta(days=number)
            days = self._days(fields, day.year, day.month)
            if day.year in years and day.month in months and day.day in days:
                for hour in sorted(hours):
                    for minute in sorted(minutes):
                        yield datetime.combine(day, time(hour, minute))

    def _fields(self) -> dict[str, str]:
        match = _EXPRESSION.fullmatch(self.expression)
        if match is None:
            raise ScheduleExpressionError(
                f"{self.expression!r} is no schedule: write "
                "cron(minutes hours day-of-month month day-of-week year)"
            )
        return dict(zip(_RANGES, match[1].upper().split(), strict=True))

    def _days(self, fields: Mapping[str, str], year: int, month: int) -> set[int]:
        """The days of a month on which it fires."""
        first, length = calendar.monthrange(year, month)
        # Sunday is 1, and `first` counts from Monday, 0.
        weekdays = {day: (first + day) % 7 + 1 for day in range(1, length + 1)}
        field = fields["day of the month"]
        if field == "L":
            return {length}
        if match := re.fullmatch(r"(\d{1,2}|L)W", field):
            wanted = length if match[1] == "L" else int(match[1])
            workdays = [day for day, weekday in weekdays.items() if 2 <= weekday <= 6]
            return {min(workdays, key=lambda day: (abs(day - wanted), day > wanted))}
        if field != "?":
            return self._numbers("day of the month", field, {}) & set(weekdays)
        field = fields["day of the week"]
        if match := re.fullmatch(r"([1-7]|[A-Z]{3})#([1-5])", field):
            (wanted,) = self._numbers("day of the week", match[1], _WEEKDAYS)
            found = [day for day, weekday in weekdays.items() if weekday == wanted]
            return set(found[int(match[2]) - 1 : int(match[2])])
        if match := re.fullmatch(r"([1-7]|[A-Z]{3})?L", field):
            (wanted,) = self._numbers("day of the week", match[1] or "7", _WEEKDAYS)
            return {max(day for day, weekday in weekdays.items() if weekday == wanted)}
        kept = self._numbers("day of the week", field, _WEEKDAYS)
        return {day for day, weekday in weekdays.items() if weekday in kept}

    def _numbers(self, name: str, field: str, names: Mapping[str, int]) -> set[int]:
        """What a list of numbers, names, ranges and steps means."""
        low, high = _RANGES[name]
        found: set[int] = set()
        for item in field.split(","):
            span, slash, step = item.partition("/")
            first, dash, last = span.partition("-")
            if span == "*":
                bounds = [low, high]
            else:
                given = [names.get(text, text) for text in ([first, last] if dash else [first])]
                if not all(str(number).isascii() and str(number).isdigit() for number in given):
                    raise self._wrong(name, item)
                bounds = [int(number) for number in given]
                bounds = [*bounds, high if slash else bounds[0]][:2]
            is_step = not slash or re.fullmatch("[1-9][0-9]{0,3}", step)
            if not (low <= bounds[0] <= bounds[1] <= high and is_step):
                raise self._wrong(name, item)
            found.update(range(bounds[0], bounds[1] + 1, int(step or 1)))
        return found

    def _wrong(self, name: str, item: str) -> ScheduleExpressionError:
        low, high = _RANGES[name]
        return ScheduleExpressionError(
            f"{self.expression!r}: {item} is no {name}, which is {low} to {high}"
        )
