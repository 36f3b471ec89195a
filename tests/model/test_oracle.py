"""The oracle itself, against brute force, closed forms and limits."""

import math
from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import dblquad, quad
from scipy.special import gammaln
from scipy.stats import nbinom

from model.domain import Indicator
from model.evidence import Evidence
from tests import oracle
from tests.strategies import a_forecast, an_event, an_evidence, credibilities, spreads

HALVES = {"s": 0.5, "r": 0.5}


def an_indicator(name: str = "k", *, rate: float = 2.0, other: float = 4.0, spread: float = 0.5) -> Indicator:
    return Indicator(id=name, tags=("deal",), stated={"s": rate, "r": other}, spread=spread)


def a_one_off(q: float, other: float) -> Indicator:
    return Indicator(id="k", tags=("deal",), stated={"s": q, "r": other}, recurs=False)


def seen(
    *kinds: Indicator, c: Sequence[Sequence[float]], exposures: Sequence[float], sigma: float = 0.0
) -> Evidence:
    events = [[an_event(10 * place, each, key=str(place)) for place, each in enumerate(found)] for found in c]
    return an_evidence(
        a_forecast(kinds, HALVES, coverage_sd=sigma), list(zip(events, exposures, strict=True))
    )


def likelihood(c: Sequence[float], volume: float, mean: float, exposure: float) -> float:
    """Section 3 as it is written, at one value of ``volume`` = E g h."""
    return math.prod(each * volume + (1 - each) * mean for each in c) * math.exp(-volume * exposure)


def log_gamma_density(log_g: float, spread: float) -> float:
    """Density of log g where g is Gamma of mean 1."""
    a = spread**-2
    return math.exp(a * math.log(a) - math.lgamma(a) + a * (log_g - math.exp(log_g)))


def normal_density(t: float) -> float:
    return math.exp(-t * t / 2) / math.sqrt(2 * math.pi)


def test_coefficients_are_those_of_the_chance_that_j_of_the_events_are_real() -> None:
    c = [0.02, 0.3, 0.5, 0.98, 1.0]
    for j, log_coefficient in enumerate(oracle.log_coefficients(c)):
        chosen = [
            math.prod(c[i] if i in real else 1 - c[i] for i in range(5)) for real in combinations(range(5), j)
        ]
        assert math.exp(log_coefficient) == pytest.approx(math.fsum(chosen), rel=1e-14)


@pytest.mark.parametrize("c", [[], [1.0], [0.3, 0.9, 0.5], [0.0, 0.02, 0.98, 1.0]])
@pytest.mark.parametrize(
    ("spread", "sigma", "exposure"), [(0.5, 0.25, 0.8), (0.9, 0.6, 1.0), (0.3, 0.9, 0.0)]
)
def test_one_indicator_agrees_with_brute_force_over_g_and_h(
    c: list[float], spread: float, sigma: float, exposure: float
) -> None:
    evidence = seen(an_indicator(spread=spread), c=[c], exposures=[exposure], sigma=sigma)

    def integrand(log_g: float, t: float) -> float:
        volume = 2.0 * math.exp(log_g + sigma * t - sigma**2 / 2)
        return likelihood(c, volume, 3.0, exposure) * log_gamma_density(log_g, spread) * normal_density(t)

    highest = 8 + sigma * len(c)
    total, _ = dblquad(integrand, -8, highest, -40, 4, epsabs=0, epsrel=1e-9)
    assert oracle.log_evidence(evidence)["s"] == pytest.approx(math.log(total), abs=2e-9)


