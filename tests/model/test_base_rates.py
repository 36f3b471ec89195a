"""Base rates: what is refused, and what a window is given by draws that are known."""

import math
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import integrate, stats

from benchmarks.base_rate_worlds import worlds
from model import base_rate_window as window
from model.base_rate_window import Draws
from model.base_rates import BaseRate, BaseRates, History, Priors, spread, suggest
from model.domain import Verdict
from model.errors import InvalidValue, UsageError

ROOT = Path(__file__).parents[2]
CHAINS = 2


def a_history(**changes: Any) -> History:
    counts = np.array([[0, 1, 2], [3, 0, 1]])
    given: dict[str, Any] = {
        "kind": "orders",
        "countries": ("PE", "BO"),
        "years": (2001, 2002, 2003),
        "counts": counts,
        "exposure": np.ones(counts.shape),
    }
    return History(**(given | changes))


def some_draws(
    rates: NDArray[np.float64],
    *,
    now: float = 1.0,
    persistence: float = 0.8,
    own: float = 0.0,
    shared: float = 0.0,
    cv: float = 0.0,
) -> Draws:
    """Draws of usual rates, shape (draws, countries), in all chains; `now` times that in the last year."""
    usual = np.broadcast_to(np.log(rates), (CHAINS, *rates.shape))
    shape = usual.shape[:2]
    return Draws(
        usual=usual,
        log_rate=np.stack([usual, usual + math.log(now)], axis=-1),
        level=np.zeros(shape),
        between=np.ones(shape),
        persistence=np.full(shape, persistence),
        country_drift=np.full(shape, own),
        shared_drift=np.full(shape, shared),
        yearly_cv=np.full(shape, cv),
    )


def base_rates(draws: Draws, *, passed: bool = True, **changes: Any) -> BaseRates:
    check = Verdict(name="rhat", figure=1.0, threshold=1.01, passed=passed)
    return BaseRates(
        history=a_history(**changes),
        draws=draws,
        checks=(check,),
        predicted=(),
        attempts=1,
        seed=3,
        priors=Priors(),
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"countries": ()}, "needs a country"),
        ({"countries": ("PE", "PE")}, "stands there twice"),
        ({"years": (), "counts": np.zeros((2, 0)), "exposure": np.zeros((2, 0))}, "needs a year"),
        ({"years": (2001, 2002, 2004)}, "exposure of 0"),
        ({"counts": np.zeros((3, 2))}, r"counts of orders have shape \(3, 2\); they need \(2, 3\)"),
        ({"exposure": np.ones((2, 2))}, "exposure of orders have shape"),
        ({"counts": [["a", "b", "c"]] * 2}, "no numbers"),
        ({"counts": np.array([[0, 1, 2], [3, -1, 1]])}, "BO has a count .* in 2002"),
        ({"counts": np.array([[0, 1, 2], [3, 0.5, 1]])}, "BO has a count .* in 2002"),
        ({"counts": np.array([[0, 1, 2], [3, math.nan, 1]])}, "BO has a count .* in 2002"),
        ({"counts": np.array([[0, 1, 2], [3, 10**9, 1]])}, "BO has a count .* in 2002"),
        ({"exposure": np.array([[1, 1, 1.5], [1, 1, 1]])}, "PE has an exposure .* in 2003"),
        ({"exposure": np.array([[1, 1, math.nan], [1, 1, 1]])}, "PE has an exposure .* in 2003"),
        (
            {"exposure": np.array([[1, 1, 0], [1, 1, 1]])},
            "PE has a count though nothing .* in 2003",
        ),
        ({"counts": np.zeros((2, 3)), "exposure": np.zeros((2, 3))}, "no year was observed"),
    ],
)
def test_a_history_that_makes_no_sense_is_refused(changes: Mapping[str, Any], said: str) -> None:
    with pytest.raises(InvalidValue, match=said):
        a_history(**changes)


def test_a_history_keeps_its_numbers_to_itself() -> None:
    counts = np.array([[0, 1, 2], [3, 0, 1]])
    history = a_history(counts=counts)
    counts[0, 0] = 9
    assert history.counts[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        history.counts[0, 0] = 9


def test_years_that_nobody_observed_are_left_out() -> None:
    exposure = np.array([[0, 1, 1], [0.5, 0, 1]])
    history = a_history(exposure=exposure, counts=np.array([[0, 1, 2], [3, 0, 1]]))
    country, year = history.observed
    assert list(zip(country.tolist(), year.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 0), (1, 2)]


@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf])
def test_a_prior_needs_a_scale_above_nought(scale: float) -> None:
    with pytest.raises(InvalidValue, match="the prior's between"):
        Priors(between=scale)


def test_the_priors_think_of_none_to_fifteen_a_year_and_rule_out_little() -> None:
    rng = np.random.default_rng(1)
    drawn = worlds(Priors(), many=40_000, countries=1, times=np.zeros(1), rng=rng)
    counts = drawn.counts(np.ones((1, 1)), rng).ravel()
    assert 0.4 < np.mean(counts == 0) < 0.55
    assert 0.9 < np.mean(counts <= 15) < 0.96
    assert 0.005 < np.mean(counts > 100) < 0.02


