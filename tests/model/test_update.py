"""One update: published, held, or impossible."""

from dataclasses import replace
from pathlib import Path

import arviz as az
import pytest
import xarray as xr

from model import exact
from model.credibility import Grades
from model.digests import digest
from model.domain import Indicator
from model.draws import to_datatree
from model.errors import Impossible
from model.evidence import Evidence
from model.fingerprint import code_digest
from model.posterior import Posterior
from model.snapshot import snapshot
from model.update import Effort, update
from tests.model.test_sampling import a_case, some
from tests.strategies import a_forecast, an_evidence


def without_latents() -> Evidence:
    return a_case(coverage_sd=0.0, spreads=(0.0, 0.0, 0.0))


def test_without_latents_both_computations_agree_and_are_published() -> None:
    found = update(without_latents(), fingerprint="x")
    assert found.status == "published"
    assert found.sampled is not None
    assert found.probabilities == pytest.approx(found.sampled.probabilities, abs=1e-9)
    assert [one.name for one in found.checks if one.passed is None] == [
        "rhat",
        "ess_bulk",
        "ess_tail",
        "divergences",
        "log_evidence_gap_in_errors",
    ]
    assert to_datatree(without_latents(), found) is None


def test_a_scenario_ruled_out_is_said_so_and_the_others_share_the_rest() -> None:
    sure = Indicator(id="sure", tags=("deal",), stated={"low": 1.0, "high": 0.5}, recurs=False)
    forecast = a_forecast([sure], {"low": 0.5, "high": 0.5})
    found = update(an_evidence(forecast, [([], 1.0)]), fingerprint="x")
    assert found.probabilities == {"low": 0.0, "high": 1.0}
    (warning,) = found.warnings
    assert warning.startswith("low is ruled out: sure must have happened by ")


def test_evidence_that_rules_everything_out_names_indicator_and_event() -> None:
    never = Indicator(id="never", tags=("deal",), stated={"low": 0.0, "high": 0.0})
    forecast = a_forecast([never], {"low": 0.5, "high": 0.5})
    with pytest.raises(Impossible, match="never cannot happen, but event e0 is certain"):
        update(an_evidence(forecast, [(some(1.0), 1.0)]), fingerprint="x")


@pytest.fixture(scope="module")
def night() -> Posterior:
    return update(a_case(), fingerprint="x")


@pytest.mark.slow
def test_a_night_with_latents_is_published_with_its_errors(night: Posterior) -> None:
    assert night.status == "published", night.checks
    assert all(one.passed for one in night.checks)
    assert night.sampled is not None
    for scenario, probability in night.probabilities.items():
        assert night.sampled.probabilities[scenario] == pytest.approx(probability, abs=0.01)
        assert 0 < night.sampled.monte_carlo_error[scenario] <= 0.003


@pytest.mark.slow
def test_a_fit_that_fails_is_tried_again_harder() -> None:
    said: list[str] = []
    hopeless, enough = Effort(draws=8, tune=20), Effort(draws=2000, tune=1000)
    found = update(a_case(), fingerprint="x", attempts=(hopeless, enough), say=said.append)
    assert found.status == "published"
    assert len(said) == 6


@pytest.mark.slow
def test_a_fit_that_keeps_failing_is_held_with_each_figure_and_threshold() -> None:
    found = update(a_case(), fingerprint="x", attempts=(Effort(draws=8, tune=20),))
    assert found.status == "held"
    failed = [one for one in found.checks if one.passed is False]
    assert failed
    assert all(one.figure is not None for one in failed)
    assert found.probabilities == exact.posterior(a_case())


@pytest.mark.slow
def test_the_draws_can_be_read_again_by_arviz(night: Posterior, tmp_path: Path) -> None:
    tree = to_datatree(a_case(), night)
    assert tree is not None
    tree.to_netcdf(tmp_path / "night.nc", engine="h5netcdf")
    with xr.open_datatree(tmp_path / "night.nc", engine="h5netcdf") as read:
        assert read["posterior"]["volume"].dims == ("scenario", "chain", "draw", "indicator")
        assert read["posterior"]["indicator"].to_numpy().tolist() == ["many", "wild"]
        worst = az.rhat(read["posterior"].to_dataset())["volume"].max()
        assert float(worst) < 1.02
        assert float(read["observed_data"]["count"].sel(recurring="many")) == pytest.approx(1.8)


def test_the_snapshot_tells_apart_what_differs_and_only_that() -> None:
    case = a_case()
    first = digest(snapshot(case, Grades()))
    later = replace(case, as_of=case.as_of.replace(year=2030))
    assert digest(snapshot(later, Grades())) == first
    assert digest(snapshot(case, Grades(corroboration=0.4))) != first
    doubted = replace(case.indicators[0], counted=tuple(some(0.9, 0.6, 0.29)))
    assert digest(snapshot(replace(case, indicators=(doubted, *case.indicators[1:])), Grades())) != first


def test_the_code_has_a_digest_that_stays() -> None:
    assert code_digest() == code_digest()
    assert code_digest().startswith("sha256:")
    assert len(code_digest()) == 71
