"""A night's diagnostics: what is replicated follows closed forms, and the figures are ArviZ's."""

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from arviz_stats.base.array import array_stats
from scipy import stats
from scipy.signal import lfilter

from benchmarks import shipped
from model import bridge, diagnostics, predictive
from model.diagnostics import chains, diagnose, envelope
from model.domain import Indicator
from model.draws import to_datatree
from model.evidence import Evidence
from model.posterior import Posterior
from model.sampling import CHAINS, ScenarioFit
from model.surprise import SURPRISING
from model.tabulation import Array
from model.update import update
from service.knowledge import known_evidence
from tests.model.test_sampling import a_case, some
from tests.strategies import a_forecast, an_evidence

SPREAD, SHAPE = 0.5, 4.0  # a = 1 / spread²
PRIORS = {"low": 0.5, "high": 0.5}
EXPECTED = {"low": 2.0, "high": 6.0}
EXPOSURE = 0.5


def known_law(events: int = 3) -> Evidence:
    """Certain events and no coverage, so that the posterior of a volume is Gamma(a + n, a + E X)."""
    many = Indicator(id="many", tags=("deal",), stated=EXPECTED, spread=SPREAD)
    fixed = Indicator(id="fixed", tags=("deal",), stated={"low": 1.0, "high": 4.0}, spread=0)
    once = Indicator(id="once", tags=("deal",), stated={"low": 0.2, "high": 0.8}, recurs=False)
    seen = [(some(*[1.0] * events), EXPOSURE), (some(0.8), 0.25), (some(0.7, 0.6), 0.5)]
    return an_evidence(a_forecast([many, fixed, once], PRIORS), seen)


def predicted_law(scenario: str, events: int = 3) -> Any:
    """The negative binomial that its replicated counts follow."""
    mean = EXPECTED[scenario] * EXPOSURE
    return stats.nbinom(SHAPE + events, (SHAPE + mean) / (SHAPE + 2 * mean))


def a_fit(volume: Array, *, coverage: Array | None = None, names: tuple[str, ...] = ("many",)) -> ScenarioFit:
    """A fit whose draws are given; what the sampler says of itself is sound."""
    rng, size = np.random.default_rng(5), volume.shape[:2]
    statistics: dict[str, Any] = {
        "diverging": np.zeros(size, bool),
        "energy": rng.normal(size=size),
        "tree_depth": rng.integers(1, 5, size),
    }
    estimate = bridge.Estimate(0.0, 0.0)
    return ScenarioFit(
        indicators=names, volume=volume, coverage=coverage, statistics=statistics, estimate=estimate
    )


def gamma_fits(draws: int = 2000) -> dict[str, ScenarioFit]:
    """Fits drawn from the volumes' posterior, as it is known."""
    rng = np.random.default_rng(11)
    rates = {one: SHAPE + EXPECTED[one] * EXPOSURE for one in PRIORS}
    return {one: a_fit(rng.gamma(SHAPE + 3, 1 / rates[one], (CHAINS, draws, 1))) for one in PRIORS}


@cache
def unsampled() -> Posterior:
    """The outcome of a night on which nothing was sampled."""
    case = a_case(coverage_sd=0.0, spreads=(0.0, 0.0, 0.0))
    return update(case, fingerprint="x")


def a_posterior(fits: Mapping[str, ScenarioFit], probabilities: Mapping[str, float]) -> Posterior:
    """The outcome of a night with these fits."""
    posterior = unsampled()
    assert posterior.sampled is not None
    sampled = replace(posterior.sampled, fits=fits)
    return replace(posterior, probabilities=probabilities, sampled=sampled)


def of_indicator(name: str, probabilities: Mapping[str, float] = PRIORS) -> Any:
    found = predictive.check(known_law(), gamma_fits(), probabilities)
    return next(one for one in found if one["indicator"] == name)


def deviations(fit: ScenarioFit) -> Any:
    found: Any = diagnose(known_law(), a_posterior({"low": fit}, {"low": 1.0, "high": 0.0}))
    return found["fit"]["low"]["ranks"]


@pytest.mark.parametrize("scenario", PRIORS)
def test_counts_replicated_from_a_known_posterior_are_negative_binomial(scenario: str) -> None:
    found, law = of_indicator("many")["by_scenario"][scenario], predicted_law(scenario)
    error = 5 / np.sqrt(4 * 2000)
    assert found["predicted"] == pytest.approx(law.mean(), abs=error * law.std())
    assert found["interval"] == [law.ppf(0.05), law.ppf(0.95)]
    assert found["pit"] == pytest.approx(law.cdf(3) - law.pmf(3) / 2, abs=error / 2)
    assert found["tail"] == pytest.approx(2 * min(found["pit"], 1 - found["pit"]), abs=1e-4)


def test_over_all_scenarios_the_prediction_is_their_mixture() -> None:
    weights = {"low": 0.9, "high": 0.1}
    found, laws = of_indicator("many", weights), {one: predicted_law(one) for one in PRIORS}
    counts = np.arange(60)
    mixed = sum(weights[one] * laws[one].pmf(counts) for one in PRIORS)
    assert found["observed"] == 3
    assert found["predicted"] == pytest.approx(mixed @ counts, abs=0.1)
    assert found["interval"] == [np.argmax(np.cumsum(mixed) >= level) for level in (0.05, 0.95)]
    assert found["pit"] == pytest.approx(mixed[:3].sum() + mixed[3] / 2, abs=0.03)


