"""A deployed stack and its outputs."""

from collections.abc import Mapping
from dataclasses import dataclass

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from local.deployment.errors import DeploymentError, aws_errors_for_people


@dataclass(frozen=True)
class DeployedStack:
    """A stack of `template.yaml`, or of another template.

    Attributes:
        name: Its name.
        outputs: Name of an output → its value.
    """

    name: str
    outputs: Mapping[str, str]

    def output(self, name: str, *, otherwise: str = "is it a stack of this template?") -> str:
        """The value of an output.

        Raises:
            DeploymentError: There is none; the message ends with `otherwise`, what to do then.
        """
        if name not in self.outputs:
            raise DeploymentError(f"The stack {self.name} has no output {name}: {otherwise}")
        return self.outputs[name]


def deployed_stack(name: str) -> DeployedStack:
    """The stack of a name, in the region and with the credentials of the environment.

    Raises:
        DeploymentError: There is none, it is not deployed, or it may not be read.
    """
    if not name.strip():  # which some take for every stack
        raise DeploymentError("The stack's name is empty: maybe a variable that is not set.")
    action, subject = "cloudformation:DescribeStacks", f"the stack {name}"
    with aws_errors_for_people(action, subject):
        client = boto3.client("cloudformation", config=Config(retries={"mode": "standard"}))
        region = client.meta.region_name
        try:
            (described,) = client.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if "does not exist" not in error.response["Error"].get("Message", ""):
                raise
            raise DeploymentError(f"There is no stack {name} in {region}.") from error
    outputs = {each["OutputKey"]: each["OutputValue"] for each in described.get("Outputs", ())}
    if not outputs:
        status = described["StackStatus"]
        raise DeploymentError(f"The stack {name} in {region} has no outputs: it is {status}.")
    return DeployedStack(name, outputs)
