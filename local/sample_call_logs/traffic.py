"""Sample calls: how many each workspace makes on which day, and each of them.

All randomness is drawn from generators seeded by (seed, workspace, day), so that a day's calls
depend on nothing else that is made, in whatever order.
"""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cached_property
from itertools import accumulate, pairwise
from random import Random
from typing import NamedTuple

from local.sample_call_logs.models import Model
from local.sample_call_logs.workspaces import WORKSPACES, ApiKey, Workspace

__all__ = ["Call", "SamplePeriod", "calls_of_day", "calls_per_day", "calls_per_workspace"]

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS

_ZIPF_EXPONENT = 1.2  # the second key makes 44 % of the calls of the first, the tenth 6 %
_GROWTH = 0.4  # the last day is this much busier than the first
_DAILY_NOISE = 0.1
_SHORTEST_PERIOD_WITH_IDLE_DAYS = 7

_FIRST_TOKEN_MS = 380.0
_EMBEDDING_MS = 55.0
_READING_MS_PER_TOKEN = 0.03
_DURATION_SPREAD = 0.3
_UNTIMED_SHARE = 0.004  # the caller hung up before the last token
_SIMULTANEOUS_SHARE = 0.01  # a client sends several at once: the same millisecond


class Call(NamedTuple):
    """One row of the call-log table, columns in its order; `called_at` is Unix time in ms."""

    call_id: str
    called_at: int
    api_key_id: str
    api_key_name: str
    provider: str
    model: str
    call_type: str
    input_tokens: int
    output_tokens: int | None
    completion_time_ms: int | None
    input_token_price: Decimal
    output_token_price: Decimal | None


@dataclass(frozen=True)
class SamplePeriod:
    """`days` whole days in UTC, from `first_day` on, and what changes inside them.

    Both changes lie in the last third, so that a report on the last month of a quarter shows them.
    """

    first_day: date
    days: int

    @cached_property
    def dates(self) -> list[date]:
        return [self.first_day + timedelta(days=index) for index in range(self.days)]

    @cached_property
    def keys_renamed_at(self) -> int:
        """Unix time in ms."""
        return _midnight(self.first_day) + self.days * DAY_MS * 3 // 4

    @cached_property
    def prices_changed_at(self) -> int:
        """Unix time in ms."""
        return _midnight(self.first_day) + self.days * DAY_MS * 5 // 6


def calls_per_workspace(rows: int) -> dict[Workspace, int]:
    """Divides `rows` calls among the workspaces by their shares."""
    counts = _apportion(rows, [workspace.share for workspace in WORKSPACES])
    return dict(zip(WORKSPACES, counts, strict=True))


def calls_per_day(
    workspace: Workspace, rows: int, period: SamplePeriod, seed: int
) -> dict[date, int]:
    """Divides a workspace's calls among the days: weekly rhythm, growth, noise, idle days."""
    dice = _dice(seed, workspace.id)
    idle = _idle_days(workspace, period)
    weights = []
    for index, day in enumerate(period.dates):
        growth = 1 + _GROWTH * index / period.days
        noise = math.exp(dice.gauss(0, _DAILY_NOISE))
        weights.append(0 if day in idle else growth * noise * sum(_key_weights(workspace, day)))
    return dict(zip(period.dates, _apportion(rows, weights), strict=True))


def calls_of_day(
    workspace: Workspace, day: date, count: int, period: SamplePeriod, seed: int
) -> list[Call]:
    """`count` calls of one workspace on one UTC day, by time and then by id."""
    dice = _dice(seed, workspace.id, day.isoformat())
    ranks = dice.choices(range(len(workspace.keys)), _key_weights(workspace, day), k=count)
    calls: list[Call] = []
    for rank, key_count in Counter(ranks).items():
        key = workspace.keys[rank]
        calls += _calls_of_key(key, key_count, day, workspace.utc_offset, period, dice)
    calls.sort(key=lambda call: (call.called_at, call.call_id))
    return calls