def test_an_indicator_without_a_volume_is_poisson() -> None:
    found = of_indicator("fixed")["by_scenario"]["high"]
    assert found["predicted"] == pytest.approx(1.0, abs=5 / np.sqrt(8000))
    assert found["interval"] == [0, 3]
    assert of_indicator("fixed")["observed"] == 0.8


def test_a_one_off_has_happened_by_now_or_not() -> None:
    found = of_indicator("once", {"low": 0.25, "high": 0.75})
    assert found["observed"] == 1
    assert found["by_scenario"]["low"] == {"predicted": 0.1, "interval": [0, 1], "pit": 0.95, "tail": 0.1}
    assert found["predicted"] == pytest.approx(0.25 * 0.1 + 0.75 * 0.4)


def test_an_impossible_one_off_that_did_not_happen_is_as_expected() -> None:
    never = Indicator(id="never", tags=("deal",), stated=dict.fromkeys(PRIORS, 0.0), recurs=False)
    many = known_law().indicators[0].indicator
    case = an_evidence(a_forecast([many, never], PRIORS), [([], 0.0), ([], 1.0)])
    for one in predictive.check(case, gamma_fits(20), PRIORS):
        assert (one["predicted"], one["interval"], one["tail"]) == (0.0, [0, 0], 1.0)


def test_coverage_multiplies_every_count() -> None:
    coverage = np.full((CHAINS, 2000), 3.0)
    fit = a_fit(np.ones((CHAINS, 2000, 1)), coverage=coverage)
    means = predictive.replicate(known_law(), "low", fit).mean(axis=(0, 1))
    assert means == pytest.approx([3 * 2.0 * 0.5, 3 * 1.0 * 0.25], abs=0.1)


def test_the_same_fit_gives_the_same_counts_and_another_gives_others() -> None:
    fits = gamma_fits(200)
    once, again = (predictive.replicate(known_law(), "low", fits["low"]) for _ in range(2))
    assert np.array_equal(once, again)
    assert once.shape == (CHAINS, 200, 2)
    nudged = replace(fits["low"], volume=fits["low"].volume * (1 + 1e-12))
    assert not np.array_equal(once, predictive.replicate(known_law(), "low", nudged))


def test_rates_beyond_reading_and_draws_that_are_no_numbers_still_give_a_document() -> None:
    case = known_law()
    vast = replace(case.indicators[0].indicator, stated={"low": 1e300, "high": 1e300})
    case = replace(case, indicators=(replace(case.indicators[0], indicator=vast), *case.indicators[1:]))
    volume = np.ones((CHAINS, 50, 1))
    volume[0, 0, 0] = np.nan
    found = diagnose(case, a_posterior({"low": a_fit(volume)}, {"low": 1.0, "high": 0.0}))
    assert "NaN" not in json.dumps(found, allow_nan=False)


@pytest.mark.parametrize("draws", [200, 201])
def test_the_figures_of_chains_are_those_of_arviz(draws: int) -> None:
    rng = np.random.default_rng(2)
    latents = np.cumsum(rng.normal(size=(CHAINS, draws, 3)), axis=1) * [0.1, 0.3, 1.0]
    latents[:, :, 1] += rng.normal(size=(CHAINS, draws)) * 5
    latents[:, 1::7] = latents[:, 0:-1:7]  # a sampler stands still now and then
    found, first = chains(latents), np.moveaxis(latents, -1, 0)
    assert found.rhat == pytest.approx(array_stats.rhat(first), rel=1e-12)
    assert found.ess_bulk == pytest.approx(array_stats.ess(first), rel=1e-9)
    assert found.ess_tail == pytest.approx(array_stats.ess(first, method="tail", prob=(0.05, 0.95)))


def test_the_worst_figures_are_named_and_the_sampler_is_heard() -> None:
    fits = gamma_fits()
    stuck = fits["high"].volume.copy()
    stuck[0] += 3
    coverage = np.random.default_rng(1).lognormal(size=(CHAINS, 2000))
    fit = replace(fits["high"], volume=stuck, coverage=coverage)
    document: Any = diagnose(known_law(), a_posterior(fits | {"high": fit}, PRIORS))
    found, figures = document["fit"]["high"], chains(fit.latents)
    assert found["worst"] == "volume of many"
    assert list(found["latents"]) == ["volume of many", "coverage"]
    assert found["rhat"] == pytest.approx(figures.rhat[0], abs=1e-5)
    assert found["rhat"] > 1.1 > found["latents"]["coverage"]["rhat"]
    assert found["ess_bulk"] == round(figures.ess_bulk[0])
    assert found["divergences"] == 0
    assert found["bfmi"] == pytest.approx(array_stats.bfmi(fit.statistics["energy"]).min(), abs=1e-3)
    assert found["tree_depth"] == 4


