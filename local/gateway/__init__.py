"""An API Gateway HTTP API on this machine: the template's routes, authorizer and CORS."""

from local.gateway.http_api import HttpApi, HttpApiDefinition, Invoke
from local.gateway.server import Gateway

__all__ = ["Gateway", "HttpApi", "HttpApiDefinition", "Invoke"]
