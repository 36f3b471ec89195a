"""Which forecasts PyMC checks tonight."""

import math
from collections.abc import Sequence
from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.rotation import FAILED, Candidate, candidate, draw
from storage.checks import Checked

FIRST = date(2026, 1, 1)
LAST = Checked(
    run=1,
    as_of=FIRST,
    agreed=True,
    forecast_digest="f",
    code_digest="c",
    probabilities={"down": 0.4, "up": 0.6},
)


def compared(last: Checked | None, up: float = 0.6, definition: str = "f", code: str = "c") -> Candidate:
    now = {"down": 1 - up, "up": up}
    return candidate("a", last, definition=definition, code=code, probabilities=now, move_points=10)


def nights(number: int, places: int, urgent: Sequence[set[int]]) -> dict[str, list[int]]:
    """On which nights each forecast is checked, some of them urgent every night."""
    last: dict[str, date] = {}
    checked: dict[str, list[int]] = {f"{one}": [] for one in range(number)}
    for place, pressing in enumerate(urgent):
        asked = [
            Candidate(forecast=one, last=last.get(one), urgent="moved" if int(one) in pressing else "")
            for one in checked
        ]
        for one in draw(asked, places).chosen:
            last[one] = FIRST + timedelta(days=place)
            checked[one].append(place)
    return checked


@given(st.data(), st.integers(1, 12), st.integers(1, 6))
def test_all_have_their_turn_whatever_is_urgent(data: st.DataObject, number: int, places: int) -> None:
    turn = math.ceil(number / math.ceil(places / 2))
    pressing = st.sets(st.integers(0, number - 1))
    urgent = data.draw(st.lists(pressing, min_size=3 * turn, max_size=3 * turn))
    for seen in nights(number, places, urgent).values():
        gaps = [after - before for before, after in zip([-1, *seen], [*seen, 3 * turn], strict=True)]
        assert max(gaps) <= turn


@given(st.integers(1, 12), st.integers(1, 6))
def test_where_nothing_is_urgent_a_turn_is_as_short_as_can_be(number: int, places: int) -> None:
    turn = math.ceil(number / places)
    for seen in nights(number, places, [set[int]()] * (3 * turn)).values():
        assert all(after - before <= turn for before, after in zip([-1, *seen], seen, strict=False))


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["", "moved", FAILED])), max_size=9))
def test_a_night_draws_the_same_sample_again_and_tells_the_others_when_they_are_next(
    stated: list[tuple[int, str]],
) -> None:
    asked = [
        Candidate(forecast=f"{place}", last=FIRST + timedelta(days=age), urgent=why)
        for place, (age, why) in enumerate(stated)
    ]
    tonight = draw(asked, 2)
    assert tonight == draw(asked, 2)
    assert {one.forecast for one in asked} == {*tonight.chosen, *tonight.turns}
    assert all(one.forecast in tonight.chosen for one in asked if one.failed)
    assert len(tonight.chosen) <= 2 + sum(one.failed for one in asked)
    assert all(nights >= 1 for nights in tonight.turns.values())


def test_what_was_never_checked_comes_first() -> None:
    asked = [Candidate(forecast="old", last=FIRST), Candidate(forecast="new")]
    assert list(draw(asked, 1).chosen) == ["new"]


def test_what_changed_or_moved_far_is_urgent() -> None:
    assert compared(LAST).urgent == ""
    assert compared(LAST, up=0.69).urgent == ""
    assert compared(LAST, up=0.71).urgent == "it moved by 11.0 pp since its last check"
    assert compared(LAST, definition="g").urgent == "it was defined anew since its last check"
    assert compared(LAST, code="d").urgent == "the program changed since its last check"
    assert compared(None) == Candidate(forecast="a")


def test_half_of_the_places_are_for_what_is_urgent() -> None:
    young = [
        Candidate(forecast=name, last=FIRST + timedelta(days=9), urgent="moved") for name in ("x", "y", "z")
    ]
    old = [Candidate(forecast=name, last=FIRST) for name in ("a", "b", "c")]
    assert draw([*young, *old], 4).chosen == {
        "x": "moved",
        "y": "moved",
        "a": "it was its turn",
        "b": "it was its turn",
    }


def test_a_run_says_when_its_turn_comes() -> None:
    asked = [Candidate(forecast=f"{place}", last=FIRST) for place in range(5)]
    drawn = draw(asked, 2)
    assert drawn.told("0", FIRST)["text"] == "In tonight's sample for PyMC: it was its turn."
    assert drawn.told("4", FIRST) == {
        "drawn": False,
        "why": None,
        "last": "2026-01-01",
        "within_nights": 3,
        "text": "Not in tonight's sample, so PyMC did not check it; it agreed as of 2026-01-01, and its turn "
        "comes within 3 nights.",
    }
