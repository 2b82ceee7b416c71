"""The template file, read into CloudFormation's long form."""

from pathlib import Path
from typing import Any

import yaml

from local.template.errors import TemplateError


class _Loader(yaml.SafeLoader):
    """YAML in which `!Ref x` reads as `{"Ref": "x"}` and `!Sub x` as `{"Fn::Sub": "x"}`."""


def _short_form(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.MappingNode):
        value = loader.construct_mapping(node, deep=True)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = node.value
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


def read_document(path: Path) -> dict[str, Any]:
    """The whole file. Raises `TemplateError` where it is no CloudFormation template."""
    try:
        document = _Loader(path.read_text(encoding="utf-8")).get_single_data()
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TemplateError(f"The template {path} cannot be read: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("Resources"), dict):
        raise TemplateError(f"{path} is no CloudFormation template: it has no Resources.")
    return document
