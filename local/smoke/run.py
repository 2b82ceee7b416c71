"""All checks, in an order in which each finds what it needs."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from local.deployment import DeniedError
from local.smoke import access, exports, facts, page, urls
from local.smoke.seen import NotCheckedError, Seen
from local.smoke.smoke import Smoke


@dataclass(frozen=True)
class Check:
    """One thing to look at.

    Attributes:
        name: What it is about.
        look: Sees how it stands. Raises `NotCheckedError`, and `DeploymentError`.
    """

    name: str
    look: Callable[[Smoke], Seen]


CHECKS: Final = (
    Check("stack outputs", access.outputs),
    Check("no token", access.nobody),
    Check("a made-up token", access.made_up),
    Check("a member's token", access.member),
    Check("export by the API", exports.by_api),
    Check("export by direct invocation", exports.directly),
    Check("file and control totals", exports.file),
    Check("over a lowered row limit", exports.over_limit),
    Check("a raised row limit", exports.raised_limit),
    Check("usage and export", exports.usage),
    Check("download URL", urls.terms),
    Check("a URL after its time", urls.end),
    Check("page", page.page),
    Check("Athena: header", facts.header),
    Check("Athena: quoting", facts.quoting),
    Check("Athena: OutputRows", facts.output_rows),
    Check("Athena: bytes cutoff", facts.cutoff),
    Check("Athena: a token again", facts.same_token),
    Check("Athena: a token, changed", facts.changed_token),
    Check("Athena: no workspace", facts.no_workspace),
)


@dataclass(frozen=True)
class Result:
    """A check and what it saw.

    Attributes:
        check: Its name.
        seen: What it saw.
        lacks: The sentence that names a missing permission; empty where none is missing.
    """

    check: str
    seen: Seen
    lacks: str = ""


def results(smoke: Smoke, progress: Callable[[str], None]) -> Iterator[Result]:
    """Make the checks, one after another.

    Args:
        smoke: What to check.
        progress: Told of each before it begins.

    Raises:
        DeploymentError: Nothing can be checked any more, for another reason than a permission.
    """
    for check in CHECKS:
        progress(check.name)
        result = _result(check, smoke)
        yield replace(result, seen=replace(result.seen, text=smoke.secretless(result.seen.text)))


def _result(check: Check, smoke: Smoke) -> Result:
    try:
        return Result(check.name, check.look(smoke))
    except NotCheckedError as reason:
        return Result(check.name, Seen(str(reason), ok=None))
    except DeniedError as error:
        return Result(check.name, Seen(str(error), ok=None), lacks=str(error))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Answers are taken as the documentation has them; whatever is at the address may differ.
        said = f"an answer is not as documented: {type(error).__name__}: {error}"
        return Result(check.name, Seen(said, ok=False))