def test_a_window_is_cut_into_years_and_a_rest() -> None:
    lengths, lags = window.blocks(2.5, 0.25)
    assert lengths.tolist() == [1, 1, 0.5]
    assert lags.tolist() == [1.25, 2.25, 3.0]
    assert window.blocks(1, 0).lags.tolist() == [1]
    assert window.blocks(0.25, 0).lags.tolist() == [0.625]


@pytest.mark.parametrize(
    ("years", "squares"), [(1.0, 1.0), (0.3, 0.09), (1.5, 1.25), (4.0, 4.0)], ids=lambda one: f"{one:g}"
)
def test_without_drift_the_spread_is_that_of_the_years_multipliers(years: float, squares: float) -> None:
    rates = base_rates(some_draws(np.array([[3.0, 3.0]]), cv=0.6))
    one, both = rates.expected(["PE"], years), rates.expected(["PE", "BO"], years)
    assert one.expected == pytest.approx(3 * years)
    assert both.expected == pytest.approx(6 * years)
    assert one.spread == pytest.approx(0.6 * math.sqrt(squares) / years)
    assert both.spread == pytest.approx(one.spread / math.sqrt(2))


def test_what_the_record_leaves_open_is_part_of_the_spread() -> None:
    rates = base_rates(some_draws(np.array([[1.0, 1.0], [3.0, 1.0]])))
    found = rates.expected(["PE"], 1.0)
    assert found.expected == pytest.approx(2.0)
    assert found.spread == pytest.approx(0.5)
    assert [found.expected_low, found.expected_high] == pytest.approx([1, 3])
    assert rates.expected(["BO"], 1.0).spread == 0


def test_a_poisson_with_a_known_rate_has_the_poissons_quantiles() -> None:
    found = base_rates(some_draws(np.full((4000, 2), 12.0))).expected(["PE"], 1.0)
    assert (found.low, found.high) == tuple(stats.poisson(12).ppf([0.1, 0.9]))


def test_the_years_count_is_the_quotients_negative_binomial() -> None:
    rates = base_rates(some_draws(np.array([[3.0, 1.0], [5.0, 1.0]]), cv=0.7))
    counts = np.arange(60)
    size = 1 / 0.49
    laws = [stats.nbinom(size, size / (size + mean)).pmf(counts) for mean in (3.0, 5.0)]
    assert rates.probabilities("PE", counts, ahead=4) == pytest.approx(np.mean(laws, axis=0), rel=1e-9)


def test_the_years_count_after_a_drift_is_an_integral() -> None:
    rates = base_rates(some_draws(np.array([[3.0, 1.0]]), now=2.0, own=0.4, shared=0.3, cv=0.5))
    kept, size = 0.8**3, 4.0
    drift = stats.norm(math.log(3) + kept * math.log(2), math.sqrt((0.16 + 0.09) * (1 - kept**2)))

    def weighed(log_rate: float, count: int) -> float:
        mean = math.exp(log_rate)
        return float(drift.pdf(log_rate) * stats.nbinom.pmf(count, size, size / (size + mean)))

    counts = np.array([0, 3, 11])
    ends = drift.mean() - 9 * drift.std(), drift.mean() + 9 * drift.std()
    exact = [integrate.quad(weighed, *ends, args=(count,), epsabs=1e-12)[0] for count in counts]
    assert rates.probabilities("PE", counts, ahead=3) == pytest.approx(exact, rel=1e-6)


def walk(
    years: float, after: float, *, own: float, shared: float, cv: float, times: int
) -> NDArray[np.float64]:
    """Λ of two countries, simulated step by step; in the last year both were at twice their usual rate."""
    rng = np.random.default_rng(8)
    lengths = [1.0] * int(years) + [years % 1] * (years % 1 > 0)
    drift = np.full((times, 2), math.log(2))
    total, middle, last = np.zeros(times), 0.5 + after, 0.0
    for length in lengths:
        kept = 0.8 ** (middle + length / 2 - last)
        noise = own * rng.normal(size=(times, 2)) + shared * rng.normal(size=(times, 1))
        drift = kept * drift + math.sqrt(1 - kept**2) * noise
        multiplier = rng.gamma(1 / cv**2, cv**2, (times, 2))
        total += length * (np.exp(drift) * [3.0, 1.0] * multiplier).sum(axis=1)
        last = middle + length / 2
        middle += length
    return total


@pytest.mark.slow
@pytest.mark.parametrize(("years", "after"), [(0.4, 0.0), (1.5, 0.0), (3.2, 2.5)])
def test_the_moments_are_those_of_a_simulated_walk(years: float, after: float) -> None:
    draws = some_draws(np.array([[3.0, 1.0]]), now=2.0, own=0.5, shared=0.3, cv=0.6)
    found = base_rates(draws).expected(["PE", "BO"], years, after=after)
    walked = walk(years, after, own=0.5, shared=0.3, cv=0.6, times=400_000)
    assert found.expected == pytest.approx(walked.mean(), rel=5e-3)
    assert found.spread == pytest.approx(walked.std() / walked.mean(), rel=0.015)


