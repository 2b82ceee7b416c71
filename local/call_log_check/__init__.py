"""Holds call logs, in a folder or in S3, against the call-log table of template.yaml."""

from local.call_log_check.check import Checked, check_call_logs
from local.call_log_check.contract import Contract
from local.call_log_check.duplicates import Within
from local.call_log_check.findings import Finding
from local.call_log_check.limits import Limits
from local.call_log_check.places import FolderPlace, Place, PlaceError, StoredFile
from local.call_log_check.s3_place import place_at

__all__ = [
    "Checked",
    "Contract",
    "Finding",
    "FolderPlace",
    "Limits",
    "Place",
    "PlaceError",
    "StoredFile",
    "Within",
    "check_call_logs",
    "place_at",
]
