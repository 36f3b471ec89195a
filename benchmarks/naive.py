"""The obvious model, kept to show why it is not used.

One mixture, the scenario summed out; NUTS over all latents; the average of the softmax.
"""

import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import nutpie
import pymc as pm
import pytensor.tensor as pt
from arviz_stats.base.array import array_stats
from numpy.typing import NDArray

from model.evidence import Evidence, IndicatorEvidence
from model.impossible import mean_stated

Array = NDArray[np.float64]

CHAINS, DRAWS, TUNE = 4, 1000, 1000
_SLOTS = 16  # events are padded to a multiple of this, so that shapes are few


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampled:
    """What came of one sampling.

    Parameters
    ----------
    probabilities
        By scenario, averaged over all draws.
    rhat, ess
        The worst over all latents.
    """

    probabilities: dict[str, float]
    rhat: float
    ess: float


def mixture(evidence: Evidence) -> pm.Model:
    """Build the model in which the scenario is summed out; all indicators must recur, with a spread."""
    forecast = evidence.forecast
    seen = evidence.indicators
    coords = {"scenario": forecast.scenario_ids, "indicator": [one.indicator.id for one in seen]}
    expected = np.array([[one.indicator.stated[name] for one in seen] for name in forecast.scenario_ids])
    shapes = np.array([one.indicator.spread**-2 for one in seen])
    sigma = forecast.coverage_sd
    with pm.Model(coords=coords) as model:
        factors, exposure = (pm.Data(name, numbers) for name, numbers in _data(evidence).items())
        volume = pm.Gamma("volume", shapes, shapes, dims="indicator")
        rate = expected * volume * pm.LogNormal("coverage", -(sigma**2) / 2, sigma)
        events = pt.sum(pt.log(factors[0] * rate[:, :, None] + factors[1]), axis=(1, 2))
        silence = pt.sum(rate * exposure, axis=1)
        log_joint = np.log([one.prior for one in forecast.scenarios]) + events - silence
        pm.Potential("log_likelihood", pm.math.logsumexp(log_joint))
        pm.Deterministic("probability", pt.special.softmax(log_joint, axis=-1), dims="scenario")
    return model


def _data(evidence: Evidence) -> dict[str, Array]:
    """Credibilities and noise rates, shape (2, indicators, slots), and exposures, shape (indicators,)."""
    most = max(len(one.counted) for one in evidence.indicators)
    slots = _SLOTS * math.ceil(most / _SLOTS)
    rows = [_row(evidence, one, slots) for one in evidence.indicators]
    return {
        "factors": np.array(rows).swapaxes(0, 1),
        "exposure": np.array([one.exposure for one in evidence.indicators]),
    }


def _row(evidence: Evidence, seen: IndicatorEvidence, slots: int) -> list[list[float]]:
    """Give each event its credibility c and its noise (1 − c) Ē; an empty slot has 0 and 1."""
    mean, empty = mean_stated(evidence, seen), slots - len(seen.counted)
    return [
        [event.credibility for event in seen.counted] + [0.0] * empty,
        [(1 - event.credibility) * mean for event in seen.counted] + [1.0] * empty,
    ]


def by_pymc(evidence: Evidence) -> Callable[[int], Sampled]:
    """Sample with PyMC's own NUTS; it compiles anew, or out of its cache, for every seed."""
    model = mixture(evidence)

    def sample(seed: int) -> Sampled:
        with model, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            drawn = pm.sample(
                DRAWS,
                tune=TUNE,
                chains=CHAINS,
                cores=2,
                random_seed=seed,
                nuts_sampler="pymc",
                progressbar=False,
                quiet=True,
                compute_convergence_checks=False,
            )
        return _sampled(evidence, drawn["posterior"])

    return sample


_compiled: dict[tuple[str, tuple[int, ...]], Any] = {}


def by_nutpie(evidence: Evidence) -> Callable[[int], Sampled]:
    """Sample with nutpie's NUTS; it compiles for the first evidence of a forecast and a shape."""
    data = _data(evidence)
    key = (evidence.forecast.id, data["factors"].shape)

    def sample(seed: int) -> Sampled:
        if key not in _compiled:
            _compiled[key] = nutpie.compile_pymc_model(mixture(evidence))
        program = _compiled[key].with_data(**data)
        drawn = nutpie.sample(program, draws=DRAWS, tune=TUNE, chains=CHAINS, seed=seed, progress_bar=False)
        return _sampled(evidence, drawn["posterior"])

    return sample


def _sampled(evidence: Evidence, posterior: Any) -> Sampled:
    probability = np.asarray(posterior["probability"])
    coverage = np.asarray(posterior["coverage"])[..., None]
    latents = np.moveaxis(np.concatenate([np.asarray(posterior["volume"]), coverage], axis=-1), -1, 0)
    average = probability.mean(axis=(0, 1))
    return Sampled(
        probabilities=dict(zip(evidence.forecast.scenario_ids, map(float, average), strict=True)),
        rhat=float(array_stats.rhat(latents).max()),
        ess=float(array_stats.ess(latents).min()),
    )
