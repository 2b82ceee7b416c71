"""Whoever is not an admin gets nothing from requests made from the OpenAPI document."""

import pytest

from local.stack import LocalStack
from tests.functional.fuzzing import fuzz

pytestmark = pytest.mark.embedded("nothing gets through to an engine")

some_or_many = pytest.mark.parametrize("examples", [8, pytest.param(40, marks=pytest.mark.slow)])
TOO_LONG = 431  # is said before anybody looks at a token


@some_or_many
def test_a_member_is_refused_whatever_is_asked(stack: LocalStack, examples: int) -> None:
    token = stack.identity_provider.token(admin=False)
    exchanges = fuzz(stack.url, token, max_examples=examples, stateful=False)
    answers = [exchange.status for exchange in exchanges if exchange.is_documented]
    assert len(answers) > 500
    assert set(answers) <= {403, TOO_LONG}


@some_or_many
def test_nobody_is_refused_whatever_is_asked(stack: LocalStack, examples: int) -> None:
    exchanges = fuzz(stack.url, None, max_examples=examples, stateful=False)
    answers = [exchange.status for exchange in exchanges if exchange.is_documented]
    assert len(answers) > 500
    assert set(answers) <= {401, TOO_LONG}
