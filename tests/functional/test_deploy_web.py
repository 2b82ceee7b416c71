"""`make deploy-web` against S3, CloudFront and CloudFormation as moto has them."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from local.aws.resources import describe_stack
from local.deployment import DeploymentError
from local.page import PageBuildError
from local.stack import LocalStack
from local.web_deployment import Uploaded, command, page_files, upload
from tests.functional.operators_shell import NO_AWS

CONFIG = '{"apiUrl": "https://api.example.com", "scope": "openid email"}'
ORIGIN = {"Id": "page", "DomainName": "page.s3.amazonaws.com"}


class Page:
    """A built page, and a stack that serves it."""

    def __init__(self, stack: LocalStack, dist: Path, name: str) -> None:
        self.name = name
        self.dist = dist
        self.config = CONFIG
        self.s3 = stack.aws.client("s3")
        self.cloudfront = stack.aws.client("cloudfront")
        where = {"LocationConstraint": "eu-central-1"}
        self.s3.create_bucket(Bucket=name, CreateBucketConfiguration=where)
        behavior = {"TargetOriginId": "page", "ViewerProtocolPolicy": "https-only"}
        config = {
            "CallerReference": name,
            "Origins": {"Quantity": 1, "Items": [ORIGIN]},
            "DefaultCacheBehavior": behavior,
            "Comment": "",
            "Enabled": True,
        }
        made = self.cloudfront.create_distribution(DistributionConfig=config)
        self.distribution = made["Distribution"]["Id"]
        self.outputs = {
            "PageBucketName": name,
            "PageDistributionId": self.distribution,
            "PageConfig": CONFIG,
            "PageUrl": "https://page.example.com",
        }
        describe_stack(name, self.outputs, stack.aws.client("cloudformation"))

    def upload(self) -> Uploaded:
        files = page_files(self.dist, self.config)
        return upload(files, self.name, self.distribution, s3=self.s3, cloudfront=self.cloudfront)

    def objects(self) -> dict[str, dict[str, Any]]:
        listed = self.s3.list_objects_v2(Bucket=self.name).get("Contents", [])
        return {
            entry["Key"]: self.s3.get_object(Bucket=self.name, Key=entry["Key"]) for entry in listed
        }

    def invalidations(self) -> list[tuple[str, list[str]]]:
        """The reference and the paths of each request, in no order."""
        listed = self.cloudfront.list_invalidations(DistributionId=self.distribution)
        batches = [
            self.cloudfront.get_invalidation(DistributionId=self.distribution, Id=entry["Id"])[
                "Invalidation"
            ]["InvalidationBatch"]
            for entry in listed["InvalidationList"].get("Items", [])
        ]
        return [(batch["CallerReference"], batch["Paths"]["Items"]) for batch in batches]


@pytest.fixture
def page(stack: LocalStack, tmp_path: Path, request: pytest.FixtureRequest) -> Page:
    dist = tmp_path / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<script src=/assets/main-1.js>")
    (dist / "assets" / "main-1.js").write_text("1")
    (dist / "assets" / "main-1.css").write_text("p {}")
    return Page(stack, dist, f"page-{abs(hash(request.node.name))}")


def refusing(client: Any, operation: str) -> Callable[[], None]:
    """Lets AWS deny one operation; returns what ends that."""

    def deny(**_: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "Denied"}}, operation)

    event = f"before-call.{client.meta.service_model.service_id.hyphenize()}.{operation}"
    client.meta.events.register(event, deny)
    return lambda: client.meta.events.unregister(event, deny)


def test_the_files_are_in_the_bucket_with_their_headers_and_cloudfront_forgets_the_old(
    page: Page,
) -> None:
    done = page.upload()
    assert done.keys == ["assets/main-1.css", "assets/main-1.js", "config.json", "index.html"]
    found = {
        key: (stored["ContentType"], stored["CacheControl"], stored["Body"].read())
        for key, stored in page.objects().items()
    }
    immutable = "public, max-age=31536000, immutable"
    assert found["index.html"] == (
        "text/html; charset=utf-8",
        "no-cache",
        b"<script src=/assets/main-1.js>",
    )
    assert found["assets/main-1.js"] == ("text/javascript; charset=utf-8", immutable, b"1")
    assert found["assets/main-1.css"] == ("text/css; charset=utf-8", immutable, b"p {}")
    assert found["config.json"][:2] == ("application/json", "no-cache")
    assert json.loads(found["config.json"][2]) == json.loads(CONFIG)
    ((_, paths),) = page.invalidations()
    assert paths == done.paths == ["/", "/config.json", "/index.html"]


def test_a_second_run_uploads_nothing_and_asks_for_the_same_invalidation(page: Page) -> None:
    page.upload()
    before = {key: stored["LastModified"] for key, stored in page.objects().items()}
    again = page.upload()
    assert (again.keys, again.unchanged) == ([], 4)
    assert {key: stored["LastModified"] for key, stored in page.objects().items()} == before
    (first, _), (second, _) = page.invalidations()
    assert first == second  # which CloudFront answers with the one that it has


def test_only_what_differs_is_uploaded_and_older_assets_stay(page: Page) -> None:
    page.upload()
    (page.dist / "assets" / "main-1.js").rename(page.dist / "assets" / "main-2.js")
    (page.dist / "index.html").write_text("<script src=/assets/main-2.js>")
    done = page.upload()
    assert done.keys == ["assets/main-2.js", "index.html"]
    assert done.older_assets == 1
    assert set(page.objects()) == {
        "assets/main-1.css", "assets/main-1.js", "assets/main-2.js", "config.json", "index.html",
    }  # fmt: skip
    (first, _), (second, _) = page.invalidations()
    assert first != second


def test_a_changed_configuration_and_a_lost_header_are_put_right(page: Page) -> None:
    page.upload()
    page.config = CONFIG.replace("email", "profile")
    (content,) = [
        file.content for file in page_files(page.dist, CONFIG) if file.key == "index.html"
    ]
    page.s3.put_object(Bucket=page.name, Key="index.html", Body=content, ContentType="text/plain")
    assert page.upload().keys == ["config.json", "index.html"]
    assert page.objects()["index.html"]["CacheControl"] == "no-cache"


@pytest.mark.parametrize(
    ("operation", "said"),
    [
        ("ListObjectsV2", "s3:ListBucket on s3://{name}."),
        ("HeadObject", "s3:GetObject on s3://{name}/assets/main-1.css."),
        ("PutObject", "s3:PutObject on s3://{name}/config.json."),
    ],
)
def test_the_permission_that_is_missing_is_named(page: Page, operation: str, said: str) -> None:
    page.upload()
    page.config = "{}"
    allow = refusing(page.s3, operation)
    with pytest.raises(DeploymentError) as refused:
        page.upload()
    assert str(refused.value) == f"Your credentials lack {said.format(name=page.name)}"
    allow()
    assert page.upload().keys == ["config.json"]


def test_a_run_that_ended_before_the_invalidation_is_made_good_by_the_next(page: Page) -> None:
    allow = refusing(page.cloudfront, "CreateInvalidation")
    with pytest.raises(DeploymentError) as refused:
        page.upload()
    assert str(refused.value) == (
        "Your credentials lack cloudfront:CreateInvalidation on the distribution "
        f"{page.distribution}."
    )
    assert page.invalidations() == []
    allow()
    assert page.upload().keys == []
    assert len(page.invalidations()) == 1


class TestCommand:
    """As a person runs it, but for the shell."""

    @pytest.fixture(autouse=True)
    def shell(
        self, stack: LocalStack, page: Page, monkeypatch: pytest.MonkeyPatch
    ) -> Iterator[None]:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            monkeypatch.delenv(name)
        for name, value in {**NO_AWS, **stack.aws.environment}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
        monkeypatch.setattr(command, "built_page", lambda: page.dist)
        yield
        monkeypatch.setattr("boto3.DEFAULT_SESSION", None)

    def run(self, stack: str) -> Result:
        app = typer.Typer()
        app.command()(command.deploy_web)
        return CliRunner().invoke(app, ["--stack", stack])

    def refused(self, stack: str) -> str:
        """The one sentence that is said."""
        done = self.run(stack)
        assert (done.exit_code, done.stdout) == (2, "")
        said = " ".join(done.stderr.split())
        assert said.endswith(".")
        return said

    def test_it_says_what_it_did_and_the_second_time_that_all_is_there(self, page: Page) -> None:
        first = self.run(page.name)
        assert first.exit_code == 0, first.output
        assert first.stdout.splitlines()[:5] == [
            "Uploaded assets/main-1.css",
            "Uploaded assets/main-1.js",
            "Uploaded config.json",
            "Uploaded index.html",
            "https://page.example.com has the new page: 4 files uploaded, 0 unchanged.",
        ]
        assert "CloudFront was told to forget /, /config.json, /index.html (" in first.stdout
        assert json.loads(page.objects()["config.json"]["Body"].read()) == json.loads(CONFIG)
        second = self.run(page.name)
        assert second.exit_code == 0, second.output
        assert second.stdout.startswith(
            "https://page.example.com is up to date: 4 files unchanged.\n"
        )

    def test_a_stack_that_is_not_there(self) -> None:
        assert self.refused("nowhere") == "There is no stack nowhere in eu-central-1."

    def test_a_stack_that_serves_no_page(self, stack: LocalStack, page: Page) -> None:
        cloudformation = stack.aws.client("cloudformation")
        describe_stack(f"{page.name}-api", {"ApiUrl": "https://x"}, cloudformation)
        said = self.refused(f"{page.name}-api")
        assert "has no output PageBucketName: deploy it with ServePage=true" in said

    def test_a_bucket_that_is_gone(self, stack: LocalStack, page: Page) -> None:
        outputs = {**page.outputs, "PageBucketName": "no-such-page-bucket"}
        describe_stack(f"{page.name}-gone", outputs, stack.aws.client("cloudformation"))
        assert "NoSuchBucket" in self.refused(f"{page.name}-gone")

    def test_a_page_that_cannot_be_built(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        def missing() -> Path:
            raise PageBuildError(
                "The page needs Node.js 20.19 or later to be built; it is missing."
            )

        monkeypatch.setattr(command, "built_page", missing)
        assert self.refused(page.name).startswith("The page needs Node.js")
        assert page.objects() == {}

    def test_no_credentials(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        monkeypatch.delenv("AWS_SESSION_TOKEN", raising=False)
        said = self.refused(page.name)
        assert "no AWS credentials for cloudformation:DescribeStacks" in said

    def test_no_region(self, page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("AWS_REGION", raising=False)
        monkeypatch.delenv("AWS_DEFAULT_REGION")
        assert self.refused(page.name).startswith("No AWS region is set")
