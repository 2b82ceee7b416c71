"""A program for Lambda's Python: the bytecode below a folder, held against the modules there.

Prints a line for each file that is not as it should be.
"""

import marshal
import sys
from importlib.util import MAGIC_NUMBER, cache_from_source, source_hash
from pathlib import Path
from typing import Final

_CHECKED_BY_CONTENT: Final = 0b11


def fault(module: Path, bytecode: Path) -> str | None:
    """What is wrong with a module's bytecode; None where it is what the module compiles to."""
    if not bytecode.exists():
        return "not compiled"
    source, compiled = module.read_bytes(), bytecode.read_bytes()
    flags = int.from_bytes(compiled[4:8], "little")
    if compiled[:4] != MAGIC_NUMBER or flags != _CHECKED_BY_CONTENT:
        return "compiled by another Python, or not checked by content"
    if compiled[8:16] != source_hash(source):
        return "compiled from another source"
    if marshal.loads(compiled[16:]) != compile(source, module, "exec", dont_inherit=True):  # noqa: S302
        return "not what the source compiles to"
    return None


def main(folder: Path) -> None:
    """Looks at every file below a folder."""
    expected = {module: Path(cache_from_source(str(module))) for module in folder.rglob("*.py")}
    for module, bytecode in expected.items():
        if said := fault(module, bytecode):
            sys.stdout.write(f"{module.relative_to(folder)}: {said}\n")
    for stray in set(folder.rglob("*.pyc")) - set(expected.values()):
        sys.stdout.write(f"{stray.relative_to(folder)}: of no module\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
