"""Which route a request takes, if any."""

import pytest

from tests.functional.served_api import ServedApi


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("GET", "/"),
        ("GET", "/nothing"),
        ("GET", "/exports/"),
        ("GET", "/exports/a/b"),
        ("GET", "/exports/a%2Fb"),
        ("GET", "/Exports"),
        ("PUT", "/exports"),
        ("HEAD", "/exports"),
        ("DELETE", "/exports/ex-1"),
        ("BREW", "/exports"),
    ],
)
def test_without_a_route_for_method_and_path_it_is_a_404(method: str, target: str) -> None:
    with ServedApi() as api:
        reply = api.request(target, method)
    assert reply.status == 404
    assert reply.body == (b"" if method == "HEAD" else b'{"message":"Not Found"}')
    assert not api.events
    assert not api.authorizer_events


@pytest.mark.parametrize(
    ("request_line", "route", "parameters"),
    [
        ("GET /pets/dog/1", "GET /pets/dog/1", None),
        ("GET /pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET /pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST /pets/dog/1", "ANY /{proxy+}", {"proxy": "pets/dog/1"}),
        ("PATCH /", "$default", None),
    ],
)
def test_the_most_specific_route_wins(
    request_line: str, route: str, parameters: dict[str, str] | None
) -> None:
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
    routes = [
        "ANY $default",
        "ANY /{proxy+}",
        "GET /pets/{proxy+}",
        "GET /pets/dog/{id}",
        "GET /pets/dog/1",
    ]
    with ServedApi(routes=routes) as api:
        method, target = request_line.split()
        assert api.request(target, method).status == 200
    assert api.event["routeKey"] == api.event["requestContext"]["routeKey"] == route
    assert api.event.get("pathParameters") == parameters
