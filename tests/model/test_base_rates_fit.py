"""Base rates as PyMC samples them, beside closed forms, a grid, and worlds weighed by their likelihood."""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from benchmarks.base_rate_calibration import ranks
from benchmarks.base_rate_worlds import worlds
from model import base_rate_checks, base_rate_sampling
from model import base_rate_window as window
from model.base_rate_sampling import Effort
from model.base_rates import BaseRates, History, Priors, fit

pytestmark = pytest.mark.slow

NONE = 1e-3  # a scale that leaves nothing to vary
ALONE = {"between": NONE, "country_drift": NONE, "shared_drift": NONE}
POISSON = Priors(level=8.0, yearly_cv=NONE, **ALONE)
SIX = (4, 0, 7, 2, 5, 3)
LIGHT = (Effort(draws=500, tune=500, target_accept=0.95),)


def a_history(counts: NDArray[np.int64], exposure: NDArray[np.float64] | None = None) -> History:
    names = tuple(f"{chr(65 + place)}{chr(65 + place)}" for place in range(len(counts)))
    return History(
        kind="deals",
        countries=names,
        years=tuple(range(2001, 2001 + counts.shape[1])),
        counts=counts,
        exposure=np.ones(counts.shape) if exposure is None else exposure,
    )


@cache
def one_country(counts: tuple[int, ...], priors: Priors) -> BaseRates:
    return fit(a_history(np.array([counts])), seed=7, priors=priors)


def test_one_country_with_a_poisson_has_the_conjugate_gamma() -> None:
    rates = one_country(SIX, POISSON)
    found = rates.expected(["AA"], 2.5)
    rate = stats.gamma(sum(SIX), scale=1 / len(SIX))  # a flat prior of the log rate, which sd 8 nearly is
    counts = stats.nbinom(sum(SIX), len(SIX) / (len(SIX) + 2.5))
    assert rates.sound
    assert found.expected == pytest.approx(2.5 * rate.mean(), rel=0.02)
    assert found.spread == pytest.approx(1 / math.sqrt(sum(SIX)), rel=0.05)
    assert [found.expected_low, found.expected_high] == pytest.approx(2.5 * rate.ppf([0.1, 0.9]), rel=0.03)
    assert [found.low, found.high] == pytest.approx(counts.ppf([0.1, 0.9]), abs=1)