def test_indicators_share_h_and_nothing_else() -> None:
    one, two = an_indicator("one", spread=0.7), an_indicator("two", rate=5, other=1, spread=0)
    c = [[0.9, 0.4], [0.8, 0.98, 0.5]]
    evidence = seen(one, two, c=c, exposures=[0.6, 0.5], sigma=0.4)

    def over_g(h: float) -> float:
        def integrand(log_g: float) -> float:
            return likelihood(c[0], 2 * math.exp(log_g) * h, 3, 0.6) * log_gamma_density(log_g, 0.7)

        return float(quad(integrand, -40, 4, epsabs=0, limit=200)[0])

    def over_h(t: float) -> float:
        h = math.exp(0.4 * t - 0.08)
        return over_g(h) * likelihood(c[1], 5 * h, 3, 0.5) * normal_density(t)

    total, _ = quad(over_h, -9, 11, epsabs=0, epsrel=1e-11)
    assert oracle.log_evidence(evidence)["s"] == pytest.approx(math.log(total), abs=1e-9)


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.integers(0, 500), st.floats(-3, 3), st.floats(1e-3, 2), st.floats(0, 1))
def test_events_beyond_doubt_have_the_closed_form(
    n: int, power: float, spread: float, exposure: float
) -> None:
    rate, a = 10**power, spread**-2
    evidence = seen(an_indicator(rate=rate, spread=spread), c=[[1.0] * n], exposures=[exposure])
    closed = gammaln(a + n) - gammaln(a) + a * math.log(a) + n * math.log(rate)
    closed -= (a + n) * math.log(a + rate * exposure)
    rounding = 1e-14 * a * math.log(a + 2)  # of the closed form itself, whose terms of size a cancel
    assert oracle.log_evidence(evidence)["s"] == pytest.approx(closed, abs=1e-9 + rounding, rel=1e-12)


def test_the_closed_form_is_the_negative_binomial() -> None:
    spread, rate, exposure, n = 0.5, 6.0, 0.7, 9
    log_z = oracle.log_evidence(
        seen(an_indicator(rate=rate, spread=spread), c=[[1.0] * n], exposures=[exposure])
    )["s"]
    a = spread**-2
    expected = nbinom.logpmf(n, a, a / (a + rate * exposure))
    assert log_z + n * math.log(exposure) - gammaln(n + 1) == pytest.approx(expected, abs=1e-11)


@pytest.mark.slow
@pytest.mark.parametrize(("spread", "sigma"), [(0.0, 0.25), (0.5, 0.25), (0.4, 0.5)])
def test_the_numbers_of_events_have_probabilities_that_sum_to_one(spread: float, sigma: float) -> None:
    total = 0.0
    for n in range(150):
        evidence = seen(an_indicator(spread=spread), c=[[1.0] * n], exposures=[0.8], sigma=sigma)
        total += math.exp(oracle.log_evidence(evidence)["s"] + n * math.log(0.8) - gammaln(n + 1))
    assert total == pytest.approx(1, abs=1e-9)


@pytest.mark.parametrize("n", [1, 10, 400])
@pytest.mark.parametrize("sigma", [0.01, 0.25, 1.0])
@pytest.mark.parametrize("spread", [0.0, 0.5])
def test_without_exposure_the_evidence_is_a_moment_of_g_and_h(n: int, sigma: float, spread: float) -> None:
    evidence = seen(an_indicator(spread=spread), c=[[1.0] * n], exposures=[0.0], sigma=sigma)
    moment = n * math.log(2) + sigma**2 * n * (n - 1) / 2
    moment += math.fsum(math.log1p(i * spread**2) for i in range(n))
    assert oracle.log_evidence(evidence)["s"] == pytest.approx(moment, abs=1e-9, rel=1e-13)


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.lists(credibilities, max_size=6), spreads, st.floats(0, 1))
def test_doubtful_events_are_a_mixture_over_which_of_them_are_real(
    c: list[float], spread: float, sigma: float
) -> None:
    kind = an_indicator(rate=0.3, other=7, spread=spread)

    def log_z(found: list[float]) -> float:
        return oracle.log_evidence(seen(kind, c=[found], exposures=[0.9], sigma=sigma))["s"]

    closed = [math.exp(log_z([1.0] * j)) for j in range(len(c) + 1)]
    mixture = 0.0
    for j in range(len(c) + 1):
        for real in combinations(range(len(c)), j):
            parts = [c[i] if i in real else (1 - c[i]) * 3.65 for i in range(len(c))]
            mixture += math.prod(parts) * closed[j]
    assert log_z(c) == pytest.approx(math.log(mixture), abs=1e-9)


@pytest.mark.parametrize("tiny", [1e-4, 1e-8, 1e-160, 5e-324])
def test_a_vanishing_spread_or_coverage_is_none_at_all(tiny: float) -> None:
    def log_z(spread: float, sigma: float) -> float:
        kind = an_indicator(rate=3, spread=spread)
        return oracle.log_evidence(seen(kind, c=[[0.9, 0.5, 1.0]], exposures=[0.7], sigma=sigma))["s"]

    plain = math.log(math.prod(c * 3 + (1 - c) * 3.5 for c in (0.9, 0.5, 1.0))) - 3 * 0.7
    assert log_z(0, 0) == pytest.approx(plain, abs=1e-13)
    assert log_z(tiny, 0) == pytest.approx(plain, abs=1e-12 + 10 * tiny**2)
    assert log_z(0, tiny) == pytest.approx(plain, abs=1e-12 + 10 * tiny**2)


