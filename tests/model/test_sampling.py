"""The PyMC engine: its model, its likelihood, and what it answers."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from model import exact, sampling
from model.domain import Event, Indicator
from model.evidence import Evidence
from model.impossible import ruled_out
from model.tabulation import Shape, log_likelihood, tabulate
from tests.strategies import a_forecast, an_event, an_evidence

ROOT = Path(__file__).parents[2]
PRIORS = {"low": 0.5, "middle": 0.3, "high": 0.2}


def recurring(name: str, low: float, high: float, spread: float = 0.5) -> Indicator:
    stated = {"low": low, "middle": (low + high) / 2, "high": high}
    return Indicator(id=name, tags=("deal",), stated=stated, spread=spread)


def some(*credibilities: float) -> list[Event]:
    return [an_event(20 * place, c, key=f"e{place}") for place, c in enumerate(credibilities)]


def a_case(*, coverage_sd: float = 0.25, spreads: tuple[float, float, float] = (0.5, 0.0, 1.2)) -> Evidence:
    """Two indicators with a latent volume around one without, and a one-off with two rumours."""
    indicators = [
        recurring("many", 1.0, 6.0, spreads[0]),
        recurring("fixed", 3.0, 0.5, spreads[1]),
        recurring("wild", 0.5, 2.0, spreads[2]),
        Indicator(id="once", tags=("deal",), stated={"low": 0.1, "middle": 0.5, "high": 0.9}, recurs=False),
    ]
    forecast = a_forecast(indicators, PRIORS, coverage_sd=coverage_sd)
    seen = [(some(0.9, 0.6, 0.3), 0.5), (some(0.8), 0.4), (some(), 0.6), (some(0.4, 0.7), 0.3)]
    return an_evidence(forecast, seen)


def test_indicators_with_a_latent_volume_come_first() -> None:
    table = tabulate(a_case(), "low")
    assert table.indicators == ("many", "wild", "fixed")
    assert table.shape == Shape(volumes=2, fixed=1, slots=8, coverage=True)


def test_other_numbers_have_the_same_shape() -> None:
    case = a_case()
    later = replace(case.indicators[0], counted=tuple(some(*[0.9] * 8)), exposure=0.9)
    grown = replace(case, indicators=(later, *case.indicators[1:]))
    assert tabulate(grown, "high").shape == tabulate(case, "low").shape


@pytest.mark.slow
def test_the_likelihood_of_the_bridge_is_that_of_the_model() -> None:
    table = tabulate(a_case(), "middle")
    model = sampling.build_model(table)
    volume, shape, coverage = np.array([1.7, 0.3]), table.rows[:2, 2], 1.2
    at = {"volume_log__": np.log(volume), "coverage_log__": np.log(coverage)}
    prior = stats.gamma(shape, scale=1 / shape).logpdf(volume).sum()
    prior += stats.lognorm(0.25, scale=np.exp(-(0.25**2) / 2)).logpdf(coverage)
    expected = model.compile_logp(jacobian=False)(at) - prior
    found = log_likelihood(table, np.array([[*volume, coverage]]))
    assert found[0] == pytest.approx(float(expected), abs=1e-12)


def test_the_model_names_its_dimensions() -> None:
    model = sampling.build_model(tabulate(a_case(), "low"))
    assert model.named_vars_to_dims["volume"] == ("volume_of",)
    assert list(model.coords["volume_of"]) == ["many", "wild"]


def test_without_latents_the_evidence_is_a_number_without_error() -> None:
    case = a_case(coverage_sd=0.0, spreads=(0.0, 0.0, 0.0))
    expected = exact.log_evidence(case)
    for scenario in PRIORS:
        found = sampling.fit(case, scenario, seed=1, draws=10, tune=10)
        assert found.estimate.log_z == pytest.approx(expected[scenario], abs=1e-9)
        assert found.estimate.error == 0


def test_a_forecast_of_one_offs_alone_needs_no_sampling() -> None:
    whole = a_case()
    forecast = replace(whole.forecast, indicators=whole.forecast.indicators[3:])
    case = replace(whole, forecast=forecast, indicators=whole.indicators[3:])
    found = sampling.fit(case, "high", seed=1, draws=10, tune=10)
    assert found.estimate.log_z == pytest.approx(exact.log_evidence(case)["high"], abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("coverage_sd", "spreads"),
    [
        pytest.param(0.25, (0.5, 0.0, 1.2), id="coverage, volumes and one without"),
        pytest.param(0.0, (0.5, 0.3, 1.2), id="no coverage"),
        pytest.param(0.6, (0.0, 0.0, 0.0), id="coverage alone"),
        pytest.param(0.25, (2.0, 0.01, 1.2), id="volumes hardly known, and nearly known"),
    ],
)
def test_nuts_and_bridge_agree_with_quadrature(
    coverage_sd: float, spreads: tuple[float, float, float]
) -> None:
    case = a_case(coverage_sd=coverage_sd, spreads=spreads)
    expected = exact.log_evidence(case)
    assert not ruled_out(case)
    for scenario in PRIORS:
        found = sampling.fit(case, scenario, seed=3, draws=2000, tune=1000)
        assert found.estimate.error < 0.02
        assert found.estimate.log_z == pytest.approx(expected[scenario], abs=4 * found.estimate.error)
        assert not found.statistics["diverging"].any()


@pytest.mark.slow
def test_the_same_seed_gives_the_same_draws_bit_for_bit() -> None:
    case = a_case()
    one, same, other = (sampling.fit(case, "low", seed=seed, draws=200, tune=300) for seed in (7, 7, 8))
    assert np.array_equal(one.latents, same.latents)
    assert one.estimate == same.estimate
    assert not np.array_equal(one.latents, other.latents)


@pytest.mark.slow
def test_draws_follow_the_posterior() -> None:
    """With certain events, no noise and no coverage a volume's posterior is Gamma(a + n, a + E X)."""
    indicator = Indicator(id="k", tags=("deal",), stated={"low": 2.0, "high": 2.0}, spread=0.5)
    forecast = a_forecast([indicator], {"low": 0.5, "high": 0.5})
    case = an_evidence(forecast, [(some(1.0, 1.0, 1.0), 0.5)])
    volume = sampling.fit(case, "low", seed=2, draws=2000, tune=1000).volume
    shape, rate = 4 + 3, 4 + 2 * 0.5
    assert volume.mean() == pytest.approx(shape / rate, abs=0.03)
    assert volume.std() == pytest.approx(shape**0.5 / rate, abs=0.03)


@pytest.mark.slow
def test_a_process_that_samples_leaves_nothing_in_the_temporary_folder(tmp_path: Path) -> None:
    left, cache = tmp_path / "tmp", tmp_path / "cache"
    left.mkdir()
    program = (
        "from model import sampling; from tests.model.test_sampling import a_case; "
        "sampling.fit(a_case(), 'low', seed=1, draws=100, tune=200)"
    )
    environment = os.environ | {"TMPDIR": str(left), "PYTENSOR_FLAGS": f"base_compiledir={cache}"}
    subprocess.run([sys.executable, "-c", program], env=environment, cwd=ROOT, check=True)
    assert list(left.iterdir()) == []
