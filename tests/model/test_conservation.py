"""Conservation of expected evidence: today's probability is the average of tomorrow's.

Over all that tomorrow may bring, ``Σ_data p(data | s) = 1`` under every scenario, and with it
``Σ_data p(data) P(s | data) = P(s)``.
"""

import math
from dataclasses import replace
from datetime import timedelta
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from model import exact
from model.domain import Indicator
from model.errors import Impossible, Unresolved
from model.evidence import Evidence, IndicatorEvidence
from model.impossible import mean_stated
from tests.model.test_watch import with_more
from tests.strategies import OPENED, Size, a_forecast, an_event, an_evidence, evidences

FEW = Size(scenarios=4, indicators=4, events=8)
_MOST = 120


RARELY = (HealthCheck.filter_too_much, HealthCheck.too_slow)


@pytest.mark.slow
@settings(max_examples=6, deadline=None, suppress_health_check=RARELY)
@given(evidence=evidences(FEW), place=st.integers(0, 3), c=st.floats(0.3, 0.98), share=st.floats(0.001, 0.1))
def test_todays_probability_is_the_average_of_tomorrows(
    evidence: Evidence, place: int, c: float, share: float
) -> None:
    check(evidence, place, c, share)


@pytest.mark.slow
@settings(max_examples=60, deadline=None, suppress_health_check=RARELY)
@given(evidence=evidences(FEW), place=st.integers(0, 3), c=st.floats(0.1, 0.98), share=st.floats(0.001, 0.2))
def test_todays_probability_is_the_average_of_tomorrows_far_and_wide(
    evidence: Evidence, place: int, c: float, share: float
) -> None:
    check(evidence, place, c, share)


def check(evidence: Evidence, place: int, c: float, share: float) -> None:
    """Of a recurring indicator: n more events of credibility c, real or noise, and more silence.

    With marks of credibility c, real ones come at rate ``E g h`` and noise at ``Ē (1 − c)/c``, so that
    ``p(n | s) = (ΔF/c)^n / n! · e^(−Ē ΔF (1 − c)/c) · Z_s[n more of credibility c, X + ΔF] / Z_s``.
    """
    seen = evidence.indicators[place % len(evidence.indicators)]
    assume(seen.indicator.recurs and max(seen.indicator.stated.values()) * share < 10)
    assume(seen.exposure + share <= 1 and 0 < mean_stated(evidence, seen) * share * (1 - c) / c < 10)
    try:
        now = exact.posterior(evidence)
        total, average = tomorrows(evidence, seen, c, share)
    except (Impossible, Unresolved):
        assume(False)
    for one in total:
        assert total[one] == pytest.approx(1, abs=1e-6)
        assert average[one] == pytest.approx(now[one], abs=1e-6)


def tomorrows(
    evidence: Evidence, seen: IndicatorEvidence, c: float, share: float
) -> tuple[dict[str, float], dict[str, float]]:
    """``Σ_n p(n | s)``, and ``Σ_n p(n) P(s | n)``, for the scenarios that are possible today."""
    now, log_z = exact.posterior(evidence), exact.log_evidence(evidence)
    left = [one for one in now if now[one] > 0]
    noise = mean_stated(evidence, seen) * share * (1 - c) / c
    total, average = dict.fromkeys(left, 0.0), dict.fromkeys(left, 0.0)
    for n in range(_MOST):
        later = with_more(evidence, seen, n, share, c)
        common = n * math.log(share / c) - math.lgamma(n + 1) - noise
        then = exact.log_evidence(later)
        p = {one: math.exp(common + then[one] - log_z[one]) for one in left}
        probability, mixed = exact.posterior(later), math.fsum(now[one] * p[one] for one in left)
        for one in left:
            total[one] += p[one]
            average[one] += mixed * probability[one]
        if n > 3 and max(p.values()) < 1e-10:
            return total, average
    raise Unresolved("so much may happen tomorrow that it is not counted out here")


@pytest.mark.parametrize("candidates", [[], [0.3], [0.6, 0.2]], ids=["none", "one", "two"])
@pytest.mark.parametrize("c", [0.3, 0.9])
def test_a_one_off_conserves_it_too(candidates: list[float], c: float) -> None:
    """Tomorrow brings n candidates, of which at most one is real.

    Noise comes at rate ``q̄ f (1 − c) / (c (1 − q̄ F))``, so that candidates at moments r have the density
    ``e^−Λ Π_j q̄ f(r_j) / (c (1 − q̄ F(r_j))) · L_s[more] / L_s``, Λ the integral of that rate.
    """
    priors = {"low": 0.6, "high": 0.4}
    once = Indicator(id="k", tags=("deal",), stated={"low": 0.2, "high": 0.9}, recurs=False)
    days = 20_000  # so fine that days serve as moments
    forecast = a_forecast([once], priors, days=days)
    events = [an_event(2000, each, key=f"e{place}") for place, each in enumerate(candidates)]
    today = an_evidence(forecast, [(events, 0.4)])
    start, end = 8000, 8000 + 400
    total = _none_or_more(today, c, start, end, days)
    for scenario, p in total.items():
        assert p == pytest.approx(1, abs=2e-5), scenario


def _none_or_more(today: Evidence, c: float, start: int, end: int, days: int) -> dict[str, float]:
    """Sum over no, one and two new candidates; three are less probable than the tolerance."""
    (seen,) = today.indicators
    mean, before = mean_stated(today, seen), exact.log_evidence(today)
    noise = (1 - c) / c * math.log((1 - mean * start / days) / (1 - mean * end / days))
    x, weights = np.polynomial.legendre.leggauss(6)
    moments = start + (end - start) * (x + 1) / 2
    density = (end - start) / 2 * weights * mean / days / (c * (1 - mean * moments / days))
    arrivals: list[tuple[float, list[float]]] = [(1.0, [])]
    arrivals += [(d, [r]) for d, r in zip(density, moments, strict=True)]
    both = product(zip(density, moments, strict=True), repeat=2)
    arrivals += [(d * other / 2, [r, later]) for (d, r), (other, later) in both]
    total = dict.fromkeys(before, 0.0)
    for weight, when in arrivals:
        later = exact.log_evidence(_after(today, seen, c, when, end / days))
        for one in total:
            total[one] += weight * math.exp(later[one] - before[one] - noise)
    return total


def _after(
    today: Evidence, seen: IndicatorEvidence, c: float, when: list[float], exposure: float
) -> Evidence:
    more = tuple(
        replace(an_event(0, c, key=f"new{place}"), first_published=OPENED + timedelta(round(day)))
        for place, day in enumerate(when)
    )
    later = replace(seen, counted=(*seen.counted, *more), exposure=exposure)
    return replace(today, indicators=(later,))
