"""Domains of one's own, for the API and for the page."""

import pytest

from local.template import Template
from tests.template.conftest import IDENTITY_PROVIDER

API = {
    "ApiDomainName": "usage-api.example.com",
    "ApiCertificateArn": "arn:aws:acm:eu-central-1:123456789012:certificate/1234abcd",
}
PAGE = {
    "PageDomainName": "usage.example.com",
    "PageCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/5678abcd",
}
SERVED = {**IDENTITY_PROVIDER, "ServePage": "true", "PageClientId": "usage-page"}


def distribution(template: Template) -> dict[str, object]:
    config: dict[str, object] = template.resource("PageDistribution")["Properties"][
        "DistributionConfig"
    ]
    return config


def test_the_api_answers_at_its_domain_and_nowhere_else() -> None:
    template = Template.load(parameters={**IDENTITY_PROVIDER, **API})
    (domain,) = template.of_type("AWS::ApiGatewayV2::DomainName").values()
    assert domain == {
        "DomainName": "usage-api.example.com",
        "DomainNameConfigurations": [
            {
                "CertificateArn": API["ApiCertificateArn"],
                "EndpointType": "REGIONAL",
                "SecurityPolicy": "TLS_1_2",
            }
        ],
    }
    (mapping,) = template.of_type("AWS::ApiGatewayV2::ApiMapping").values()
    assert mapping == {
        "ApiId": template.physical_name("Api"),
        "DomainName": "usage-api.example.com",
        "Stage": "$default",
    }
    assert template.resource("Api")["Properties"]["DisableExecuteApiEndpoint"] is True
    said = template.outputs()
    assert said["ApiUrl"] == "https://usage-api.example.com"
    assert said["ApiDomainTarget"].endswith(".execute-api.eu-central-1.amazonaws.com")


def test_the_page_is_told_of_the_apis_domain_and_may_connect_to_it() -> None:
    template = Template.load(parameters={**SERVED, **API})
    assert '"apiUrl": "https://usage-api.example.com"' in template.outputs()["PageConfig"]
    policy = template.resource("PageHeaders")["Properties"]["ResponseHeadersPolicyConfig"][
        "SecurityHeadersConfig"
    ]["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    assert "connect-src 'self' https://usage-api.example.com https://login.example.com;" in policy


def test_the_page_has_its_domain_over_tls_that_is_current() -> None:
    template = Template.load(parameters={**SERVED, **PAGE})
    config = distribution(template)
    assert config["Aliases"] == ["usage.example.com"]
    assert config["ViewerCertificate"] == {
        "AcmCertificateArn": PAGE["PageCertificateArn"],
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "SslSupportMethod": "sni-only",
    }
    said = template.outputs()
    assert said["PageUrl"] == "https://usage.example.com"
    assert said["PageDomainTarget"] == "api-usage-export-PageDistribution.cloudfront.net"


@pytest.mark.parametrize("parameters", [IDENTITY_PROVIDER, SERVED])
def test_without_domains_nothing_asks_for_them(parameters: dict[str, str]) -> None:
    template = Template.load(parameters=parameters)
    assert not template.of_type("AWS::ApiGatewayV2::DomainName")
    assert not template.of_type("AWS::ApiGatewayV2::ApiMapping")
    assert template.resource("Api")["Properties"]["DisableExecuteApiEndpoint"] is False
    assert not {"ApiDomainTarget", "PageDomainTarget"} & set(template.outputs())
    if parameters is SERVED:
        assert not {"Aliases", "ViewerCertificate"} & set(distribution(template))


def test_a_pages_domain_without_a_page_asks_for_nothing() -> None:
    said = Template.load(parameters={**IDENTITY_PROVIDER, **PAGE}).outputs()
    assert not {"PageUrl", "PageDomainTarget"} & set(said)
