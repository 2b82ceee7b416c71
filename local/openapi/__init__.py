"""The OpenAPI document of the HTTP API, made from the code: `docs/openapi.json`."""

from local.openapi.document import DOCUMENT, document_text, openapi_document

__all__ = ["DOCUMENT", "document_text", "openapi_document"]
