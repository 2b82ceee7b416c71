"""A cold start is someone waiting: the authorizer loads nothing that it does not need."""

import subprocess
import sys

HEAVY = {"boto3", "botocore", "pydantic", "aws_lambda_powertools", "requests", "urllib3", "asyncio"}


def test_the_authorizer_loads_no_aws_client_no_pydantic_and_no_powertools() -> None:
    program = "import sys, functions.authorizer.app; print(*sys.modules)"

    result = subprocess.run(  # noqa: S603 - the program is the line above
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    loaded = result.stdout.split()
    assert "functions.authorizer.app" in loaded
    assert HEAVY.isdisjoint(loaded)
    assert [name for name in loaded if name.split(".")[0] == "shared"] == [
        "shared",
        "shared.workspace",
    ]
