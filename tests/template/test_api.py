"""The HTTP API: no route without the authorizer, and no secret in its logs."""

import json
import re

from local.template import Cors, Route, Template


def test_the_routes_are_those_of_the_api(template: Template) -> None:
    assert set(template.routes()) == {
        Route("POST", "/exports", "ExportFunction"),
        Route("POST", "/exports/estimate", "ExportFunction"),
        Route("GET", "/exports", "ExportFunction"),
        Route("GET", "/exports/{id}", "ExportFunction"),
        Route("DELETE", "/exports/{id}", "ExportFunction"),
        Route("GET", "/usage", "AnalyticsFunction"),
    }
    assert len(template.routes()) == 6


def test_every_route_is_behind_the_authorizer(template: Template) -> None:
    assert template.authorizer() == "AuthorizerFunction"
    for properties in template.of_type("AWS::Serverless::Function").values():
        for event in properties.get("Events", {}).values():
            if event["Type"] == "HttpApi":
                # an event's own Auth could take the default authorizer away
                assert set(event["Properties"]) == {"ApiId", "Method", "Path"}
    (api,) = template.of_type("AWS::Serverless::HttpApi").values()
    assert {"DefinitionBody", "DefinitionUri", "RouteSettings"}.isdisjoint(api)


def test_an_answer_of_the_authorizer_holds_for_one_request(template: Template) -> None:
    auth = template.resource("Api")["Properties"]["Auth"]
    authorizer = auth["Authorizers"][auth["DefaultAuthorizer"]]
    assert authorizer["Identity"] == {"Headers": ["Authorization"], "ReauthorizeEvery": 0}
    assert authorizer["AuthorizerPayloadFormatVersion"] == "2.0"
    assert authorizer["EnableSimpleResponses"] is True
    assert authorizer["EnableFunctionDefaultPermissions"] is True


def test_pages_of_the_given_origins_may_call_the_api() -> None:
    template = Template.load(
        parameters={"AllowedOrigins": "https://a.example.com, https://b.example.com"}
    )
    cors = template.cors()
    assert cors == Cors(
        allow_origins=("https://a.example.com", "https://b.example.com"),
        allow_methods=("GET", "POST", "DELETE", "OPTIONS"),
        allow_headers=("Authorization", "Content-Type", "Idempotency-Key", "Prefer"),
        expose_headers=("Location", "Retry-After", "Preference-Applied"),
        max_age=3600,
    )
    assert {route.method for route in template.routes()} <= set(cors.allow_methods)


def test_the_api_is_throttled_as_its_parameters_say() -> None:
    template = Template.load(parameters={"ThrottlingRate": "3", "ThrottlingBurst": "7"})
    settings = template.resource("Api")["Properties"]["DefaultRouteSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (3, 7)


def test_an_access_log_line_is_json_of_known_fields(template: Template) -> None:
    settings = template.resource("Api")["Properties"]["AccessLogSettings"]
    line = json.loads(settings["Format"])
    assert all(re.fullmatch(r"\$context\.[A-Za-z_.]+", value) for value in line.values())
    # neither header nor path nor query: tokens and export ids stay out
    assert set(line) == {
        "request_id",
        "time",
        "source_ip",
        "route",
        "status",
        "response_bytes",
        "response_ms",
        "integration_ms",
        "integration_error",
        "authorizer_error",
        "workspace_id",
        "subject",
    }
    assert settings["DestinationArn"] == (
        f"arn:aws:logs:eu-central-1:123456789012:log-group:{template.physical_name('ApiLogs')}:*"
    )