def test_a_chain_that_lies_elsewhere_leaves_the_envelope_of_its_ranks() -> None:
    fit = gamma_fits()["low"]
    moved = fit.volume.copy()
    moved[2] *= 1.2
    sound, found = deviations(fit), deviations(replace(fit, volume=moved))
    assert sound["inside"]
    assert not found["inside"]
    assert found["deviation"] > found["envelope"]
    counts = np.array(found["histograms"])
    assert counts.shape == (CHAINS, 20)
    assert counts.sum(axis=0).tolist() == [400] * 20
    assert counts[2, -1] > counts[2, 0]


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [0.0, 0.7])
def test_sound_chains_leave_the_envelope_hardly_more_often_than_it_says(correlation: float) -> None:
    """Of one latent Bonferroni's bound allows each of four chains 1.25 %."""
    rng = np.random.default_rng(4)
    noise = rng.normal(size=(500, CHAINS, 500))
    drawn = lfilter([1.0], [1.0, -correlation], noise, axis=-1)[..., 100:]
    ranks = diagnostics._ranks(drawn)
    bounds = np.array([envelope(one, latents=1) for one in ranks])
    outside = (diagnostics._deviations(ranks) > bounds[:, None]).mean()
    assert 0.001 < outside < 0.0125 + 4 * 0.0025


def test_chains_that_stand_still_have_no_figures() -> None:
    volume = np.repeat(np.arange(1.0, 5.0), 50).reshape(CHAINS, 50, 1)
    fit = replace(a_fit(volume), statistics={"energy": np.zeros((CHAINS, 50))})  # says nothing else
    document: Any = diagnose(known_law(), a_posterior({"low": fit}, {"low": 1.0, "high": 0.0}))
    found = document["fit"]["low"]
    assert (found["rhat"], found["bfmi"], found["divergences"], found["tree_depth"]) == (None,) * 4
    assert not found["ranks"]["inside"]
    assert "NaN" not in json.dumps(document, allow_nan=False)


def test_without_latents_there_is_nothing_to_say() -> None:
    found = diagnose(known_law(), unsampled())
    assert (found["sampled"], found["fit"], found["predictive"]) == (False, {}, [])


def test_the_stored_tree_holds_the_counts_that_were_judged(tmp_path: Path) -> None:
    fits = gamma_fits(100)
    tree = to_datatree(known_law(), a_posterior(fits, PRIORS))
    assert tree is not None
    tree.to_netcdf(tmp_path / "night.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "night.nc", engine="h5netcdf") as read:
        counts = read["posterior_predictive"]["count"]
        assert counts.dims == ("scenario", "chain", "draw", "recurring")
        expected = predictive.replicate(known_law(), "high", fits["high"])
        assert np.array_equal(counts.sel(scenario="high"), expected)
        assert read["observed_data"]["count"].to_numpy().tolist() == [3.0, 0.8]


@pytest.mark.slow
def test_what_pymc_samples_from_a_known_law_predicts_the_negative_binomial() -> None:
    case = known_law()
    document: Any = diagnose(case, update(case, fingerprint="x"))
    found = document["predictive"][0]
    for scenario in PRIORS:
        one, law = found["by_scenario"][scenario], predicted_law(scenario)
        assert one["predicted"] == pytest.approx(law.mean(), abs=8 * law.std() / np.sqrt(8000))
        assert one["interval"] == [law.ppf(0.05), law.ppf(0.95)]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Evidence, Posterior]:
    """The shipped forecast at the end of its reports."""
    with shipped.service(tmp_path_factory.mktemp("shipped")) as service:
        shipped.take_in(service)
        forecast = shipped.forecast(service)
        assert forecast.observed_until is not None
        evidence = known_evidence(service, forecast, as_of=forecast.observed_until)
    return evidence, update(evidence, fingerprint="x")


@pytest.mark.slow
def test_the_shipped_forecast_would_see_again_what_it_saw(night: tuple[Evidence, Posterior]) -> None:
    document: Any = diagnose(*night)
    assert len(document["predictive"]) == len(night[0].indicators)
    assert [one["indicator"] for one in document["predictive"] if one["tail"] < SURPRISING] == []
    assert json.loads(json.dumps(document, allow_nan=False)) == document


@pytest.mark.slow
def test_its_figures_are_those_that_the_gate_judged(night: tuple[Evidence, Posterior]) -> None:
    document: Any = diagnose(*night)
    fits, judged = document["fit"].values(), {one.name: one.figure for one in night[1].checks}
    assert max(fit["rhat"] for fit in fits) == pytest.approx(judged["rhat"], abs=1e-5)
    assert min(fit["ess_bulk"] for fit in fits) / CHAINS == pytest.approx(judged["ess_bulk"], abs=0.2)
    assert min(fit["ess_tail"] for fit in fits) / CHAINS == pytest.approx(judged["ess_tail"], abs=0.2)
    assert all(fit["ranks"]["inside"] for fit in fits)


@pytest.mark.slow
def test_the_same_night_is_diagnosed_alike_bit_for_bit(night: tuple[Evidence, Posterior]) -> None:
    assert diagnose(*night) == diagnose(*night)