def test_every_mode_is_found() -> None:
    rumours = an_indicator("rumours", rate=0.2, other=30, spread=0)
    silence = an_indicator("silence", rate=3, other=1, spread=0)
    evidence = seen(rumours, silence, c=[[0.2] * 40, []], exposures=[0.0, 1.0], sigma=1.0)
    t = np.linspace(-15, 25, 400_001)
    h = np.exp(t - 0.5)
    log_f = 40 * np.log(0.2 * 0.2 * h + 0.8 * 15.1) - 3 * h - t * t / 2
    evidence_two = seen(rumours, silence, c=[[0.2] * 40, []], exposures=[0.0, 1e-3], sigma=1.0)
    log_f_two = log_f + (3 - 3e-3) * h
    assert _modes(log_f_two) == 2
    for each, values in ((evidence, log_f), (evidence_two, log_f_two)):
        total = np.exp(values - values.max()).sum() * (t[1] - t[0]) / math.sqrt(2 * math.pi)
        assert oracle.log_evidence(each)["s"] == pytest.approx(values.max() + math.log(total), abs=1e-9)


def _modes(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> int:
    inner = values[1:-1]
    return int(((inner > values[:-2]) & (inner > values[2:])).sum())


@pytest.mark.parametrize("c", [[], [0.7], [0.7, 0.2, 0.9], [0.4, 1.0, 0.6]])
def test_one_off_candidates_are_a_mixture_over_which_of_them_is_real(c: list[float]) -> None:
    q, mean = 0.3, 0.6
    evidence = seen(a_one_off(q, 0.9), c=[c], exposures=[0.5])
    noise = [math.prod(1 - c[i] for i in range(len(c)) if i != j) for j in range(len(c))]
    real = [c[j] * noise[j] * (1 - mean * 10 * j / 730) for j in range(len(c))]
    plain = math.prod(1 - each for each in c) * (1 - q * 0.5) + q / mean * sum(real)
    assert oracle.log_evidence(evidence)["s"] == pytest.approx(math.log(plain), abs=1e-13)


def test_of_several_certain_candidates_the_earliest_stands() -> None:
    several = oracle.log_evidence(seen(a_one_off(0.3, 0.9), c=[[0.5, 1.0, 0.5, 1.0]], exposures=[0.5]))
    only = oracle.log_evidence(seen(a_one_off(0.3, 0.9), c=[[0.5, 1.0, 0.5]], exposures=[0.5]))
    assert several == only


@pytest.mark.parametrize("kind", [an_indicator(rate=0, other=0), a_one_off(0, 0)])
def test_what_nobody_expects_is_noise_unless_it_is_certain(kind: Indicator) -> None:
    assert oracle.log_evidence(seen(kind, c=[[0.5, 0.9]], exposures=[1.0])) == {"s": 0.0, "r": 0.0}
    ruled_out = oracle.log_evidence(seen(kind, c=[[0.5, 1.0]], exposures=[1.0]))
    assert ruled_out == {"s": -math.inf, "r": -math.inf}


@pytest.mark.parametrize("kind", [an_indicator(rate=0, other=4), a_one_off(0, 0.4)])
def test_a_certain_event_rules_out_the_scenario_that_does_not_allow_it(kind: Indicator) -> None:
    log_z = oracle.log_evidence(seen(kind, c=[[1.0]], exposures=[1.0], sigma=0.3))
    assert log_z["s"] == -math.inf
    assert math.isfinite(log_z["r"])


def test_silence_rules_out_the_scenario_that_was_sure() -> None:
    assert oracle.log_evidence(seen(a_one_off(1, 0.4), c=[[]], exposures=[1.0]))["s"] == -math.inf


@pytest.mark.slow
@settings(deadline=None, max_examples=50)
@given(st.data())
def test_probabilities_sum_to_one(data: st.DataObject) -> None:
    found = data.draw(st.lists(st.floats(0.02, 0.98), max_size=5))
    evidence = seen(an_indicator(), c=[found], exposures=[0.4], sigma=0.25)
    assert sum(oracle.posterior(evidence).values()) == pytest.approx(1, abs=1e-14)
