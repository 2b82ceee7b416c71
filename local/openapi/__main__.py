"""Writes `docs/openapi.json`: `python -m local.openapi`."""

from local.openapi import DOCUMENT, document_text

if __name__ == "__main__":
    DOCUMENT.write_text(document_text(), encoding="utf-8")
