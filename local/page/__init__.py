"""The API usage page on this machine: built with npm, served with the headers it has in AWS."""

from local.page.build import PageBuildError, built_page
from local.page.config import PageConfig
from local.page.server import PageServer
from local.page.site import PageSite

__all__ = ["PageBuildError", "PageConfig", "PageServer", "PageSite", "built_page"]
