"""The page in AWS: off unless asked for, closed but to its distribution, headers as served here."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest

from local.page.config import PageConfig
from local.page.headers import REVALIDATED, security_headers
from local.template import Template, TemplateParameterError
from local.template.document import read_document
from local.template.intrinsics import Intrinsics
from local.template.template import TEMPLATE
from tests.template.conftest import IDENTITY_PROVIDER

DOCUMENT = read_document(TEMPLATE)
SERVED = {**IDENTITY_PROVIDER, "ServePage": "true", "PageClientId": "usage-page"}
PAGE_RESOURCES = {
    "PageBucket",
    "PageBucketPolicy",
    "PageDistribution",
    "PageHeaders",
    "PageOriginAccess",
}
PAGE_OUTPUTS = {"PageBucketName", "PageConfig", "PageDistributionId", "PageUrl"}

API = "https://api-usage-export-Api.execute-api.eu-central-1.amazonaws.com"
ISSUER = "https://login.example.com"
BUCKET_ARN = "arn:aws:s3:::api-usage-export-pagebucket"
DISTRIBUTION_ARN = "arn:aws:cloudfront::123456789012:distribution/api-usage-export-PageDistribution"

# As AWS documents its managed cache policies.
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a815be08a"
CACHING_OPTIMIZED = "658327ea-f89d-4fab-a63d-7e88639e58f6"

NAMED_BY_CLOUDFRONT = {
    "ContentSecurityPolicy": "Content-Security-Policy",
    "ContentTypeOptions": "X-Content-Type-Options",
    "FrameOptions": "X-Frame-Options",
    "ReferrerPolicy": "Referrer-Policy",
    "StrictTransportSecurity": "Strict-Transport-Security",
}


@pytest.fixture(scope="module")
def page() -> Template:
    return Template.load(parameters=SERVED)


def test_no_page_is_served_unless_it_is_asked_for(template: Template) -> None:
    assert resources(template).isdisjoint(PAGE_RESOURCES)
    assert template.outputs().keys().isdisjoint(PAGE_OUTPUTS)
    for resource in resources(template):
        assert not DOCUMENT["Resources"][resource]["Type"].startswith("AWS::CloudFront::")


def test_serving_the_page_adds_it_and_changes_nothing_else(
    template: Template, page: Template
) -> None:
    assert resources(page) - resources(template) == PAGE_RESOURCES
    assert page.outputs().keys() - template.outputs().keys() == PAGE_OUTPUTS
    for resource in resources(template):
        assert page.resource(resource) == template.resource(resource)


def test_a_page_needs_the_client_that_it_signs_in_as() -> None:
    with pytest.raises(TemplateParameterError, match="A served page needs PageClientId"):
        Template(DOCUMENT, {**SERVED, "PageClientId": ""})


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("ServePage", "yes", False),
        ("PageClientId", "0oa1b2c3.apps.example.com", True),
        ("PageClientId", 'x", "issuer": "https://evil.example.com', False),
        ("PageScope", "openid", True),
        ("PageScope", "openid email offline_access api://11111111-2222/usage", True),
        ("PageScope", "email", False),
        ("PageScope", "openid  email", False),
        ("PageScope", 'openid", "issuer": "https://evil.example.com', False),
        ("PageAudience", "https://usage-api.example.com/", True),
        ("PageAudience", 'x"', False),
        ("PageConnectOrigins", "https://a.example.com https://b.example.com:8443", True),
        ("PageConnectOrigins", "https://a.example.com, https://b.example.com", False),
        ("PageConnectOrigins", "https://*.example.com", False),
        ("PageConnectOrigins", "https://a.example.com/oauth2", False),
        ("PageConnectOrigins", "http://a.example.com", False),
        ("PageConnectOrigins", "https:", False),
        ("PageConnectOrigins", "*", False),
        ("PageConnectOrigins", "https://a.example.com; script-src *", False),
    ],
)
def test_a_value_is_taken_or_refused(name: str, value: str, allowed: bool) -> None:
    try:
        Template(DOCUMENT, {**SERVED, name: value})
    except TemplateParameterError:
        assert not allowed
    else:
        assert allowed


def test_the_bucket_is_private_encrypted_and_goes_with_the_page(page: Template) -> None:
    resource = page.resource("PageBucket")
    assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Delete"
    properties = resource["Properties"]
    assert properties["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert properties["OwnershipControls"] == {
        "Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]
    }
    (rule,) = properties["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
    assert "WebsiteConfiguration" not in properties


def test_only_this_distribution_reads_the_bucket_and_only_over_tls(page: Template) -> None:
    policy = page.resource("PageBucketPolicy")["Properties"]
    assert policy["Bucket"] == page.physical_name("PageBucket")
    (deny, allow) = policy["PolicyDocument"]["Statement"]
    assert deny == {
        "Sid": "DenyPlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [BUCKET_ARN, f"{BUCKET_ARN}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    assert allow == {
        "Sid": "ServePage",
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Action": "s3:GetObject",
        "Resource": f"{BUCKET_ARN}/*",
        "Condition": {"StringEquals": {"aws:SourceArn": DISTRIBUTION_ARN}},
    }


def test_the_distribution_signs_what_it_asks_of_the_one_bucket(page: Template) -> None:
    (origin,) = distribution(page)["Origins"]
    assert origin["DomainName"] == "api-usage-export-pagebucket.s3.eu-central-1.amazonaws.com"
    assert origin["OriginAccessControlId"] == page.physical_name("PageOriginAccess")
    assert origin["S3OriginConfig"] == {"OriginAccessIdentity": ""}
    access = page.resource("PageOriginAccess")["Properties"]["OriginAccessControlConfig"]
    assert access["OriginAccessControlOriginType"] == "s3"
    assert (access["SigningBehavior"], access["SigningProtocol"]) == ("always", "sigv4")
    assert {behavior["TargetOriginId"] for behavior in behaviors(page)} == {origin["Id"]}


def test_the_distribution_answers_the_root_with_the_page_over_current_protocols(
    page: Template,
) -> None:
    config = distribution(page)
    assert config["Enabled"] is True
    assert config["DefaultRootObject"] == "index.html"
    assert config["HttpVersion"] == "http2and3"
    assert config["IPV6Enabled"] is True


def test_every_path_is_read_only_https_only_compressed_and_has_the_headers(page: Template) -> None:
    for behavior in behaviors(page):
        assert behavior["ViewerProtocolPolicy"] == "redirect-to-https"
        assert behavior["AllowedMethods"] == ["GET", "HEAD"]
        assert behavior["Compress"] is True
        assert behavior["ResponseHeadersPolicyId"] == page.physical_name("PageHeaders")


@pytest.mark.parametrize(
    ("path", "cache_policy"),
    [
        ("/", CACHING_DISABLED),
        ("/index.html", CACHING_DISABLED),
        ("/config.json", CACHING_DISABLED),
        ("/assets/index-CemdRdPg.js", CACHING_OPTIMIZED),
        ("/assets/index-n6epIoMO.css", CACHING_OPTIMIZED),
    ],
)
def test_cloudfront_keeps_the_assets_and_asks_for_the_rest(
    page: Template, path: str, cache_policy: str
) -> None:
    config = distribution(page)
    first_match = next(
        (b for b in config["CacheBehaviors"] if fnmatchcase(path, b["PathPattern"])),
        config["DefaultCacheBehavior"],
    )
    assert first_match["CachePolicyId"] == cache_policy


def test_the_headers_are_those_that_the_page_is_served_with_here_and_hsts(page: Template) -> None:
    assert headers(page, override=True) == {
        **security_headers([API, ISSUER]),
        "Strict-Transport-Security": "max-age=31536000",
    }


def test_a_file_is_revalidated_unless_it_was_uploaded_to_be_kept(page: Template) -> None:
    # never instead of the file's own: that is what tells an asset from a missing one
    assert headers(page, override=False) == {"Cache-Control": REVALIDATED}


@pytest.mark.parametrize(
    ("issuer", "origin"),
    [
        ("https://login.example.com", "https://login.example.com"),
        ("https://login.example.com/", "https://login.example.com"),
        ("https://login.example.com:8443/realms/platform", "https://login.example.com:8443"),
        ("http://127.0.0.1:49152/dev", "http://127.0.0.1:49152"),
    ],
)
def test_the_page_may_connect_to_its_api_and_to_its_issuer(issuer: str, origin: str) -> None:
    page = Template(DOCUMENT, {**SERVED, "TokenIssuer": issuer})
    assert connect_sources(page) == ["'self'", API, origin]
    assert "*" not in content_security_policy(page)


def test_the_page_may_connect_to_the_further_origins_that_are_given() -> None:
    further = "https://users.auth.eu-central-1.amazoncognito.com https://z.example.com"
    page = Template(DOCUMENT, {**SERVED, "PageConnectOrigins": further})
    assert connect_sources(page) == ["'self'", API, ISSUER, *further.split()]
    # nothing but the order, which says nothing, is CloudFormation's
    assert directives(content_security_policy(page)) == directives(
        security_headers([API, ISSUER, *further.split()])["Content-Security-Policy"]
    )


def test_the_outputs_say_where_the_page_is_and_what_it_is_to_be_told(page: Template) -> None:
    said = page.outputs()
    assert said["PageUrl"] == "https://api-usage-export-PageDistribution.cloudfront.net"
    assert said["PageBucketName"] == page.physical_name("PageBucket")
    assert said["PageDistributionId"] == page.physical_name("PageDistribution")
    expected = PageConfig(
        api_url=said["ApiUrl"],
        issuer=IDENTITY_PROVIDER["TokenIssuer"],
        client_id="usage-page",
        row_limit=1_000_000,
        scope="openid email",
    )
    told = json.loads(said["PageConfig"])
    assert told == json.loads(expected.json())
    assert told["apiUrl"] == API


def test_the_page_is_told_what_to_ask_the_provider_for() -> None:
    asks = {"PageScope": "openid email api://usage/read", "PageAudience": "https://api.example.com"}
    told = json.loads(Template(DOCUMENT, {**SERVED, **asks}).outputs()["PageConfig"])
    assert told["scope"] == "openid email api://usage/read"
    assert told["authorizationParameters"] == {"audience": "https://api.example.com"}


def resources(template: Template) -> set[str]:
    return {name for name, resource in DOCUMENT["Resources"].items() if applies(template, resource)}


def applies(template: Template, part: dict[str, Any]) -> bool:
    intrinsics = Intrinsics(DOCUMENT, template.parameters)
    return "Condition" not in part or intrinsics.holds(part["Condition"])


def distribution(template: Template) -> dict[str, Any]:
    config: dict[str, Any] = template.resource("PageDistribution")["Properties"][
        "DistributionConfig"
    ]
    return config


def behaviors(template: Template) -> list[dict[str, Any]]:
    config = distribution(template)
    return [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]


def headers(template: Template, *, override: bool) -> dict[str, str]:
    """What the policy sends: instead of what the origin sends, or where it sends none."""
    config = template.resource("PageHeaders")["Properties"]["ResponseHeadersPolicyConfig"]
    security = {
        NAMED_BY_CLOUDFRONT[kind]: security_header(kind, settings)
        for kind, settings in config["SecurityHeadersConfig"].items()
        if settings["Override"] is override
    }
    custom = {
        item["Header"]: item["Value"]
        for item in config["CustomHeadersConfig"]["Items"]
        if item["Override"] is override
    }
    return security | custom


def security_header(kind: str, settings: dict[str, Any]) -> str:
    """A header's value as CloudFront writes it from a policy's settings."""
    given = {name: value for name, value in settings.items() if name != "Override"}
    match kind, given:
        case "ContentTypeOptions", _ if not given:
            return "nosniff"
        case "StrictTransportSecurity", {"AccessControlMaxAgeSec": seconds} if len(given) == 1:
            return f"max-age={seconds}"
    (value,) = given.values()
    return str(value)


def content_security_policy(template: Template) -> str:
    return headers(template, override=True)["Content-Security-Policy"]


def connect_sources(template: Template) -> list[str]:
    return [
        source
        for directive in content_security_policy(template).split("; ")
        if directive.startswith("connect-src ")
        for source in directive.split(" ")[1:]
    ]


def directives(policy: str) -> list[list[str]]:
    """A policy's directives, the sources of each in the order of the alphabet."""
    return [sorted(directive.split(" ")) for directive in policy.split("; ")]
