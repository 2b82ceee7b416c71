"""The `Prefer` header, in the forms that RFC 7240 allows."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.prefer import Preference, preferred_wait

DEFAULT = timedelta(seconds=20)
LONGEST = timedelta(seconds=25)


def read(header: str | None) -> Preference:
    return preferred_wait(header, default=DEFAULT, longest=LONGEST)


def seconds(count: int) -> Preference:
    return Preference(timedelta(seconds=count), f"wait={count}")


ASYNC = Preference(timedelta(0), "respond-async")


@pytest.mark.parametrize(
    "header",
    [None, "", " ", ",", "return=minimal", "handling=lenient; strict", 'foo="bar", priority=5'],
)
def test_the_wait_is_the_usual_one_where_nothing_is_said_of_it(header: str | None) -> None:
    assert read(header) == Preference(DEFAULT, "")


@pytest.mark.parametrize(
    "header",
    [
        "wait=5",
        "wait = 5",
        "WAIT=5",
        'wait="5"',
        "wait=005",
        " wait=5 ",
        ", ,wait=5,",
        "wait=5; foo=bar",
        'wait=5;foo="a,b";x',
        "respond-async, wait=5",
        "wait=5, respond-async",
        "return=minimal,wait=5",
        'foo="a, \\", b", wait=5',
    ],
)
def test_a_wait_is_read_in_every_form(header: str) -> None:
    assert read(header) == seconds(5)


@pytest.mark.parametrize(
    "header",
    ["respond-async", "Respond-Async", "respond-async; x=y", "return=minimal,respond-async"],
)
def test_who_does_not_want_to_wait_does_not(header: str) -> None:
    assert read(header) == ASYNC


def test_no_time_at_all_may_be_asked_for() -> None:
    assert read("wait=0") == seconds(0)


@pytest.mark.parametrize("header", ["wait=26", "wait=3600", "wait=99999", "wait=" + "9" * 250])
def test_a_wait_over_the_longest_is_shortened_and_says_so(header: str) -> None:
    assert read(header) == seconds(25)


def test_of_two_waits_the_first_counts() -> None:
    assert read("wait=5, wait=10") == seconds(5)
    assert read("wait=10, wait=5") == seconds(10)


@pytest.mark.parametrize(
    "header", ["wait", "wait=", "wait=-1", "wait=1.5", "wait=5s", "wait=٥", "wait=²", "await=5"]
)
def test_a_wait_that_is_no_number_of_seconds_is_ignored(header: str) -> None:
    assert read(header) == Preference(DEFAULT, "")


@pytest.mark.parametrize("header", ['foo="a, wait=5"', 'foo="x, respond-async, y"', "foo; wait=5"])
def test_what_another_preference_contains_is_not_asked_for(header: str) -> None:
    assert read(header) == Preference(DEFAULT, "")


@given(
    header=st.one_of(st.text(max_size=256), st.text('wait=respond-async0159",; \\', max_size=40))
)
def test_any_header_gives_a_wait_within_bounds(header: str) -> None:
    preference = read(header)
    assert timedelta(0) <= preference.wait <= LONGEST
    expected = {"", "respond-async", f"wait={preference.wait // timedelta(seconds=1)}"}
    assert preference.applied in expected
