"""A Lambda function with nothing of ours in it: the imports that it is told of, and two clients.

Runs inside an artifact, under Lambda's Python.
"""

import importlib
import json
import os
import sys
from typing import Any


def modules(event: Any, _context: object) -> list[str]:
    """What is imported when the module `event` is, in order, but for what is ours."""
    known = set(sys.modules)
    importlib.import_module(event)
    return [
        name
        for name, module in sys.modules.items()
        if name not in known
        and name.partition(".")[0] not in {"functions", "shared"}
        and getattr(module.__spec__, "name", None) == name
    ]


def handler(_event: Any, _context: object) -> None:
    """Does nothing."""


for wanted in json.loads(os.environ["BARE_MODULES"]):
    importlib.import_module(wanted)

if "botocore.config" in sys.modules:
    import boto3
    from botocore.config import Config

    patience = Config(
        connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
    )
    signing = Config(signature_version="s3v4", s3={"addressing_style": "virtual"})
    clients = [
        boto3.client("s3", config=patience.merge(signing)),
        boto3.client("athena", config=patience),
    ]
