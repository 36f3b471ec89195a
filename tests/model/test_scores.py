"""Scores: the published table, propriety, and other people's code."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import scoringrules
from hypothesis import given
from hypothesis import strategies as st

from model.errors import InvalidValue
from model.scores import Scores, average, scores, skill, uniform

DOWNSIDE, BASE, UPSIDE = range(3)
PRIOR = (0.15, 0.60, 0.25)


@st.composite
def probabilities(draw: st.DrawFn, least: float = 0.0) -> tuple[float, ...]:
    weights = draw(st.lists(st.floats(least, 1), min_size=2, max_size=6).filter(lambda some: sum(some) > 0.1))
    return tuple(one / sum(weights) for one in weights)


@pytest.mark.parametrize(
    ("outcome", "brier", "log", "rps"),
    [(BASE, 0.245, 0.511, 0.085), (UPSIDE, 0.945, 1.386, 0.585), (DOWNSIDE, 1.145, 1.897, 0.785)],
)
def test_the_shipped_prior_scores_what_the_standards_say(
    outcome: int, brier: float, log: float, rps: float
) -> None:
    found = scores(PRIOR, outcome)
    assert (round(found.brier, 9), round(found.log, 3), round(found.rps, 9)) == (brier, log, rps)


def test_the_prior_expects_of_itself_what_the_standards_say() -> None:
    expected = average((scores(PRIOR, outcome), PRIOR[outcome]) for outcome in range(3))
    assert round(expected.brier, 9) == 0.555


def test_who_knows_nothing_scores_two_thirds_of_three_scenarios_whatever_comes() -> None:
    assert {round(scores(uniform(3), outcome).brier, 3) for outcome in range(3)} == {0.667}


def test_certainty_scores_nothing_or_the_worst_there_is() -> None:
    sure = (1.0, 0.0, 0.0)
    assert scores(sure, 0) == Scores(brier=0, log=0, rps=0)
    assert scores(sure, 2) == Scores(brier=2, log=math.inf, rps=2)
    assert math.copysign(1, scores(sure, 0).log) == 1


def ranked_by_hand(forecast: Sequence[float], outcome: int) -> float:
    return sum(
        (sum(forecast[: upto + 1]) - (1 if outcome <= upto else 0)) ** 2 for upto in range(len(forecast) - 1)
    )


@given(forecast=probabilities(), data=st.data())
def test_they_agree_with_scoringrules_and_with_sums_done_by_hand(
    forecast: tuple[float, ...], data: st.DataObject
) -> None:
    outcome = data.draw(st.integers(0, len(forecast) - 1))
    came = np.eye(len(forecast))[outcome]
    found = scores(forecast, outcome)
    assert math.isclose(found.rps, ranked_by_hand(forecast, outcome), abs_tol=1e-12)
    normal = np.array(forecast) / math.fsum(forecast)
    theirs = scoringrules.rps_score(came, normal, onehot=True)
    assert math.isclose(found.rps, float(theirs), abs_tol=1e-9)
    assert math.isclose(found.brier, float(scoringrules.brier_score(came, normal).sum()), abs_tol=1e-9)
    if forecast[outcome] > 1e-3:  # below, theirs loses digits
        assert math.isclose(found.log, float(scoringrules.log_score(1, forecast[outcome])), abs_tol=1e-9)


@given(belief=probabilities(least=0.01), data=st.data())
def test_nobody_expects_to_score_better_than_by_stating_what_they_believe(
    belief: tuple[float, ...], data: st.DataObject
) -> None:
    weights = data.draw(st.lists(st.floats(0.01, 1), min_size=len(belief), max_size=len(belief)))
    said = tuple(one / sum(weights) for one in weights)
    honest, other = (
        average((scores(one, outcome), belief[outcome]) for outcome in range(len(belief)))
        for one in (belief, said)
    )
    assert honest.brier <= other.brier + 1e-9
    assert honest.log <= other.log + 1e-9
    assert honest.rps <= other.rps + 1e-9


@given(st.lists(st.tuples(probabilities(), st.integers(0, 5)), min_size=1, max_size=8))
def test_an_average_by_weights_is_that_of_a_loop(told: list[tuple[tuple[float, ...], int]]) -> None:
    scored = [(scores(forecast, 0), days) for forecast, days in told]
    every = [one for one, days in scored for _ in range(days)]
    if not every:
        with pytest.raises(InvalidValue, match="nothing to average"):
            average(scored)
        return
    found = average(scored)
    assert math.isclose(found.brier, sum(one.brier for one in every) / len(every), abs_tol=1e-9)
    assert math.isclose(found.rps, sum(one.rps for one in every) / len(every), abs_tol=1e-9)
    log = sum(one.log for one in every) / len(every)
    assert found.log == log or math.isclose(found.log, log, abs_tol=1e-9)


def test_what_stood_for_no_day_cannot_make_an_average_infinite() -> None:
    impossible, sure = scores((1.0, 0.0), 1), scores((0.0, 1.0), 1)
    assert average([(impossible, 0), (sure, 3)]) == sure
    assert average([(impossible, 1), (sure, 99)]).log == math.inf


def test_skill_is_the_share_of_the_reference_that_was_avoided() -> None:
    assert skill(0.1, 0.4) == 0.75
    assert skill(0.4, 0.4) == 0
    assert skill(0.8, 0.4) == -1
    assert skill(math.inf, 0.4) == -math.inf
    assert skill(0.4, math.inf) == 1


def test_skill_against_a_reference_that_cannot_be_bettered_has_no_meaning() -> None:
    assert skill(0.1, 0) is None
    assert skill(math.inf, math.inf) is None


@pytest.mark.parametrize(
    ("forecast", "outcome", "said"),
    [
        ((0.5, 0.6), 0, "sum to 1.1, not to 1"),
        ((1.5, -0.5), 0, r"must lie in \[0, 1\]"),
        ((math.nan, 1.0), 0, r"must lie in \[0, 1\]"),
        ((0.5, 0.5), 2, "none has the place 2"),
        ((0.5, 0.5), -1, "none has the place -1"),
    ],
)
def test_nonsense_is_refused(forecast: tuple[float, ...], outcome: int, said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        scores(forecast, outcome)
