"""The band of sensitivity."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit, logit

from model import exact
from model.band import band
from model.definition import canonical
from model.digests import digest
from model.domain import Forecast, Indicator, Scenario
from model.evidence import Evidence
from tests.model.test_sampling import a_case, some
from tests.strategies import a_forecast, an_evidence


def one_by_one(evidence: Evidence, draws: int) -> dict[str, tuple[float, float]]:
    """Compute the band as it is defined: a forecast with other numbers for each draw."""
    forecast = evidence.forecast
    rng = np.random.default_rng(int(digest(canonical(forecast)).removeprefix("sha256:")[:16], 16))
    weights = rng.dirichlet([forecast.prior_strength * one.prior for one in forecast.scenarios], size=draws)
    errors = {
        one.id: forecast.elicitation_sd * rng.standard_normal((draws, len(forecast.scenarios)))
        for one in forecast.indicators
    }
    found = []
    for draw in range(draws):
        moved = perturbed(forecast, weights[draw], {name: error[draw] for name, error in errors.items()})
        pairs = zip(evidence.indicators, moved.indicators, strict=True)
        seen = tuple(replace(one, indicator=indicator) for one, indicator in pairs)
        found.append(list(exact.posterior(replace(evidence, forecast=moved, indicators=seen)).values()))
    low, high = np.quantile(np.array(found), (0.1, 0.9), axis=0)
    return {one: (low[place], high[place]) for place, one in enumerate(forecast.scenario_ids)}


def perturbed(forecast: Forecast, weights: np.ndarray, errors: dict[str, np.ndarray]) -> Forecast:
    scenarios = [
        replace(one, prior=float(weight)) for one, weight in zip(forecast.scenarios, weights, strict=True)
    ]
    indicators = [
        replace(one, stated={s: off(one, s, e) for s, e in zip(one.stated, errors[one.id], strict=True)})
        for one in forecast.indicators
    ]
    return replace(forecast, scenarios=tuple(scenarios), indicators=tuple(indicators))


def off(indicator: Indicator, scenario: str, error: float) -> float:
    stated = indicator.stated[scenario]
    return float(stated * np.exp(error) if indicator.recurs else expit(logit(stated) + error))


def test_the_band_is_that_of_forecasts_recomputed_one_by_one() -> None:
    found = band(a_case(), draws=60)
    for scenario, expected in one_by_one(a_case(), 60).items():
        assert found[scenario] == pytest.approx(expected, abs=1e-9)


def test_the_same_elicitation_has_the_same_band_every_night() -> None:
    assert band(a_case(), draws=50) == band(a_case(), draws=50)


def test_surer_analysts_have_a_narrower_band() -> None:
    case = a_case()
    surer = replace(case, forecast=replace(case.forecast, prior_strength=4000.0, elicitation_sd=0.02))
    wide, narrow = band(case, draws=200)["low"], band(surer, draws=200)["low"]
    assert narrow[1] - narrow[0] < 0.3 * (wide[1] - wide[0])


def test_analysts_who_are_never_wrong_have_no_band() -> None:
    case = a_case()
    certain = replace(case, forecast=replace(case.forecast, prior_strength=1e12, elicitation_sd=0.0))
    expected = exact.posterior(certain)
    for scenario, (low, high) in band(certain, draws=50).items():
        assert low == pytest.approx(expected[scenario], abs=1e-5)
        assert high == pytest.approx(expected[scenario], abs=1e-5)


def test_what_is_impossible_stays_impossible() -> None:
    sure = Indicator(id="sure", tags=("deal",), stated={"low": 1.0, "high": 0.5, "none": 0.5}, recurs=False)
    deals = Indicator(id="deals", tags=("deal",), stated={"low": 1.0, "high": 3.0, "none": 2.0})
    forecast = a_forecast([sure, deals], {"low": 0.4, "high": 0.6, "none": 0.0})
    found = band(an_evidence(forecast, [([], 1.0), (some(0.9), 0.5)]), draws=50)
    assert found == {"low": (0.0, 0.0), "high": (1.0, 1.0), "none": (0.0, 0.0)}


def test_a_prior_that_is_next_to_nothing_breaks_nothing() -> None:
    deals = Indicator(id="deals", tags=("deal",), stated={"low": 0.0, "high": 3.0})
    whole = a_forecast([deals], {"low": 1.0, "high": 0.0})
    scenarios = (Scenario(id="low", prior=1 - 1e-5), Scenario(id="high", prior=1e-5))
    forecast = replace(whole, scenarios=scenarios, prior_strength=0.1)
    for low, high in band(an_evidence(forecast, [(some(0.9, 0.3), 0.5)]), draws=200).values():
        assert 0 <= low <= high <= 1
