"""The folder of sample call logs: made whole or not at all, and remade when it has gone stale."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Self

from local.sample_call_logs.parquet import write_calls
from local.sample_call_logs.traffic import (
    SamplePeriod,
    calls_of_day,
    calls_per_day,
    calls_per_workspace,
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

DEFAULT_ROWS = 120_000
DEFAULT_DAYS = 92
DEFAULT_SEED = 7

_MARKER = "_sample.json"  # engines skip names that start with an underscore


class SampleCallLogsError(Exception):
    """Sample call logs cannot be made as asked; the message is for the person who asked."""


@dataclass(frozen=True, slots=True)
class SampleSummary:
    """What a folder of sample call logs holds; `workspaces` has the rows of each, 0 included."""

    rows: int
    bytes: int
    files: int
    workspaces: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Recipe:
    """All that sample call logs depend on: equal recipes give equal files."""

    rows: int
    days: int
    end: str
    seed: int
    generator: str

    @classmethod
    def of(cls, rows: int, days: int, end: date, seed: int) -> Self:
        if rows < 0:
            raise SampleCallLogsError(f"rows is {rows}: ask for 0 or more.")
        if not 1 <= days <= end.toordinal():
            raise SampleCallLogsError(
                f"days is {days}: ask for at least 1, and for no day before the year 1."
            )
        return cls(rows, days, end.isoformat(), seed, _generator_version())

    @property
    def period(self) -> SamplePeriod:
        last_day = date.fromisoformat(self.end)
        return SamplePeriod(last_day - timedelta(days=self.days - 1), self.days)


def ensure_sample_call_logs(
    output: Path,
    *,
    end: date,
    rows: int = DEFAULT_ROWS,
    days: int = DEFAULT_DAYS,
    seed: int = DEFAULT_SEED,
) -> SampleSummary:
    """Makes sample call logs in `output` unless they are there, made just so, already.

    Raises:
        SampleCallLogsError: as `write_sample_call_logs`.
    """
    made = _read_marker(output)
    recipe = _Recipe.of(rows, days, end, seed)
    if made is not None and made.recipe == recipe and made.sizes == _sizes(output):
        return made.summary
    return write_sample_call_logs(output, rows=rows, days=days, end=end, seed=seed)


def write_sample_call_logs(
    output: Path, *, rows: int, days: int, end: date, seed: int
) -> SampleSummary:
    """Writes `rows` calls over all workspaces, in the layout of the call-log table, to `output`.

    The calls lie in the `days` UTC days up to and including `end`; those of `end` fill the whole
    day, so for today some are still to come. The same arguments give the same files. Earlier
    samples in `output` are replaced, once the new ones are complete. A workspace or a day without
    calls has no folder.

    Raises:
        SampleCallLogsError: a number is out of range, the folder holds something else than
            samples, or it cannot be written.
    """
    recipe = _Recipe.of(rows, days, end, seed)
    output = output.resolve()
    try:
        _check_replaceable(output)
        output.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-") as workshop:
            made, replaced = Path(workshop, "made"), Path(workshop, "replaced")
            summary = _write(made, recipe)
            _check_replaceable(output)
            if output.exists():
                output.rename(replaced)
            made.rename(output)
    except OSError as error:
        raise SampleCallLogsError(
            f"Sample call logs cannot be written to {output}: {error.strerror or error}."
        ) from error
    return summary


@dataclass(frozen=True, slots=True)
class _Marker:
    """What samples were made from and hold.

    `sizes` has every file, by its path in the folder, so that nobody else's is taken for one.
    """

    recipe: _Recipe
    summary: SampleSummary
    sizes: Mapping[str, int]


def _write(folder: Path, recipe: _Recipe) -> SampleSummary:
    workspaces = calls_per_workspace(recipe.rows)
    folder.mkdir(exist_ok=True)
    for workspace, workspace_rows in workspaces.items():
        per_day = calls_per_day(workspace, workspace_rows, recipe.period, recipe.seed)
        for day, count in per_day.items():
            if not count:
                continue
            calls = calls_of_day(workspace, day, count, recipe.period, recipe.seed)
            write_calls(
                calls, folder / f"workspace_id={workspace.id}" / f"day={day}" / "calls.parquet"
            )
    sizes = _sizes(folder)
    rows = {workspace.id: count for workspace, count in workspaces.items()}
    summary = SampleSummary(recipe.rows, sum(sizes.values()), len(sizes), rows)
    marker = asdict(_Marker(recipe, summary, sizes))
    (folder / _MARKER).write_text(json.dumps(marker, indent=1) + "\n", encoding="utf-8")
    return summary


def _sizes(folder: Path) -> dict[str, int]:
    """Bytes of every file but the marker and what macOS leaves in any folder one looks at."""
    return {
        path.relative_to(folder).as_posix(): path.stat().st_size
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (_MARKER, ".DS_Store")
    }


def _check_replaceable(output: Path) -> None:
    """Nothing but an empty folder, or samples nobody has changed or added to, may be replaced."""
    if not output.exists():
        return
    if not output.is_dir():
        raise SampleCallLogsError(f"{output} is a file: name a folder for the sample call logs.")
    made = _read_marker(output)
    is_strange = made is None and (output / _MARKER).exists()
    if is_strange or _sizes(output).items() - (made.sizes.items() if made else set()):
        raise SampleCallLogsError(
            f"{output} holds files that are not sample call logs, and they would be deleted: "
            "move them away, or name another folder."
        )


def _read_marker(output: Path) -> _Marker | None:
    """What the samples in a folder were made from and hold; None where there are none."""
    try:
        marker = json.loads((output / _MARKER).read_text(encoding="utf-8"))
        return _Marker(
            _Recipe(**marker["recipe"]),
            SampleSummary(**marker["summary"]),
            dict(marker["sizes"]),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _generator_version() -> str:
    """Changes with every edit of this package, so that no samples outlive the code they show."""
    digest = hashlib.sha256()
    for source in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]
