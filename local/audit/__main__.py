"""`python -m local.audit`: licenses, offline, and known vulnerabilities, from who keeps them.

With the argument `licenses` or `vulnerabilities`, that part alone. Exit status: 0 nothing found,
1 something found, 2 vulnerabilities could not be asked about (and no license is wrong).
"""

import sys
from collections.abc import Sequence

from local.audit.licenses import check_licenses
from local.audit.vulnerabilities import check_vulnerabilities

PARTS = {"licenses": check_licenses, "vulnerabilities": check_vulnerabilities}


def main(arguments: Sequence[str]) -> int:
    """Prints what was looked at and what was found; the exit status."""
    if unknown := set(arguments) - PARTS.keys():
        sys.stderr.write(f"{' '.join(sorted(unknown))}? Ask for {' or '.join(PARTS)}.\n")
        return 1
    statuses = []
    for part in arguments or PARTS:
        report = PARTS[part]()
        sys.stdout.writelines(f"{line}\n" for line in report.lines)
        statuses.append(report.status)
    return 1 if 1 in statuses else max(statuses)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
