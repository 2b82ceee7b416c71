"""Do the tests notice when the code is wrong? Breaks it in many small ways and runs them each time.

Each module is broken in a copy, and tried with the tests that are meant for it alone: a mutant that
only some distant test notices counts as a survivor. See docs/mutation-testing.md.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from local.audit.pins import ROOT

_ENVIRONMENT: Final = ROOT / ".mutate"
_MUTMUT: Final = str(_ENVIRONMENT / "bin/mutmut")
_GOAL: Final = 0.9
_LOOKED_AT: Final = ("docs", "events", "functions", "local", "shared", "template.yaml", "tests")
_KILLED: Final = 1
_ENDLESS: Final = (-24, 24, 36)
_SURVIVED: Final = (0, 33)
_ANSWERS: Final = (_KILLED, *_ENDLESS, *_SURVIVED)
"""mutmut's exit codes: pytest's, those of its own time-outs, and 33 where no test comes by. Any
other is no answer: the worker could not run its tests, or died before they had ended."""

_EXPORTS: Final = (
    "unit/exports",
    "unit/exports_[!is]*",
    "unit/exports_idempotency",
    "unit/exports_in_*",
    "unit/exports_split",
    "unit/sweep",
)
TESTS: Final[dict[str, Sequence[str]]] = {
    "shared/timeframe.py": ("unit/timeframe*", "unit/local_time"),
    "shared/local_time.py": ("unit/local_time",),
    "shared/queries.py": ("unit/queries",),
    "shared/row_limit.py": ("unit/row_limit",),
    "shared/spreadsheet.py": ("unit/spreadsheet",),
    "shared/lifecycle.py": ("unit/lifecycle", "unit/exports_over_limit", "unit/exports_split"),
    "shared/outcome.py": ("unit/outcome", "unit/lifecycle"),
    "shared/exports.py": _EXPORTS,
    "shared/part_queries.py": _EXPORTS,
    "functions/authorizer/app.py": (
        "unit/authorizer_tokens",
        "unit/authorizer_attacks",
        "functional/authorizer_handler",
    ),
    "functions/authorizer/settings.py": ("unit/authorizer_settings",),
    "functions/authorizer/claims.py": ("unit/authorizer_claims",),
    "functions/authorizer/tokens.py": ("unit/authorizer_tokens", "unit/authorizer_attacks"),
    "functions/authorizer/signing_keys.py": ("unit/authorizer_signing_keys",),
    "functions/authorizer/key_set_endpoint.py": ("functional/authorizer_key_fetch",),
}
"""Module → the tests that are meant for it, as patterns of names."""


class NotTriedError(Exception):
    """Nobody knows what the tests say of some mutants, so there is no figure."""


@dataclass(frozen=True)
class Result:
    """What became of a module's mutants.

    Attributes:
        module: Path of the module.
        mutants: How many there were.
        endless: Names of those, of the killed, that ran until they were stopped.
        survivors: Names of those that no test noticed.
    """

    module: str
    mutants: int
    endless: Sequence[str]
    survivors: Sequence[str]

    @classmethod
    def of(cls, module: str, codes: Mapping[str, int | None]) -> Self:
        """Judge by mutant → the exit code of the worker that tried it.

        Raises:
            NotTriedError: Not every code says that tests passed, failed or had to be stopped.
        """
        if without := {name: code for name, code in codes.items() if code not in _ANSWERS}:
            named = ", ".join(f"{name} (exit code {code})" for name, code in without.items())
            raise NotTriedError(f"{len(without)} mutants of {module} could not be tried: {named}")
        endless = [name for name, code in codes.items() if code in _ENDLESS]
        survivors = [name for name, code in codes.items() if code in _SURVIVED]
        return cls(module, len(codes), endless, survivors)

    @property
    def killed(self) -> int:
        return self.mutants - len(self.survivors)

    @property
    def is_enough(self) -> bool:
        return self.killed >= _GOAL * self.mutants

    def __str__(self) -> str:
        share = f"{self.killed / self.mutants:.1%}" if self.mutants else "-"
        return (
            f"{self.module:<42} {self.mutants:>5} mutants {self.killed:>5} killed {share:>7}"
            f" ({len(self.endless)} endless)"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run for the modules named, or for all; 0 if enough mutants of each were killed."""
    parser = argparse.ArgumentParser(prog="make mutate ARGS=", description=__doc__)
    parser.add_argument("module", nargs="*", help="such as shared/queries.py")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="at the same time")
    options = parser.parse_args(arguments)
    if unknown := set(options.module) - TESTS.keys():
        parser.error(f"no tests are named for {', '.join(sorted(unknown))}")
    results = [mutate(module, options.processes) for module in options.module or TESTS]
    sys.stdout.writelines(f"{result}\n" for result in results)
    return 0 if all(result.is_enough for result in results) else 1


def mutate(module: str, processes: int) -> Result:
    """Try a module's mutants, and show the survivors and the endless ones."""
    folder = _prepared(module)
    codes = _tried(folder, module, processes)
    if without := [name for name, code in codes.items() if code not in _ANSWERS]:
        codes = _tried(folder, module, processes, without)  # a busy machine may have been the cause
    try:
        result = Result.of(module, codes)
    except NotTriedError as error:
        raise SystemExit(f"{error}; see {folder / 'log'}") from None
    for name in [*result.survivors, *result.endless]:
        subprocess.run([_MUTMUT, "show", name], cwd=folder, check=True)
    return result


def _tried(
    folder: Path, module: str, processes: int, names: Sequence[str] = ()
) -> dict[str, int | None]:
    """Try all mutants, or those of these names; mutant → exit code, of all."""
    command = [_MUTMUT, "run", "--max-children", str(processes), *names]
    environment = {**os.environ, "HYPOTHESIS_PROFILE": "mutation"}
    log = folder / "log"
    with log.open("ab") as output:
        code = subprocess.run(
            command, cwd=folder, env=environment, stdout=output, stderr=output, check=False
        ).returncode
    if code:
        raise SystemExit(f"mutmut could not run; see {log}")
    meta = json.loads((folder / f"mutants/{module}.meta").read_text())
    codes: dict[str, int | None] = meta["exit_code_by_key"]
    return codes


def files_meant_for(module: str) -> list[str]:
    """The test files of a module, from the project's folder."""
    return [
        path.relative_to(ROOT).as_posix()
        for kind, _, name in (pattern.partition("/") for pattern in TESTS[module])
        for path in sorted(ROOT.glob(f"tests/{kind}/test_{name}.py"))
    ]


def _prepared(module: str) -> Path:
    """A folder where mutmut finds the code, the tests of this module and its configuration."""
    folder = _ENVIRONMENT / "runs" / module.replace("/", ".")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for name in _LOOKED_AT:
        (folder / name).symlink_to(ROOT / name)
    settings = {
        "source_paths": ["functions", "shared"],
        "also_copy": [name for name in _LOOKED_AT if name not in ("functions", "shared", "tests")],
        "only_mutate": [module],
        "pytest_add_cli_args_test_selection": files_meant_for(module),
        "pytest_add_cli_args": ["-m", "not slow", "-p", "no:cacheprovider"],
        "process_isolation": "forkserver",
        "timeout_constant": 10.0,
        "timeout_multiplier": 15.0,
        "use_git_change_detection": False,
    }
    table = "\n".join(f"{name} = {json.dumps(value)}" for name, value in settings.items())
    project = (ROOT / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text(f"{project}\n[tool.mutmut]\n{table}\n")
    return folder


if __name__ == "__main__":
    raise SystemExit(main())
