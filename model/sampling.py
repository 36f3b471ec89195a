"""The PyMC engine: NUTS for each scenario, and bridge sampling for its evidence.

One model serves every scenario and every night: a scenario's numbers are data, so that PyTensor
compiles once for each shape. All numbers of one indicator stand in one row of one table, which
spares every fresh process more than a second of compilation (docs/decisions/0003). PyMC itself takes
seconds to load, which is put off until there is something to sample.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import gammainc, gammaincc, gammainccinv, gammaincinv, ndtr, ndtri

from model import bridge
from model.errors import Unresolved
from model.evidence import Evidence, IndicatorEvidence
from model.impossible import certain, mean_stated
from model.tabulation import NUMBERS, Array, Shape, Table, log_likelihood, tabulate

if TYPE_CHECKING:
    import pymc as pm

CHAINS = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class ScenarioFit:
    """What NUTS and the bridge found under one scenario.

    Parameters
    ----------
    volume : ndarray, shape (chains, draws, volumes)
        g of the indicators that have one.
    coverage : ndarray, shape (chains, draws), or None
        h, where the forecast has it.
    statistics
        Of the sampler, each of shape (chains, draws).
    estimate
        log Z with its standard error (0 without latents).
    """

    indicators: tuple[str, ...]
    volume: Array
    coverage: Array | None
    statistics: Mapping[str, Array]
    estimate: bridge.Estimate

    @property
    def latents(self) -> Array:
        """All unknowns, shape (chains, draws, latents)."""
        if self.coverage is None:
            return self.volume
        return np.concatenate([self.volume, self.coverage[..., None]], axis=-1)


def fit(  # noqa: PLR0913 - one for each setting of the sampler
    evidence: Evidence, scenario: str, *, seed: int, draws: int, tune: int, cores: int = CHAINS
) -> ScenarioFit:
    """Sample the latents under one scenario, and estimate its log evidence.

    Parameters
    ----------
    evidence
        What counts at the cutoff; the scenario must not be ruled out by it.
    seed
        The same seed on the same machine gives the same draws.
    draws, tune
        Per chain, of four chains.
    cores
        How many chains are sampled at a time.

    Raises
    ------
    Unresolved
        NUTS cannot start or go on.
    """
    table = tabulate(evidence, scenario)
    one_offs = _log_one_offs(evidence, scenario)
    if not table.shape.latents:
        certainly = float(log_likelihood(table, np.zeros((1, 0)))[0]) + one_offs
        nothing = np.zeros((CHAINS, draws, 0))
        return ScenarioFit(
            indicators=(),
            volume=nothing,
            coverage=None,
            statistics={},
            estimate=bridge.Estimate(certainly, 0.0),
        )
    trace = _sample(table, seed=seed, draws=draws, tune=tune, cores=cores)
    volume, coverage = _latents(trace, table.shape)
    z = _to_normal(table, volume, coverage)
    rng = np.random.default_rng(seed)
    estimate = bridge.log_evidence(z, lambda points: _log_density(table, points), rng)
    return ScenarioFit(
        indicators=table.indicators[: table.shape.volumes],
        volume=volume,
        coverage=coverage,
        statistics=_statistics(trace),
        estimate=bridge.Estimate(estimate.log_z + one_offs, estimate.error),
    )


def build_model(table: Table) -> "pm.Model":
    """Build the PyMC model of one scenario's latents, whose ``table`` is data.

    ``volume[k] ~ Gamma(a_k, a_k)``, ``coverage ~ LogNormal(−σ²/2, σ)``; the likelihood is a potential,
    ``Σ_k [ Σ_i log(c_i E_k g_k h + (1 − c_i) Ē_k) − E_k g_k h X_k ]``.
    """
    import pymc as pm  # noqa: PLC0415 - seconds
    import pytensor.tensor as pt  # noqa: PLC0415 - PyMC loads it

    shape = table.shape
    real = [f"real {slot}" for slot in range(shape.slots)]
    noise = [f"noise {slot}" for slot in range(shape.slots)]
    coords = {
        "indicator": table.indicators,
        "volume_of": table.indicators[: shape.volumes],
        "number": [*NUMBERS, *real, *noise],
    }
    with pm.Model(coords=coords) as model:
        rows = pm.Data("table", table.rows, dims=("indicator", "number"))
        expected, exposure, a, sigma = rows[:, 0], rows[:, 1], rows[: shape.volumes, 2], rows[0, 3]
        factors = rows[:, len(NUMBERS) :]
        scale = pt.ones(shape.fixed)
        if shape.volumes:
            volume = pm.Gamma("volume", a, a, dims="volume_of")
            scale = pt.concatenate([volume, scale]) if shape.fixed else volume
        if shape.coverage:
            scale = scale * pm.LogNormal("coverage", -(sigma**2) / 2, sigma)
        rate = expected * scale
        events = pt.log(factors[:, : shape.slots] * rate[:, None] + factors[:, shape.slots :])
        pm.Potential("log_likelihood", pt.sum(events) - pt.sum(rate * exposure))
    return model


_compiled: dict[Shape, Any] = {}  # one program for each shape, given other numbers every time


def _sample(table: Table, *, seed: int, draws: int, tune: int, cores: int) -> Any:
    import nutpie  # noqa: PLC0415 - seconds
    from pytensor.configdefaults import config  # noqa: PLC0415 - nutpie loads it

    if table.shape not in _compiled:
        # Otherwise every process leaves what PyTensor writes for Numba in the temporary folder, for good.
        sources = config.generated_src_dir or Path(config.base_compiledir) / "generated"
        with config.change_flags(generated_src_dir=str(sources)):
            _compiled[table.shape] = nutpie.compile_pymc_model(build_model(table))
    try:
        return nutpie.sample(
            _compiled[table.shape].with_data(table=table.rows),
            draws=draws,
            tune=tune,
            chains=CHAINS,
            cores=cores,
            target_accept=0.99,
            seed=seed,
            save_warmup=False,
            progress_bar=False,
        )
    except RuntimeError as error:  # with which nutpie gives up, such as on a density that is never finite
        raise Unresolved(f"NUTS gave up: {error}") from error


def _latents(trace: Any, shape: Shape) -> tuple[Array, Array | None]:
    posterior = trace["posterior"]
    coverage = np.asarray(posterior["coverage"]) if shape.coverage else None
    if shape.volumes:
        return np.asarray(posterior["volume"]), coverage
    chains, draws = posterior.sizes["chain"], posterior.sizes["draw"]
    return np.zeros((chains, draws, 0)), coverage


def _statistics(trace: Any) -> dict[str, Array]:
    kept = {"diverging": "diverging", "energy": "energy", "depth": "tree_depth", "n_steps": "n_steps"}
    statistics = trace["sample_stats"]
    return {name: np.asarray(statistics[theirs]) for theirs, name in kept.items() if theirs in statistics}


def _to_normal(table: Table, volume: Array, coverage: Array | None) -> Array:
    """Coordinates in which every latent is standard normal a priori: ``z = Φ⁻¹(F(g))``."""
    a = table.rows[: table.shape.volumes, 2]
    lower = ndtri(np.maximum(gammainc(a, a * volume), math.ulp(0.0)))
    upper = -ndtri(np.maximum(gammaincc(a, a * volume), math.ulp(0.0)))
    z = np.where(lower < 0, lower, upper)
    if coverage is None:
        return np.asarray(z)
    sigma = table.rows[0, 3]
    return np.concatenate([z, (np.log(coverage) / sigma + sigma / 2)[..., None]], axis=-1)


def _from_normal(table: Table, z: Array) -> Array:
    """Volumes and coverage at normal coordinates, shape (points, latents)."""
    volumes = table.shape.volumes
    a = table.rows[:volumes, 2]
    below = z[:, :volumes] < 0
    tail = ndtr(-np.abs(z[:, :volumes]))
    volume = np.where(below, gammaincinv(a, tail), gammainccinv(a, tail)) / a
    if not table.shape.coverage:
        return np.asarray(volume)
    sigma = table.rows[0, 3]
    return np.concatenate([volume, np.exp(sigma * z[:, volumes:] - sigma**2 / 2)], axis=1)


def _log_density(table: Table, z: Array) -> Array:
    """Log of the standard normal prior times the likelihood, shape (points,)."""
    log_prior = -0.5 * np.sum(z**2, axis=1) - 0.5 * z.shape[1] * math.log(2 * math.pi)
    return np.asarray(log_prior + log_likelihood(table, _from_normal(table, z)))


def _log_one_offs(evidence: Evidence, scenario: str) -> float:
    return sum(
        _log_one_off(evidence, seen, scenario) for seen in evidence.indicators if not seen.indicator.recurs
    )


def _log_one_off(evidence: Evidence, seen: IndicatorEvidence, scenario: str) -> float:
    """Log-likelihood of an indicator of which at most one candidate is real, candidate by candidate."""
    q, mean = seen.indicator.stated[scenario], mean_stated(evidence, seen)
    first_sure = certain(seen)[:1]
    candidates = [one for one in seen.counted if one.credibility < 1 or one in first_sure]
    if mean == 0:
        return 0.0
    real = np.array([one.credibility for one in candidates])
    room = [1 - mean * seen.indicator.elapsed(evidence.forecast.u(one.first_published)) for one in candidates]
    with np.errstate(divide="ignore"):
        noise = np.log1p(-real)
        terms = [np.sum(noise) + np.log(1 - q * seen.exposure)]
        for place, share in enumerate(real * np.maximum(0.0, room)):
            terms.append(np.log(q / mean * share) + np.sum(np.delete(noise, place)))
    return float(np.logaddexp.reduce(terms))
