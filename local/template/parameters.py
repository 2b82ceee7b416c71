"""Template parameters, held against their constraints as CloudFormation holds them."""

import re
from collections.abc import Mapping
from typing import Any

from local.template.errors import TemplateParameterError


def parameter_values(
    declared: Mapping[str, Mapping[str, Any]], given: Mapping[str, str]
) -> dict[str, str]:
    """Defaults, overridden by what is given.

    A parameter that has no default and is not given stays absent, and is an error only where it
    is used: the table can be read without naming an identity provider. Raises
    `TemplateParameterError` for an unknown name and for a value that is not allowed.
    """
    for name in given:
        if name not in declared:
            raise TemplateParameterError(
                f"The template has no parameter {name}; it has {', '.join(sorted(declared))}."
            )
    values = {name: str(spec["Default"]) for name, spec in declared.items() if "Default" in spec}
    values |= given
    for name, value in values.items():
        if complaint := _complaint(value, declared[name]):
            wanted = declared[name].get("ConstraintDescription", complaint)
            raise TemplateParameterError(
                f"The template parameter {name} cannot be {value!r}: it {wanted}."
            )
    return values


def _complaint(value: str, spec: Mapping[str, Any]) -> str | None:
    """What a value must be and is not, or None. Worded to follow "it"."""
    choices = [str(choice) for choice in spec.get("AllowedValues", [])]
    if choices and value not in choices:
        return f"must be one of {', '.join(choices)}"
    if spec["Type"] == "Number":
        return _number_complaint(value, spec)
    texts = [value]
    if spec["Type"] == "CommaDelimitedList":
        texts = [item.strip() for item in value.split(",")]
    return next(filter(None, (_text_complaint(text, spec) for text in texts)), None)


def _number_complaint(value: str, spec: Mapping[str, Any]) -> str | None:
    try:
        number = float(value)
    except ValueError:
        return "must be a number"
    low, high = spec.get("MinValue"), spec.get("MaxValue")
    # written so that NaN, which compares as false, is refused
    if low is not None and not number >= low:
        return f"must be at least {low}"
    if high is not None and not number <= high:
        return f"must be at most {high}"
    return None


def _text_complaint(text: str, spec: Mapping[str, Any]) -> str | None:
    pattern = spec.get("AllowedPattern")
    if pattern is not None and not re.fullmatch(pattern, text):
        return f"must match {pattern}"
    if len(text) < spec.get("MinLength", 0):
        return f"must have at least {spec['MinLength']} characters"
    if len(text) > spec.get("MaxLength", len(text)):
        return f"must have at most {spec['MaxLength']} characters"
    return None
