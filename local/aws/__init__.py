"""AWS on 127.0.0.1: moto's server, holding what `template.yaml` deploys."""

from local.aws.call_logs import CallLogsError
from local.aws.local_aws import ACCOUNT_ID, REGION, LocalAws, Mail, duckdb_engine

__all__ = ["ACCOUNT_ID", "REGION", "CallLogsError", "LocalAws", "Mail", "duckdb_engine"]
