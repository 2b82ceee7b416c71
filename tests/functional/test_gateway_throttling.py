"""More requests than the API takes: API Gateway's 429, before anything of ours is asked."""

import time

import pytest

from local.gateway.throttle import TokenBucket
from local.template import Template, Throttling
from tests.functional.served_api import PAGE, TOKEN, ServedApi


class Clock:
    """Seconds, as many as it is told."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def taken(bucket: TokenBucket, requests: int) -> int:
    return sum(bucket.take() for _ in range(requests))


def test_a_burst_passes_at_one_moment_and_no_more() -> None:
    assert taken(TokenBucket(Throttling(rate=20, burst=40), Clock()), 100) == 40


@pytest.mark.parametrize(("seconds", "let_in"), [(0.04, 0), (0.06, 1), (1, 20), (1.5, 30)])
def test_an_empty_bucket_fills_at_its_rate(seconds: float, let_in: int) -> None:
    clock = Clock()
    bucket = TokenBucket(Throttling(rate=20, burst=40), clock)
    taken(bucket, 100)
    clock.now += seconds
    assert taken(bucket, 100) == let_in


def test_a_quiet_hour_saves_up_no_more_than_a_burst() -> None:
    clock = Clock()
    bucket = TokenBucket(Throttling(rate=20, burst=40), clock)
    taken(bucket, 10)
    clock.now += 3600
    assert taken(bucket, 100) == 40


def test_what_was_refused_takes_nothing_from_those_that_come_later() -> None:
    clock = Clock()
    bucket = TokenBucket(Throttling(rate=2, burst=1), clock)
    let_in = 0
    for _ in range(100):  # ten a second, for ten seconds
        let_in += bucket.take()
        clock.now += 0.1
    assert 20 <= let_in <= 21


def test_too_many_requests_are_a_429_of_the_gateways_own_and_pass_a_little_later() -> None:
    with ServedApi(throttling=Throttling(rate=5, burst=2)) as api:
        assert [api.request("/exports").status for _ in range(2)] == [200, 200]
        reply = api.request("/exports", headers={**TOKEN, "Origin": PAGE})
        assert (reply.status, reply.body) == (429, b'{"message":"Too Many Requests"}')
        assert reply.headers["content-type"] == "application/json"
        assert reply.headers["access-control-allow-origin"] == PAGE  # or no page could read it
        assert reply.headers["retry-after"] is None  # an HTTP API cannot say it
        assert len(api.authorizer_events) == len(api.events) == 2
        time.sleep(0.25)
        assert api.request("/exports").status == 200


def test_requests_without_a_token_count_and_those_without_a_route_do_not() -> None:
    with ServedApi(throttling=Throttling(rate=0.001, burst=1)) as api:
        assert [api.request("/nowhere").status for _ in range(3)] == [404] * 3
        assert api.request("/exports", "OPTIONS", headers={"Origin": PAGE}).status == 204
        assert api.request("/exports", headers={}).status == 401
        assert api.request("/exports").status == 429


def test_the_templates_throttling_is_what_the_gateway_goes_by() -> None:
    throttling = Template.load(
        parameters={
            "TokenIssuer": "https://login.example.com",
            "TokenAudience": "api",
            "JwksUrl": "https://login.example.com/keys",
            "ThrottlingRate": "3",
            "ThrottlingBurst": "7",
        }
    ).throttling()
    assert throttling == Throttling(rate=3, burst=7)
