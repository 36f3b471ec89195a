"""Which forecast stands on a day, and what a question scores over the days on which it was open."""

import math
from collections.abc import Iterable
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.errors import InvalidValue
from model.scores import Scores, average, scores
from model.standing import Belief, Spell, open_days, standing

OPENED, HORIZON = date(2025, 1, 1), date(2025, 1, 31)
PRIOR = (0.4, 0.6)
DAY = timedelta(days=1)


def belief(since: int, as_of: int, up: float, run: int = 1) -> Belief:
    return Belief(since=OPENED + since * DAY, as_of=OPENED + as_of * DAY, probabilities=(1 - up, up), run=run)


def stood(*beliefs: Belief, days: int = 10) -> list[float]:
    """What was said of the second scenario at the end of each day."""
    spells = standing(beliefs, PRIOR, opened=OPENED, days=days)
    assert [one.first for one in spells[1:]] == [one.last + DAY for one in spells[:-1]]
    return [one.probabilities[1] for one in spells for _ in range(one.days)]


def time_averaged(spells: Iterable[Spell], outcome: int) -> Scores:
    return average((scores(one.probabilities, outcome), one.days) for one in spells)


def test_the_prior_stands_until_something_is_published() -> None:
    assert stood() == [0.6] * 10
    assert stood(belief(3, 3, 0.8)) == [0.6] * 3 + [0.8] * 7


def test_a_run_stands_from_the_day_on_which_it_was_recorded() -> None:
    assert stood(belief(7, 2, 0.99)) == [0.6] * 7 + [0.99] * 3


def test_what_is_recorded_after_a_later_cutoff_never_stands() -> None:
    assert stood(belief(3, 3, 0.7, 1), belief(5, 1, 0.99, 2)) == [0.6] * 3 + [0.7] * 7


def test_a_cutoff_that_is_done_again_stands_from_then_on() -> None:
    assert stood(belief(3, 3, 0.7, 1), belief(5, 3, 0.9, 2)) == [0.6] * 3 + [0.7] * 2 + [0.9] * 5


def test_of_two_that_are_recorded_on_one_day_the_later_cutoff_stands() -> None:
    assert stood(belief(4, 4, 0.7, 1), belief(4, 3, 0.9, 2)) == [0.6] * 4 + [0.7] * 6
    assert stood(belief(4, 3, 0.9, 1), belief(4, 4, 0.7, 2)) == [0.6] * 4 + [0.7] * 6


def test_what_is_recorded_when_the_question_is_closed_does_not_count() -> None:
    assert stood(belief(10, 9, 1.0)) == [0.6] * 10


def test_the_run_that_stood_is_named() -> None:
    found = standing([belief(3, 3, 0.7, 41)], PRIOR, opened=OPENED, days=5)
    assert [(one.run, one.days) for one in found] == [(None, 3), (41, 2)]


def test_a_question_that_was_open_on_no_day_has_no_score() -> None:
    assert standing([belief(0, 0, 0.7)], PRIOR, opened=OPENED, days=0) == ()
    with pytest.raises(InvalidValue, match="nothing to average"):
        time_averaged((), 0)


@pytest.mark.parametrize(
    ("resolved", "days"),
    [(OPENED, 0), (OPENED + DAY, 1), (HORIZON, 30), (HORIZON + DAY, 31), (HORIZON + 90 * DAY, 31)],
)
def test_a_question_is_open_from_its_opening_to_the_day_before_its_resolution_or_its_horizon(
    resolved: date, days: int
) -> None:
    assert open_days(OPENED, HORIZON, resolved) == days


runs = st.lists(
    st.tuples(st.integers(0, 20), st.integers(0, 20), st.floats(0, 1)).filter(lambda one: one[1] <= one[0]),
    max_size=12,
)


@given(told=runs, days=st.integers(1, 15))
def test_every_day_has_what_a_search_of_that_day_finds(told: list[tuple[int, int, float]], days: int) -> None:
    beliefs = [belief(*one, number) for number, one in enumerate(sorted(told, key=lambda run: run[0]))]
    expected = []
    for day in range(days):
        seen = [one for one in beliefs if one.since <= OPENED + day * DAY]
        newest = max(seen, key=lambda one: (one.as_of, one.run), default=None)
        expected.append(newest.probabilities[1] if newest else 0.6)
    assert stood(*beliefs, days=days) == expected


@given(told=runs, outcome=st.integers(0, 1))
def test_the_average_over_spells_is_that_over_days(told: list[tuple[int, int, float]], outcome: int) -> None:
    beliefs = [belief(*one) for one in told]
    spells = standing(beliefs, PRIOR, opened=OPENED, days=15)
    daily = [scores(one.probabilities, outcome) for one in spells for _ in range(one.days)]
    found, loop = time_averaged(spells, outcome), average((one, 1.0) for one in daily)
    assert len(daily) == 15
    assert math.isclose(found.brier, loop.brier, abs_tol=1e-12)
    assert found.log == loop.log or math.isclose(found.log, loop.log, abs_tol=1e-12)


def test_a_late_certainty_does_not_dominate() -> None:
    late = [
        Spell(first=OPENED, days=99, probabilities=(0.5, 0.5)),
        Spell(first=OPENED + 99 * DAY, days=1, probabilities=(0.0, 1.0)),
    ]
    assert math.isclose(time_averaged(late, 1).brier, 0.99 * 0.5)
