"""What the next days would tell: counts against the oracle's evidences, and laws of information."""

import math
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from model import exact
from model.domain import Indicator
from model.evidence import Evidence, IndicatorEvidence
from model.outlook import outlook, unexposed
from model.rates import rates
from model.watch import watch
from tests import oracle
from tests.model.test_outlook import early
from tests.model.test_sampling import a_case
from tests.strategies import a_forecast, an_event, an_evidence

PRIORS = {"low": 0.7, "high": 0.3}


def with_more(evidence: Evidence, seen: IndicatorEvidence, n: int, share: float, c: float = 1.0) -> Evidence:
    """The same evidence after a further share of the window, with n more events."""
    more = tuple(an_event(0, c, key=f"more{place}") for place in range(n))
    later = replace(seen, counted=(*seen.counted, *more), exposure=seen.exposure + share)
    return replace(evidence, indicators=tuple(later if one is seen else one for one in evidence.indicators))


@pytest.mark.parametrize("n", [0, 1, 3])
def test_a_count_is_as_probable_as_the_oracle_says(n: int) -> None:
    """``p(n|s) = ΔF^n/n! · Z_s[n more with c = 1, X + ΔF] / Z_s``."""
    case, share = early(a_case()), 0.12
    now, log_z = rates(case), oracle.log_evidence(case)
    for seen in [one for one in case.indicators if one.indicator.recurs]:
        later = oracle.log_evidence(with_more(case, seen, n, share))
        expected = [
            math.exp(n * math.log(share) - math.lgamma(n + 1) + later[one] - log_z[one])
            for one in now.probabilities
        ]
        assert now.of[seen.indicator.id].counts(share, n)[:, n] == pytest.approx(expected, rel=1e-7)


def test_what_is_expected_of_a_count_is_the_outlook() -> None:
    case = early(a_case())
    chances = {one.indicator: one.probability for one in outlook(case) if one.days == 30}
    for one in watch(case):
        assert one.probability == pytest.approx(chances[one.indicator], abs=1e-9)


def test_the_most_informative_comes_first() -> None:
    found = [one.bits for one in watch(early(a_case()))]
    assert found == sorted(found, reverse=True)
    assert found[0] > 0


def test_information_is_the_expected_gain_over_simulated_futures() -> None:
    """The mean of ``Σ P' log₂ P'/P`` over simulated counts, each future inferred anew by the engine."""
    indicator = Indicator(id="k", tags=("deal",), stated={"low": 5.0, "high": 40.0}, spread=0.3)
    case = early(an_evidence(a_forecast([indicator], PRIORS), [([], 0.0)]), day=0)
    (seen,) = case.indicators
    share = unexposed(case, seen, case.as_of + timedelta(30))
    rng, futures = np.random.default_rng(3), 100_000
    rate = np.where(rng.random(futures) < PRIORS["low"], 5.0, 40.0) * rng.gamma(0.3**-2, 0.3**2, size=futures)
    counts = np.bincount(rng.poisson(rate * share))
    gains = [gain(case, with_more(case, seen, n, share)) for n in range(counts.size)]
    (one,) = watch(case)
    assert one.bits == pytest.approx(float(counts @ gains) / futures, abs=0.01)


def gain(before: Evidence, after: Evidence) -> float:
    was, now = exact.posterior(before), exact.posterior(after)
    return math.fsum(now[one] * math.log2(now[one] / was[one]) for one in now)


def test_an_indicator_that_expects_the_same_of_all_tells_nothing() -> None:
    same = Indicator(id="k", tags=("deal",), stated={"low": 3.0, "high": 3.0})
    (one,) = watch(early(an_evidence(a_forecast([same], PRIORS), [([], 0.2)])))
    assert one.bits == pytest.approx(0, abs=1e-12)


def test_a_one_off_tells_at_most_what_a_coin_can() -> None:
    once = Indicator(id="k", tags=("deal",), stated={"low": 0.0, "high": 1.0}, recurs=False)
    case = early(an_evidence(a_forecast([once], {"low": 0.5, "high": 0.5}), [([], 0.0)]), day=0)
    found = [watch(case, days=days)[0].bits for days in (30, 300, 730)]
    assert all(shorter < longer for shorter, longer in pairwise(found))
    assert found[-1] == pytest.approx(1)  # by the horizon it is known which scenario is true


def test_frequent_events_are_counted_to_the_end() -> None:
    many = Indicator(id="k", tags=("deal",), stated={"low": 2000.0, "high": 2100.0}, spread=0.0, burst_days=0)
    case = early(an_evidence(a_forecast([many], PRIORS), [([], 0.0)]), day=0)
    now, share = rates(case), 30 / 730
    counted = now.of["k"].counts(share, 300)
    assert counted.sum(axis=1) == pytest.approx([1, 1], abs=1e-12)
    assert 0 < watch(case)[0].bits < 1


def test_past_the_horizon_there_is_nothing_to_watch() -> None:
    assert all(one.probability == 0 and one.bits < 1e-12 for one in watch(a_case()))
