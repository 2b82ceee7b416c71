"""template.yaml as the local stack reads it: what is deployed is what runs here."""

from local.template.errors import TemplateError, TemplateParameterError
from local.template.template import Cors, LambdaFunction, Route, Template, Throttling

__all__ = [
    "Cors",
    "LambdaFunction",
    "Route",
    "Template",
    "TemplateError",
    "TemplateParameterError",
    "Throttling",
]
