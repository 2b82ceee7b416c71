"""`python -m local deploy-web`."""

from typing import Annotated, Any, Final

import boto3
import typer
from botocore.config import Config
from rich.console import Console

from local.cli_errors import errors_for_people
from local.deployment import aws_errors_for_people, deployed_stack
from local.page import built_page
from local.progress import progress
from local.web_deployment.files import page_files
from local.web_deployment.upload import Uploaded, upload

_NO_PAGE: Final = "deploy it with ServePage=true and a PageClientId, of the template as it is now."


def deploy_web(
    stack: Annotated[
        str, typer.Option(help="The stack's name, in the shell's region.", metavar="NAME")
    ],
) -> None:
    """Build the page and put it where a deployed stack serves it.

    Uploads what differs, and `config.json` from the stack's outputs. AWS is asked with the shell's
    own credentials. docs/deploy-web.md says the permissions it takes.
    Exit status: 0 done, 2 it cannot be done.
    """
    console = Console(stderr=True)
    with errors_for_people(console), progress(console, "Reading the stack") as show:
        deployed = deployed_stack(stack)
        bucket, distribution, config, url = (
            deployed.output(name, otherwise=_NO_PAGE)
            for name in ("PageBucketName", "PageDistributionId", "PageConfig", "PageUrl")
        )
        show("Building the page")
        files = page_files(built_page(), config)
        show(f"Uploading to s3://{bucket}")
        done = upload(
            files,
            bucket,
            distribution,
            s3=_client("s3", bucket),
            cloudfront=_client("cloudfront", distribution),
        )
    for line in _told(done, url):
        print(line)  # noqa: T201 - what a person asked for


def _client(service: str, subject: str) -> Any:
    with aws_errors_for_people(f"{service}:*", subject):
        return boto3.client(service, config=Config(retries={"mode": "standard"}))


def _told(done: Uploaded, url: str) -> list[str]:
    lines = [f"Uploaded {key}" for key in done.keys]
    lines.append(
        f"{url} has the new page: {len(done.keys)} files uploaded, {done.unchanged} unchanged."
        if done.keys
        else f"{url} is up to date: {done.unchanged} files unchanged."
    )
    if done.older_assets:
        lines.append(f"{done.older_assets} assets of other releases stay for pages that are open.")
    lines.append(
        f"CloudFront was told to forget {', '.join(done.paths)} ({done.invalidation}); this does "
        "not wait for it."
    )
    return lines
