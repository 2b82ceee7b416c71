"""A Lambda handler that writes down every AWS operation of the real one, presigned ones too.

RECORDED_HANDLER names the real handler, RECORDING the file: a line of JSON per operation.
"""

import importlib
import json
import os
from pathlib import Path
from typing import Any

import boto3

_NAMED_IN = ("Bucket", "Key", "CopySource", "WorkGroup", "TopicArn", "QueueUrl", "FunctionName")


def _record(params: dict[str, Any], model: Any, **_: Any) -> None:
    line = {
        "service": model.service_model.service_name,
        "operation": model.name,
        "params": {name: params[name] for name in _NAMED_IN if name in params},
    }
    with Path(os.environ["RECORDING"]).open("a", encoding="utf-8") as recording:
        recording.write(json.dumps(line) + "\n")


# Clients made from now on take their hooks from the default session.
boto3.setup_default_session()
boto3._get_default_session().events.register("provide-client-params", _record)

_module, _, _name = os.environ["RECORDED_HANDLER"].rpartition(".")
handler = getattr(importlib.import_module(_module), _name)
