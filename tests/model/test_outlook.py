"""What to expect next, against other ways to compute it."""

import math
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from model.domain import Indicator
from model.evidence import Evidence, IndicatorEvidence, select
from model.outlook import outlook, unexposed
from tests import oracle
from tests.model.test_sampling import a_case, some
from tests.strategies import OPENED, a_forecast, an_event, an_evidence

PRIORS = {"low": 0.7, "high": 0.3}


def early(evidence: Evidence, day: int = 300) -> Evidence:
    """The same evidence seen on an earlier day."""
    return replace(evidence, as_of=OPENED + timedelta(day), observed_until=OPENED + timedelta(day))


def chances(evidence: Evidence, days: int = 30) -> dict[str, float]:
    return {one.indicator: one.probability for one in outlook(evidence) if one.days == days}


def longer(evidence: Evidence, seen: IndicatorEvidence, until: date) -> Evidence:
    exposed = replace(seen, exposure=seen.exposure + unexposed(evidence, seen, until))
    return replace(evidence, indicators=tuple(exposed if one is seen else one for one in evidence.indicators))


def test_a_further_occasion_is_as_probable_as_further_silence_is_not() -> None:
    """Computed again with the oracle, which shares no code with the engine."""
    case = early(a_case())
    now, log_z = oracle.posterior(case), oracle.log_evidence(case)
    for seen in case.indicators[:3]:
        later = oracle.log_evidence(longer(case, seen, case.as_of + timedelta(90)))
        silent = sum(now[one] * math.exp(later[one] - log_z[one]) for one in now)
        assert chances(case, 90)[seen.indicator.id] == pytest.approx(1 - silent, abs=1e-8)


def test_without_evidence_it_is_what_the_analysts_expect() -> None:
    """``1 − Σ π (a / (a + E F))^a`` on the first day, with nothing shared."""
    indicator = Indicator(id="k", tags=("deal",), stated={"low": 2.0, "high": 8.0}, spread=0.5)
    case = early(an_evidence(a_forecast([indicator], PRIORS), [([], 0.0)]), day=0)
    share, a = 30 / 730, 4.0
    expected = 1 - sum(
        prior * (a / (a + rate * share)) ** a for prior, rate in zip(PRIORS.values(), (2.0, 8.0), strict=True)
    )
    assert chances(case)["k"] == pytest.approx(expected, abs=1e-9)


def test_a_one_off_that_nobody_reported_has_its_chance_ahead() -> None:
    indicator = Indicator(id="k", tags=("deal",), stated={"low": 0.2, "high": 0.9}, recurs=False)
    case = early(an_evidence(a_forecast([indicator], PRIORS), [([], 0.5)]), day=365)
    left = {"low": 0.7 * (1 - 0.2 * 0.5), "high": 0.3 * (1 - 0.9 * 0.5)}
    share = 30 / 730
    expected = sum(left[one] * q * share / (1 - q * 0.5) for one, q in (("low", 0.2), ("high", 0.9))) / sum(
        left.values()
    )
    assert chances(case)["k"] == pytest.approx(expected, abs=1e-12)


def test_the_more_credible_its_candidates_the_less_is_left_of_a_one_off() -> None:
    indicator = Indicator(id="k", tags=("deal",), stated={"low": 0.2, "high": 0.9}, recurs=False)
    forecast = a_forecast([indicator], PRIORS)
    found = [chances(early(an_evidence(forecast, [(some(c), 0.4)])))["k"] for c in (0.1, 0.5, 0.9, 1.0)]
    assert found == sorted(found, reverse=True)
    assert found[-1] == 0


def test_what_is_left_of_an_open_occasion_does_not_count() -> None:
    indicator = Indicator(id="k", tags=("deal",), stated={"low": 2.0, "high": 8.0}, burst_days=14)
    forecast = a_forecast([indicator], PRIORS)
    evidence = select(forecast, [an_event(95, 0.9)], as_of=OPENED + timedelta(100))
    (seen,) = evidence.indicators
    assert unexposed(evidence, seen, OPENED + timedelta(107)) == 0
    assert unexposed(evidence, seen, OPENED + timedelta(130)) == pytest.approx((130 - 109) / 730)
    assert chances(evidence, 7)["k"] == 0


def test_past_the_horizon_nothing_is_expected() -> None:
    assert set(chances(a_case(), 90).values()) == {0.0}


def test_the_farther_it_looks_the_more_probable() -> None:
    found = outlook(early(a_case()))
    for seen in a_case().indicators:
        mine = [one.probability for one in found if one.indicator == seen.indicator.id]
        assert mine == sorted(mine)
        assert all(0 <= one <= 1 for one in mine)


def test_it_is_the_frequency_of_simulated_futures() -> None:
    """Draw scenario, coverage and volume from the prior, and count futures with an event."""
    stated = {"low": 2.0, "high": 8.0}
    indicator = Indicator(id="k", tags=("deal",), stated=stated, spread=0.5)
    case = early(an_evidence(a_forecast([indicator], PRIORS, coverage_sd=0.4), [([], 0.0)]), day=0)
    rng, worlds = np.random.default_rng(1), 400_000
    rate = np.where(rng.random(worlds) < PRIORS["low"], stated["low"], stated["high"])
    volume, coverage = rng.gamma(4, 1 / 4, worlds), np.exp(0.4 * rng.standard_normal(worlds) - 0.08)
    happened = rng.poisson(rate * volume * coverage * 90 / 730) > 0
    assert chances(case, 90)["k"] == pytest.approx(happened.mean(), abs=0.003)