def _calls_of_key(
    key: ApiKey, count: int, day: date, utc_offset: int, period: SamplePeriod, dice: Random
) -> Iterator[Call]:
    utc_hours = [key.workload.hours[(hour + utc_offset) % 24] for hour in range(24)]
    hours = dice.choices(range(24), utc_hours, k=count)
    models = dice.choices(*zip(*key.models, strict=True), k=count)
    midnight, called_at = _midnight(day), 0
    for hour, model in zip(hours, models, strict=True):
        if not called_at or dice.random() >= _SIMULTANEOUS_SHARE:
            called_at = midnight + hour * HOUR_MS + int(dice.random() * HOUR_MS)
        yield _call(key, model, called_at, period, dice)


def _call(key: ApiKey, model: Model, called_at: int, period: SamplePeriod, dice: Random) -> Call:
    workload, limit = key.workload, model.context_window
    name, price = key.name, model.price
    if key.renamed_to is not None and called_at >= period.keys_renamed_at:
        name = key.renamed_to
    if model.next_price is not None and called_at >= period.prices_changed_at:
        price = model.next_price
    input_tokens = _log_normal(dice, workload.input_median, workload.input_spread, limit)
    output_tokens = None
    if price.output is not None:
        output_tokens = _log_normal(dice, workload.output_median, workload.output_spread, limit)
    return Call(
        call_id=f"call_{dice.getrandbits(96):024x}",
        called_at=called_at,
        api_key_id=key.id,
        api_key_name=name,
        provider=model.provider,
        model=model.name,
        call_type=model.call_type,
        input_tokens=input_tokens,
        output_tokens=output_tokens,
        completion_time_ms=_completion_time_ms(model, input_tokens, output_tokens, dice),
        input_token_price=price.input,
        output_token_price=price.output,
    )


def _completion_time_ms(
    model: Model, input_tokens: int, output_tokens: int | None, dice: Random
) -> int | None:
    if dice.random() < _UNTIMED_SHARE:
        return None
    if output_tokens is None:
        expected = _EMBEDDING_MS + 1000 * input_tokens / model.tokens_per_second
    else:
        reading = _FIRST_TOKEN_MS + _READING_MS_PER_TOKEN * input_tokens
        expected = reading + 1000 * output_tokens / model.tokens_per_second
    return round(expected * math.exp(dice.gauss(0, _DURATION_SPREAD)))


def _log_normal(dice: Random, median: int, spread: float, limit: int) -> int:
    """At least 1. Drawn again when over the limit: cutting off would pile calls up at it."""
    while True:
        drawn = round(median * math.exp(dice.gauss(0, spread)))
        if drawn <= limit:
            return max(drawn, 1)


def _key_weights(workspace: Workspace, day: date) -> list[float]:
    weekend = day.weekday() >= 5
    return [
        (key.workload.weekend if weekend else 1.0) / rank**_ZIPF_EXPONENT
        for rank, key in enumerate(workspace.keys, start=1)
    ]


def _idle_days(workspace: Workspace, period: SamplePeriod) -> set[date]:
    if period.days < _SHORTEST_PERIOD_WITH_IDLE_DAYS:
        return set()
    return {
        period.first_day + timedelta(days=int(fraction * period.days))
        for fraction in workspace.idle
    }


def _apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Whole numbers in proportion to the weights that add up to exactly `total`.

    They are the distances between rounded running totals: rounding each alone would not add up.
    """
    if not total:
        return [0] * len(weights)
    running = list(accumulate(weights))
    bounds = [round(total * reached / running[-1]) for reached in running]
    return [after - before for before, after in pairwise([0, *bounds])]


def _midnight(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY_MS


def _dice(*names: object) -> Random:
    # A seeded generator is the point here: nothing of this is a secret.
    return Random("/".join(str(name) for name in names))  # noqa: S311
