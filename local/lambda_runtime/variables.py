"""The environment variables of an execution environment: Lambda's and the function's, no other."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from local.template import LambdaFunction

VERSION: Final = "$LATEST"


def lambda_variables(
    function: LambdaFunction, environment: Mapping[str, str], task_root: Path
) -> dict[str, str]:
    """What `os.environ` is to hold. `environment` is the stack's: endpoint, region, credentials.

    Nothing comes from the process that runs the stack. There is no home directory either, as on
    Lambda, so that boto3 does not find the developer's own profile.
    """
    today = datetime.now(UTC).strftime("%Y/%m/%d")
    return {
        **function.environment,
        **environment,
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory),
        "AWS_LAMBDA_FUNCTION_NAME": function.logical_id,
        "AWS_LAMBDA_FUNCTION_VERSION": VERSION,
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.logical_id}",
        "AWS_LAMBDA_LOG_STREAM_NAME": f"{today}/[{VERSION}]{secrets.token_hex(16)}",
        "HOME": "/nonexistent",
        "LAMBDA_TASK_ROOT": str(task_root),
        "LANG": "en_US.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "TZ": ":UTC",
        "_HANDLER": function.handler,
    }


def trace_id() -> str:
    """An X-Ray trace header that asks for no trace to be sent: nothing listens for one here."""
    started = f"{int(datetime.now(UTC).timestamp()):08x}"
    root = f"1-{started}-{secrets.token_hex(12)}"
    return f"Root={root};Parent={secrets.token_hex(8)};Sampled=0"
