"""What is deployed in AWS, as this machine's user may see it."""

from local.deployment.errors import DeploymentError, aws_errors_for_people
from local.deployment.stack import DeployedStack, deployed_stack

__all__ = ["DeployedStack", "DeploymentError", "aws_errors_for_people", "deployed_stack"]
