"""What is published, and what is held."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from model import gate
from model.bridge import Estimate
from model.domain import Verdict
from model.sampling import ScenarioFit

LOG_Z = {"low": -2.0, "high": -3.0}
EVEN = {"low": 0.5, "high": 0.5}


def a_fit(seed: int = 0, *, log_z: float = -2.0, error: float = 0.003, latents: int = 3) -> ScenarioFit:
    rng = np.random.default_rng(seed)
    return ScenarioFit(
        indicators=tuple("abc"[:latents]),
        volume=rng.standard_normal((4, 500, latents)),
        coverage=None,
        statistics={"diverging": np.zeros((4, 500), dtype=bool)},
        estimate=Estimate(log_z, error),
    )


def good_fits() -> dict[str, ScenarioFit]:
    return {"low": a_fit(1, log_z=-2.004), "high": a_fit(2, log_z=-2.999)}


def verdicts(
    fits: Mapping[str, ScenarioFit], exact: Mapping[str, float] = EVEN, sampled: Mapping[str, float] = EVEN
) -> dict[str, Verdict]:
    found = gate.judge(fits, exact_log_z=LOG_Z, exact=exact, sampled=sampled)
    return {one.name: one for one in found}


def test_a_good_fit_passes_every_check() -> None:
    found = verdicts(good_fits())
    assert all(one.passed for one in found.values())
    assert gate.passes(tuple(found.values()))


def test_chains_that_disagree_are_held() -> None:
    fits = good_fits()
    apart = fits["high"].volume.copy()
    apart[0] += 2
    found = verdicts(fits | {"high": replace(fits["high"], volume=apart)})
    assert found["rhat"].passed is False
    assert not gate.passes(tuple(found.values()))


def test_chains_that_hardly_move_are_held() -> None:
    fits = good_fits()
    stuck = np.repeat(fits["low"].volume[:, ::50], 50, axis=1)
    found = verdicts(fits | {"low": replace(fits["low"], volume=stuck)})
    assert found["ess_bulk"].passed is False


def test_a_divergence_is_held() -> None:
    fits = good_fits()
    diverging = np.zeros((4, 500), dtype=bool)
    diverging[2, 17] = True
    found = verdicts(fits | {"low": replace(fits["low"], statistics={"diverging": diverging})})
    assert (found["divergences"].figure, found["divergences"].passed) == (1, False)


def test_evidences_further_apart_than_a_twentieth_of_a_nat_are_held() -> None:
    found = verdicts(good_fits() | {"low": a_fit(1, log_z=-2.06, error=0.02)})
    assert found["log_evidence_gap"].passed is False
    assert found["log_evidence_gap_in_errors"].passed is True


def test_evidences_further_apart_than_their_error_allows_are_held() -> None:
    found = verdicts(good_fits() | {"low": a_fit(1, log_z=-2.03, error=0.003)})
    assert found["log_evidence_gap"].passed is True
    assert found["log_evidence_gap_in_errors"].passed is False


def test_a_probability_that_is_too_uncertain_is_held() -> None:
    found = verdicts(good_fits() | {"low": a_fit(1, log_z=-2.0, error=0.02)})
    assert found["monte_carlo_error"].passed is False


def test_a_scenario_that_nobody_believes_in_is_not_judged() -> None:
    nearly = {"low": 1 - 1e-9, "high": 1e-9}
    found = verdicts(good_fits() | {"high": a_fit(2, log_z=-9.0)}, nearly, nearly)
    assert found["log_evidence_gap"].passed is True


def test_a_scenario_that_one_computation_believes_in_is_judged() -> None:
    nearly = {"low": 1 - 1e-9, "high": 1e-9}
    found = verdicts(good_fits() | {"high": a_fit(2, log_z=-9.0)}, nearly, EVEN)
    assert found["log_evidence_gap"].passed is False


def test_checks_of_chains_do_not_apply_where_nothing_was_sampled() -> None:
    fits = {one: a_fit(latents=0, log_z=log_z, error=0.0) for one, log_z in LOG_Z.items()}
    found = verdicts(fits)
    assert {name for name, one in found.items() if one.passed is None} == {
        "rhat",
        "ess_bulk",
        "ess_tail",
        "divergences",
        "log_evidence_gap_in_errors",
    }
    assert gate.passes(tuple(found.values()))


def test_a_figure_that_is_no_number_passes_nothing() -> None:
    found = verdicts(good_fits() | {"low": a_fit(1, log_z=math.nan)})
    assert found["log_evidence_gap"].passed is False


def test_the_monte_carlo_error_is_that_of_simulated_evidences() -> None:
    probabilities = {"a": 0.2, "b": 0.5, "c": 0.3}
    errors = {"a": 0.01, "b": 0.02, "c": 0.005}
    rng = np.random.default_rng(5)
    log_z = np.array([[math.log(p)] for p in probabilities.values()])
    noisy = np.exp(log_z + np.array([[e] for e in errors.values()]) * rng.standard_normal((3, 200_000)))
    simulated = np.std(noisy / noisy.sum(axis=0), axis=1)
    found = gate.monte_carlo_error(probabilities, errors)
    assert list(found.values()) == pytest.approx(simulated, rel=0.02)
