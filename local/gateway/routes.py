"""Which route a request takes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from local.template import Route

DEFAULT: Final = "$default"

_VARIABLE: Final = re.compile(r"\{([^}+]+)(\+?)\}")


@dataclass(frozen=True)
class RouteMatch:
    """A route and what its variables stand for."""

    key: str
    """`GET /exports/{id}`"""
    function: str
    path_parameters: dict[str, str]


class RouteTable:
    """The routes of an API, asked in API Gateway's order: the most specific first."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._routes = [
            (route, *_pattern(route.path)) for route in sorted(routes, key=_specificity)
        ]

    def match(self, method: str, path: str) -> RouteMatch | None:
        """The route of a request, or None. A trailing slash makes another path."""
        for route, pattern, names in self._routes:
            if route.method in (method, "ANY") and (found := pattern.fullmatch(path)):
                key = DEFAULT if route.path == DEFAULT else f"{route.method} {route.path}"
                parameters = dict(zip(names, found.groups(), strict=True))
                return RouteMatch(key, route.function, parameters)
        return None


def _pattern(path: str) -> tuple[re.Pattern[str], list[str]]:
    """A regular expression for paths, and the names of its groups."""
    if path == DEFAULT:
        return re.compile(".*", re.DOTALL), []
    literals = _VARIABLE.split(path)[::3]
    variables = _VARIABLE.findall(path)
    groups = ["(.+)" if greedy else "([^/]+)" for _, greedy in variables]
    parts = [re.escape(text) + group for text, group in zip(literals, [*groups, ""], strict=True)]
    return re.compile("".join(parts), re.DOTALL), [name for name, _ in variables]


def _specificity(route: Route) -> tuple[list[int], bool]:
    if route.path == DEFAULT:
        return [3], True
    kinds = []
    for segment in route.path.split("/")[1:]:
        variable = _VARIABLE.fullmatch(segment)
        kinds.append(0 if not variable else 2 if variable[2] else 1)
    return kinds, route.method == "ANY"
