"""Fetching in a network of its own, with real name servers and public addresses."""

import pytest

from tests.own_network import MUTE, asked, available
from tests.web_names import ELSEWHERE, PUBLIC

pytestmark = pytest.mark.slow
INSIDE = "127.0.0.1"
NOT_PUBLIC = "leads to 127.0.0.1, which is no address of the public internet"


@pytest.fixture(autouse=True, scope="module")
def _network() -> None:
    if not available():
        pytest.skip("this system lets nobody make a network of their own")


@pytest.mark.parametrize("turn", [[PUBLIC], [ELSEWHERE], [PUBLIC, ELSEWHERE], [INSIDE, PUBLIC, "10.0.0.1"]])
def test_what_is_outside_is_asked(turn: list[str]) -> None:
    assert asked("/feed", turn) == {"came": "<rss/>", "outside": ["/feed"], "inside": []}


@pytest.mark.parametrize(
    ("path", "turns"), [("/feed", [[INSIDE]]), ("/inside", [[PUBLIC]]), ("/again", [[PUBLIC], [INSIDE]])]
)
def test_what_is_inside_is_not_asked(path: str, turns: list[list[str]]) -> None:
    found = asked(path, *turns)
    assert NOT_PUBLIC in str(found["came"])
    assert found["inside"] == []


def test_a_name_that_is_made_to_stand_for_something_else_after_the_check_gains_nothing() -> None:
    found = asked("/feed", [PUBLIC], [INSIDE])
    assert found == {"came": "<rss/>", "outside": ["/feed"], "inside": []}


def test_name_servers_that_are_silent_are_left_in_time() -> None:
    found = asked("/feed", MUTE, timeout=0.5)
    assert "gives no whole answer within 0.5 s" in str(found["came"])
