"""What is deployed in AWS, as this machine's user may see it."""

from local.deployment.errors import DeniedError, DeploymentError, aws_errors_for_people
from local.deployment.stack import DeployedStack, deployed_stack

__all__ = [
    "DeniedError",
    "DeployedStack",
    "DeploymentError",
    "aws_errors_for_people",
    "deployed_stack",
]