@pytest.mark.slow
def test_the_quantiles_are_those_of_a_simulated_walk() -> None:
    draws = some_draws(np.broadcast_to([3.0, 1.0], (4000, 2)), now=2.0, own=0.5, shared=0.3, cv=0.6)
    found = base_rates(draws).expected(["PE", "BO"], 3.2, after=2.5)
    walked = walk(3.2, 2.5, own=0.5, shared=0.3, cv=0.6, times=200_000)
    again = np.random.default_rng(2).poisson(walked)
    assert [found.low, found.high] == pytest.approx(np.quantile(again, [0.1, 0.9]), abs=1)


def test_a_long_gap_leaves_the_usual_rate() -> None:
    rates = base_rates(some_draws(np.array([[3.0, 1.0]]), now=4.0))
    assert rates.expected(["PE"], 1.0).expected == pytest.approx(3 * 4**0.8)
    assert rates.expected(["PE"], 1.0, after=50).expected == pytest.approx(3, rel=1e-4)


def test_occasions_of_the_matched_law_vary_as_those_predicted() -> None:
    mean, c = 7.0, 0.8
    matched = stats.nbinom(1 / c**2, 1 / (1 + mean * c**2))
    square = matched.var() - matched.mean() + matched.mean() ** 2
    assert matched.mean() == pytest.approx(mean)
    assert spread(mean, square) == pytest.approx(c)


def test_a_spread_is_never_below_nought_nor_above_what_an_indicator_may_have() -> None:
    assert spread(2.0, 4.0 - 1e-12) == 0
    assert spread(0.0, 0.0) == 0
    assert spread(1e-3, 1.0) == 10


def test_a_country_named_twice_counts_once() -> None:
    rates = base_rates(some_draws(np.array([[3.0, 1.0]])))
    assert rates.expected(["PE", "PE"], 1.0).countries == ("PE",)


@pytest.mark.parametrize(
    ("countries", "years", "after", "said"),
    [
        ([], 1.0, 0.0, "name at least one country"),
        (["PE", "XX"], 1.0, 0.0, "orders: XX not in its history of PE, BO"),
        (["PE"], 0.0, 0.0, "years of a base rate is 0.0; it must be above 0"),
        (["PE"], -1.0, 0.0, "above 0"),
        (["PE"], math.nan, 0.0, "above 0"),
        (["PE"], 21.0, 0.0, "at most 20"),
        (["PE"], 1.0, -0.1, "after of a base rate is -0.1; it must be 0 or more"),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(
    countries: list[str], years: float, after: float, said: str
) -> None:
    rates = base_rates(some_draws(np.array([[3.0, 1.0]])))
    with pytest.raises(UsageError, match=said):
        rates.expected(countries, years, after=after)


def test_a_fit_that_failed_a_check_marks_every_base_rate() -> None:
    rates = base_rates(some_draws(np.array([[3.0, 1.0]])), passed=False)
    assert not rates.sound
    assert not rates.expected(["PE"], 1.0).sound


def a_base() -> BaseRate:
    return base_rates(some_draws(np.array([[3.0, 1.0]]))).expected(["PE"], 1.0)


def test_factors_multiply_the_expected_number_in_their_own_order() -> None:
    suggested = suggest(a_base(), {"upside": 2.5, "base": 1, "downside": 0})
    assert list(suggested.items()) == [
        ("upside", pytest.approx(7.5)),
        ("base", pytest.approx(3.0)),
        ("downside", 0.0),
    ]


@pytest.mark.parametrize("factor", [-0.1, math.nan, math.inf, "2", True, None])
def test_a_factor_that_is_no_number_of_at_least_nought_is_refused(factor: Any) -> None:
    with pytest.raises(InvalidValue, match="factor of upside is"):
        suggest(a_base(), {"base": 1.0, "upside": factor})


def test_factors_of_no_scenario_are_refused() -> None:
    with pytest.raises(InvalidValue, match="state a factor for each scenario"):
        suggest(a_base(), {})


def unequal(seed: int, size: int) -> BaseRate:
    """A base rate whose expected number is log-normal over independent draws."""
    drawn = np.exp(np.random.default_rng(seed).normal(0, 0.5, (CHAINS, size, 2)))
    draws = some_draws(drawn[0])
    known = replace(draws, usual=np.log(drawn), log_rate=np.log(drawn)[..., None])
    return base_rates(known).expected(["PE"], 1.0)


@pytest.mark.slow
@pytest.mark.parametrize("size", [200, 5000])
def test_monte_carlo_errors_are_how_far_repetitions_lie_apart(size: int) -> None:
    found = [unequal(seed, size) for seed in range(60)]
    for name in ("expected", "spread"):
        apart = np.std([getattr(one, name) for one in found])
        stated = np.mean([getattr(one, f"{name}_error") for one in found])
        assert stated == pytest.approx(apart, rel=0.4)


@pytest.mark.slow
def test_a_history_is_read_without_pymc() -> None:
    code = "import sys, model.base_rates; sys.exit(bool({'pymc', 'pytensor', 'nutpie'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
