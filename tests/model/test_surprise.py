"""Counts that no scenario expects."""

import pytest
from scipy import integrate, stats

from model.domain import Indicator
from model.surprise import surprises
from tests.strategies import a_forecast, an_event, an_evidence

PRIORS = {"low": 0.5, "high": 0.5}


def said(
    stated: dict[str, float],
    credibilities: list[float],
    *,
    recurs: bool = True,
    spread: float = 0.5,
    coverage_sd: float = 0.25,
    exposure: float = 1.0,
) -> list[str]:
    indicator = Indicator(id="k", tags=("deal",), stated=stated, recurs=recurs, spread=spread)
    forecast = a_forecast([indicator], PRIORS, coverage_sd=coverage_sd)
    events = [an_event(20 * place, c, key=f"e{place}") for place, c in enumerate(credibilities)]
    return list(surprises(an_evidence(forecast, [(events, exposure)])))


def test_a_count_that_some_scenario_expects_surprises_nobody() -> None:
    assert said({"low": 0.2, "high": 6.0}, [0.9] * 6) == []


def test_far_more_events_than_any_scenario_expects_are_named() -> None:
    (sentence,) = said({"low": 0.2, "high": 0.5}, [0.9] * 8)
    assert sentence.startswith("k: 7 real events would surprise under every scenario")


def test_silence_where_every_scenario_expects_much_is_named() -> None:
    (sentence,) = said({"low": 60.0, "high": 90.0}, [])
    assert sentence.startswith("k: 0 real events")


def test_rumours_count_by_their_credibility() -> None:
    assert said({"low": 0.2, "high": 0.5}, [0.04] * 8) == []


@pytest.mark.parametrize(
    ("stated", "credibilities", "surprising"), [(0.003, [0.9], True), (0.02, [0.9], False)]
)
def test_a_one_off_surprises_where_it_was_thought_next_to_impossible(
    stated: float, credibilities: list[float], surprising: bool
) -> None:
    assert bool(said({"low": stated, "high": stated}, credibilities, recurs=False)) is surprising


def test_a_one_off_that_several_rumours_tell_of_happened_at_most_once() -> None:
    assert said({"low": 0.5, "high": 0.5}, [0.9, 0.9, 0.9], recurs=False) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("spread", "coverage_sd"), [(0.0, 0.0), (0.5, 0.0), (0.0, 0.4), (0.5, 0.4), (1.5, 0.8)]
)
@pytest.mark.parametrize("count", [0, 3, 9, 14])
def test_the_tail_is_that_of_the_mixed_poisson_law(spread: float, coverage_sd: float, count: int) -> None:
    mean, exposure = 4.0, 0.7
    expected = 2 * min(tails(mean * exposure, spread, coverage_sd, count))
    found = said(
        {"low": mean, "high": mean}, [1.0] * count, spread=spread, coverage_sd=coverage_sd, exposure=exposure
    )
    assert bool(found) is (expected < 0.01)


def tails(mean: float, spread: float, coverage_sd: float, count: int) -> tuple[float, float]:
    """``P(N ≤ count)`` and ``P(N ≥ count)`` by adaptive quadrature over the coverage."""

    def at(h: float) -> tuple[float, float]:
        if spread == 0:
            law = stats.poisson(mean * h)
            return float(law.cdf(count)), float(law.sf(count - 1))
        shape = spread**-2
        negative_binomial = stats.nbinom(shape, shape / (shape + mean * h))
        return float(negative_binomial.cdf(count)), float(negative_binomial.sf(count - 1))

    if coverage_sd == 0:
        return at(1.0)
    law = stats.lognorm(coverage_sd, scale=stats.lognorm(coverage_sd).mean() ** -1)
    return (
        integrate.quad(lambda h: law.pdf(h) * at(h)[0], 0, 40, limit=400)[0],
        integrate.quad(lambda h: law.pdf(h) * at(h)[1], 0, 40, limit=400)[0],
    )
