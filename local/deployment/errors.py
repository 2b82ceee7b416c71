"""Why a deployment cannot be worked with, in sentences."""

from collections.abc import Iterator
from contextlib import contextmanager

from local.aws_sentences import AWS_ERRORS, aws_sentence, is_denied


class DeploymentError(Exception):
    """What is asked for is not there, or refused; the message is for the person who asked."""


class DeniedError(DeploymentError):
    """The credentials are good, but lack a permission, which the message names."""


@contextmanager
def aws_errors_for_people(action: str, subject: str) -> Iterator[None]:
    """Says in a sentence why AWS does not do `action` (`s3:PutObject`) on `subject`.

    Raises:
        DeniedError: A permission is missing.
        DeploymentError: Anything else is wrong.
    """
    try:
        yield
    except AWS_ERRORS as error:
        kind = DeniedError if is_denied(error) else DeploymentError
        raise kind(aws_sentence(error, action=action, subject=subject)) from error
