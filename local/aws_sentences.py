"""What AWS's refusals mean for the person whose credentials are used, in a sentence."""

import re
from typing import Final

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,  # noqa: A004 - of every way not to reach a service
    HTTPClientError,
    NoCredentialsError,
    NoRegionError,
)

AWS_ERRORS: Final = (ClientError, BotoCoreError, ValueError)
"""What boto3 raises; a `ValueError` for what is no endpoint or no name."""

_SERVICES: Final = {
    "athena": "Athena",
    "cloudformation": "CloudFormation",
    "cloudfront": "CloudFront",
    "lambda": "Lambda",
    "s3": "S3",
}
_DENIED: Final = {
    "403",  # of a HEAD, which has no body to say more
    "AccessDenied",
    "AccessDeniedException",
    "AllAccessDisabled",
}
_EXPIRED: Final = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
_UNKNOWN: Final = {"InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"}
_ACTION: Final = re.compile(r"perform: (\S+)")
_LOG_IN: Final = "log in with the AWS CLI, or set AWS_PROFILE"


def error_code(error: BaseException) -> str:
    """AWS's code of an error; empty where it is none of AWS's."""
    return str(error.response["Error"].get("Code", "")) if isinstance(error, ClientError) else ""


def is_denied(error: BaseException) -> bool:
    """Whether the credentials are good, but lack a permission."""
    return error_code(error) in _DENIED


def aws_sentence(error: BaseException, *, action: str, subject: str) -> str:
    """Why AWS does not do what was asked, and what to do about it.

    Args:
        error: One of `AWS_ERRORS`.
        action: What was asked, as IAM writes it: `s3:GetObject`. AWS often names a further one
            that is missing, such as `kms:Decrypt`; then that is said.
        subject: On what: `s3://bucket/key`, `the stack web`.
    """
    service = _SERVICES[action.partition(":")[0]]
    code = error_code(error)
    if isinstance(error, ClientError):
        message = str(error.response["Error"].get("Message", ""))
        if code in _DENIED:
            named = _ACTION.search(message)
            return f"Your credentials lack {named[1] if named else action} on {subject}."
        if code in _EXPIRED:
            return f"Your AWS session has expired: {_LOG_IN}."
        if code in _UNKNOWN:
            return f"AWS does not know your credentials: {_LOG_IN}."
        return f"{service} refuses {action} on {subject}: {code}, {ended(message)}"
    if isinstance(error, NoCredentialsError):
        return f"There are no AWS credentials for {action} on {subject}: {_LOG_IN}."
    if isinstance(error, NoRegionError):
        return "No AWS region is set: set AWS_REGION, or a region in your profile."
    if isinstance(error, ConnectionError | HTTPClientError):
        return f"{service} cannot be reached for {action} on {subject}: {ended(error)}"
    return f"{service} cannot be asked for {action} on {subject}: {ended(error)}"


def ended(said: object) -> str:
    """Somebody else's sentence, on one line and with its full stop."""
    return " ".join(str(said).split()).rstrip(".") + "."