def by_grid(counts: tuple[int, ...], priors: Priors, years: float) -> tuple[float, float, float]:
    """E N, c and P(no occasion next year) of one country without drift, on a grid of log rate and ω."""
    log_rate, cv = np.meshgrid(np.linspace(-8, 8, 1201), np.linspace(0.0025, 5, 1000), indexing="ij")
    size = cv**-2
    weight = stats.norm(0, priors.level).pdf(log_rate) * stats.halfnorm(0, priors.yearly_cv).pdf(cv)
    for count in counts:
        weight *= stats.nbinom.pmf(count, size, size / (size + np.exp(log_rate)))
    weight /= weight.sum()
    rate = np.exp(log_rate)
    squares = (years // 1 + (years % 1) ** 2) / years**2
    mean = np.sum(weight * rate)
    square = np.sum(weight * rate**2 * (1 + cv**2 * squares))
    zero = np.sum(weight * stats.nbinom.pmf(0, size, size / (size + rate)))
    return float(years * mean), math.sqrt(square / mean**2 - 1), float(zero)


@pytest.mark.parametrize(
    ("counts", "off"),
    [(SIX, 0.12), ((0, 0, 12, 1, 0, 0), 0.3), ((0, 0, 0, 0, 0, 0), 0.5)],  # a large c rests on rare draws
    ids=["regular", "one outburst", "never"],
)
def test_one_country_without_drift_agrees_with_a_grid(counts: tuple[int, ...], off: float) -> None:
    priors = Priors(**ALONE)
    rates = one_country(counts, priors)
    mean, c, zero = by_grid(counts, priors, 1.5)
    found = rates.expected(["AA"], 1.5)
    assert rates.sound
    assert found.expected == pytest.approx(mean, rel=off / 2)
    assert found.spread == pytest.approx(c, rel=off)
    assert rates.probabilities("AA", np.array([0]), ahead=3)[0] == pytest.approx(zero, abs=0.01)


COUNTS = np.array([[2, 0, 1, 3], [0, 6, 0, 0], [0, 1, 0, 0]])
EXPOSURE = np.array([[1.0, 1, 1, 1], [1, 0.5, 0, 0], [0, 0.3, 1, 0]])


@cache
def in_part() -> BaseRates:
    return fit(a_history(COUNTS, EXPOSURE), seed=11)


def weighed(cut: window.Blocks, which: list[int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw Λ of a million worlds from the prior, each with its likelihood; no code of the model in it."""
    rng = np.random.default_rng(21)
    rates, weights = [], []
    times = np.concatenate([np.arange(4.0), 3 + cut.lags])
    for _ in range(20):
        drawn = worlds(Priors(), many=50_000, countries=3, times=times, rng=rng)
        size = drawn.yearly_cv[:, None, None] ** -2
        mean = EXPOSURE * np.exp(drawn.log_rate[..., :4])
        with np.errstate(invalid="ignore"):
            terms = stats.nbinom.logpmf(COUNTS, size, size / (size + mean))
        weights.append(np.exp(np.where(EXPOSURE > 0, terms, 0).sum(axis=(1, 2))))
        shape = (50_000, len(which), cut.lags.size)
        multiplier = rng.gamma(np.broadcast_to(size, shape), np.broadcast_to(1 / size, shape))
        ahead = cut.lengths * np.exp(drawn.log_rate[:, which, 4:]) * multiplier
        rates.append(ahead.sum(axis=(1, 2)))
    return np.concatenate(rates), np.concatenate(weights)


def test_a_history_seen_in_part_agrees_with_worlds_weighed_by_their_likelihood() -> None:
    rates, cut = in_part(), window.blocks(1.5, 0.5)
    found = rates.expected(["AA", "BB"], 1.5, after=0.5)
    drawn, weights = weighed(cut, [0, 1])
    weights /= weights.sum()
    assert 1 / np.sum(weights**2) > 5000  # effective worlds
    zero = np.sum(weights * np.exp(-drawn))
    again = window.simulate(rates.draws, [0, 1], cut, times=5, rng=np.random.default_rng(1))
    assert rates.sound
    assert found.expected == pytest.approx(np.sum(weights * drawn), rel=0.06)
    assert np.mean(again == 0) == pytest.approx(zero, abs=0.012)
    below = np.cumsum(weights[np.argsort(drawn)])
    quantiles = np.sort(drawn)[np.searchsorted(below, [0.1, 0.5, 0.9])]
    chances = [np.sum(weights * stats.poisson.cdf(count, drawn)) for count in (2, 5, 10)]
    assert [np.mean(again <= count) for count in (2, 5, 10)] == pytest.approx(chances, abs=0.015)
    assert all(low < high for low, high in pairwise(quantiles))


def test_one_year_of_one_country_is_a_history() -> None:
    rates = fit(a_history(np.array([[3]])), seed=4)
    rng = np.random.default_rng(22)
    drawn = worlds(Priors(), many=400_000, countries=1, times=np.array([0.0, 2.0]), rng=rng)
    size = drawn.yearly_cv**-2
    seen, ahead = np.exp(drawn.log_rate[:, 0]).T
    with np.errstate(invalid="ignore"):
        weights = stats.nbinom.pmf(3, size, size / (size + seen))
        zero = stats.nbinom.pmf(0, size, size / (size + ahead))
    found = rates.expected(["AA"], 1.0, after=1.0)
    assert rates.sound
    assert found.expected == pytest.approx(np.average(ahead, weights=weights), rel=0.15)
    expected_zero = np.average(zero, weights=weights)
    assert rates.probabilities("AA", np.array([0]), ahead=2)[0] == pytest.approx(expected_zero, abs=0.015)


def test_a_country_that_nobody_observed_is_predicted_from_the_others() -> None:
    exposure = np.array([[1.0] * 4, [1.0] * 4, [0.0] * 4])  # as many cells as above: compiled once
    counts = np.array([[4, 6, 5, 3], [5, 2, 6, 4], [0, 0, 0, 0]])
    rates = fit(a_history(counts, exposure), seed=2)
    unseen, seen = (rates.expected([one], 1.0) for one in ("CC", "AA"))
    assert unseen.expected_low < seen.expected < unseen.expected_high
    assert unseen.spread > seen.spread


def test_the_same_seed_gives_the_same_draws() -> None:
    again = fit(a_history(COUNTS, EXPOSURE), seed=11)
    assert np.array_equal(again.draws.log_rate, in_part().draws.log_rate)
    assert again.expected(["AA"], 1.0) == in_part().expected(["AA"], 1.0)


def test_dimensions_are_named() -> None:
    model = base_rate_sampling.build_model(a_history(COUNTS, EXPOSURE), Priors())
    assert model.named_vars_to_dims["log_rate"] == ("country", "year")
    assert model.named_vars_to_dims["count"] == ("cell",)
    assert list(model.coords["country"]) == ["AA", "BB", "CC"]
    assert list(model.coords["cell"])[4:7] == ["BB 2001", "BB 2002", "CC 2002"]


def test_large_counts_are_followed() -> None:
    history = a_history(np.array([[420, 510, 470, 530, 455, 490]]))
    mean = 2 * history.counts.mean()
    steady = fit(history, seed=3, priors=Priors(**ALONE))
    drifting = fit(history, seed=3, attempts=LIGHT)  # whose checks would take fifty times as long to pass
    assert steady.sound
    assert steady.expected(["AA"], 2.0).expected == pytest.approx(mean, rel=0.05)
    assert drifting.expected(["AA"], 2.0).expected == pytest.approx(mean, rel=0.1)


def test_a_fit_that_is_too_short_is_tried_again_and_then_flagged() -> None:
    short = Effort(draws=30, tune=10, target_accept=0.8)
    said: list[str] = []
    rates = fit(a_history(COUNTS, EXPOSURE), seed=1, attempts=(short, short), say=said.append)
    failed = {check.name for check in rates.checks if check.passed is False}
    assert rates.attempts == 2
    assert said == ["sampling the rates of deals", "sampling the rates of deals, longer"]
    assert "ess_bulk" in failed
    assert not rates.sound
    assert not rates.expected(["AA"], 1.0).sound


def test_checks_name_what_they_compared() -> None:
    figures = {check.name: check for check in in_part().checks}
    assert set(figures) == {
        *("rhat", "ess_bulk", "ess_tail", "divergences", "bfmi"),
        *("predictive_zeros", "predictive_largest", "predictive_variance_over_mean"),
    }
    observed = {one.name: one.observed for one in in_part().predicted}
    assert observed["zeros"] == pytest.approx(3 / 8)
    assert observed["largest"] == 6
    assert all(one.low <= one.high and 0 <= one.tail <= 1 for one in in_part().predicted)


def test_counts_that_the_model_cannot_have_drawn_fail_a_predictive_check() -> None:
    rates = in_part()
    regular = a_history(np.full(COUNTS.shape, 40))
    log_rate = np.full((*rates.draws.level.shape, 3, 4), math.log(40))
    predicted = base_rate_checks.predict(regular, replace(rates.draws, log_rate=log_rate), seed=1)
    verdicts = {one.name: base_rate_checks.verdict(one).passed for one in predicted}
    assert verdicts == {"zeros": True, "largest": True, "variance_over_mean": False}


def known_worlds(seed: int) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Twelve countries over sixteen years at fixed rates, whose years are off by a cv of 0.6."""
    rng = np.random.default_rng(seed)
    rates = np.geomspace(0.3, 12, 12)
    counts = rng.poisson(rates[:, None] * rng.gamma(1 / 0.36, 0.36, (12, 16)))
    return counts, rates


def test_known_rates_and_their_spread_are_recovered() -> None:
    counts, true = known_worlds(5)
    rates = fit(a_history(counts), seed=3, attempts=LIGHT)
    every = rates.history.countries
    each = [rates.expected([one], 1.0) for one in every]
    inside = [one.expected_low < rate < one.expected_high for one, rate in zip(each, true, strict=True)]
    total = rates.expected(every, 1.0)
    assert sum(inside) >= 7
    assert total.expected == pytest.approx(true.sum(), rel=0.2)
    assert np.median([one.spread for one in each]) == pytest.approx(0.65, abs=0.15)
    largest = true.argmax()
    assert each[largest].spread == pytest.approx(0.62, abs=0.15)


@pytest.fixture(scope="module")
def few_ranks() -> Mapping[str, NDArray[np.float64]]:
    return ranks(20, seed=1)


def test_the_truth_ranks_anywhere_among_the_draws(few_ranks: Mapping[str, NDArray[np.float64]]) -> None:
    for name, one in few_ranks.items():
        assert stats.kstest(one, "uniform").pvalue > 1e-3, name
