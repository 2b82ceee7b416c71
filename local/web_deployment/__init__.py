"""Puts the API usage page where a deployed stack serves it."""

from local.web_deployment.files import PageFile, page_files
from local.web_deployment.upload import Uploaded, upload

__all__ = ["PageFile", "Uploaded", "page_files", "upload"]
