"""Which function a caller means: by name, partial ARN or ARN, with a qualifier or without."""

import re
from collections.abc import Collection
from typing import Final

from local.aws.local_aws import ACCOUNT_ID, REGION
from local.lambda_api.errors import InvokeError, invalid

LATEST: Final = "$LATEST"

# The patterns of the API's model, which its error messages quote.
_NAME: Final = (
    r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?"
    r"(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?"
)
_QUALIFIER: Final = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"
_REGION, _ACCOUNT, _OWN_NAME, _OWN_QUALIFIER = 3, 9, 11, 13
"""Groups of `_NAME`."""


def function_named(reference: str, qualifier: str | None, functions: Collection[str]) -> str:
    """The name of the function that a request is for.

    Args:
        reference: `ExportFunction`, `123456789012:function:ExportFunction` or a whole ARN, each
            also with a qualifier at its end, as in `ExportFunction:$LATEST`.
        qualifier: That of the request's query, if any.
        functions: All there are. None of them has a published version or an alias.

    Raises:
        InvokeError: As AWS answers what is malformed, contradictory or unknown.
    """
    if qualifier is not None and not re.fullmatch(_QUALIFIER, qualifier):
        raise invalid("qualifier", qualifier, _matching(_QUALIFIER))
    found = re.fullmatch(_NAME, reference)
    if not found:
        raise invalid("functionName", reference, _matching(_NAME))
    region, account, name, own_qualifier = (
        found[group] and found[group].rstrip(":")
        for group in (_REGION, _ACCOUNT, _OWN_NAME, _OWN_QUALIFIER)
    )
    if own_qualifier and qualifier and own_qualifier != qualifier:
        raise InvokeError(
            400,
            "InvalidParameterValueException",
            "The derived qualifier from the function name does not match the specified qualifier.",
        )
    if region and region != REGION:
        raise InvokeError(
            404,
            "ResourceNotFoundException",
            f"Functions from '{region}' are not reachable in this region ('{REGION}')",
        )
    wanted = own_qualifier or qualifier or LATEST
    arn = f"arn:aws:lambda:{REGION}:{account or ACCOUNT_ID}:function:{name}"
    if account and account != ACCOUNT_ID:
        raise InvokeError(
            403,
            "AccessDeniedException",
            f"User: arn:aws:iam::{ACCOUNT_ID}:root is not authorized to perform:"
            f" lambda:InvokeFunction on resource: {arn} because no resource-based policy allows"
            " the lambda:InvokeFunction action",
            fields={},
        )
    if name not in functions or wanted != LATEST:
        raise InvokeError(404, "ResourceNotFoundException", f"Function not found: {arn}:{wanted}")
    return name


def _matching(pattern: str) -> str:
    return f"Member must satisfy regular expression pattern: {pattern}"
