"""The hierarchical PyMC model of yearly counts, and NUTS for it.

Country i's yearly rate in year t, and its count while a share e of the year was observed:

    log λ_it = μ + τ z_i + s u_it + r v_t,
    N_it ~ NegativeBinomial(mean e_it λ_it, variance e_it λ_it + (ω e_it λ_it)²);

u and v are stationary AR(1) processes of unit variance and persistence ρ a year. A negative binomial is
a Poisson whose rate is multiplied by a Gamma of mean 1 and coefficient of variation ω, one for each
country and year. Latents are non-centred: centred ones diverge where counts are few (docs/base-rates.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import nutpie
import pymc as pm
import pytensor.tensor as pt
from pytensor.configdefaults import config

from model.base_rate_values import History, Priors
from model.base_rate_window import Array, Draws
from model.errors import Unresolved
from model.sampling import CHAINS


@dataclass(frozen=True, kw_only=True, slots=True)
class Effort:
    """Draws and tuning steps of each chain, and NUTS's target acceptance."""

    draws: int
    tune: int
    target_accept: float


ATTEMPTS = (
    Effort(draws=2000, tune=1000, target_accept=0.95),
    Effort(draws=5000, tune=2500, target_accept=0.99),
)
MOST_BETWEEN, MOST_DRIFT = 3.0, 1.5  # bounds that keep the moments of a rate finite
_SOLID = 1e-10  # added to ω²: the Poisson's limit, and still a number
_PERSISTENCE = (8.0, 2.0)  # of the Beta: mean 0.8, half of a deviation gone in two to seven years


def build_model(history: History, priors: Priors) -> pm.Model:
    """Build the model of one history, whose counts, exposures and priors are data.

    Only cells (a country in a year) that were observed have a likelihood; the drift of the others is latent.
    """
    country, year = history.observed
    cells = [f"{history.countries[i]} {history.years[t]}" for i, t in zip(country, year, strict=True)]
    coords = {"country": history.countries, "year": history.years, "cell": cells}
    with pm.Model(coords=coords) as model:
        scales = pm.Data("scales", priors.scales)
        where = pm.Data("country_of", country, dims="cell"), pm.Data("year_of", year, dims="cell")
        exposure = pm.Data("exposure", history.exposure[country, year], dims="cell")
        seen = pm.Data("seen", history.counts[country, year], dims="cell")
        log_rate = _log_rate(scales, len(history.years))
        yearly_cv = pm.HalfNormal("yearly_cv", scales[4])
        mean = exposure * pt.exp(log_rate[where])
        pm.NegativeBinomial("count", mu=mean, alpha=1 / (yearly_cv**2 + _SOLID), observed=seen, dims="cell")
    return model


def _log_rate(scales: Any, years: int) -> Any:
    level = pm.Normal("level", 0, scales[0])
    between = pm.TruncatedNormal("between", 0, scales[1], lower=0, upper=MOST_BETWEEN)
    usual = pm.Deterministic("usual", level + between * pm.Normal("z", dims="country"), dims="country")
    persistence = pm.Beta("persistence", *_PERSISTENCE)
    country_drift = pm.TruncatedNormal("country_drift", 0, scales[2], lower=0, upper=MOST_DRIFT)
    shared_drift = pm.TruncatedNormal("shared_drift", 0, scales[3], lower=0, upper=MOST_DRIFT)
    root = _root(persistence, years)
    own = country_drift * pm.Normal("u", dims=("country", "year")) @ root.T
    common = shared_drift * (root @ pm.Normal("v", dims="year"))
    return pm.Deterministic("log_rate", usual[:, None] + own + common, dims=("country", "year"))


def _root(persistence: Any, years: int) -> Any:
    """Lower triangle that turns independent normals into an AR(1) of unit variance."""
    lag = np.subtract.outer(np.arange(years), np.arange(years))
    innovation = pt.concatenate([pt.ones(1), pt.ones(years - 1) * pt.sqrt(1 - persistence**2)])
    return pt.switch(lag >= 0, persistence ** np.maximum(lag, 0), 0.0) * innovation


_compiled: dict[tuple[int, int, int], Any] = {}  # one program for each shape


def sample(
    history: History, priors: Priors, *, seed: int, effort: Effort
) -> tuple[Draws, Mapping[str, Array]]:
    """Sample the posterior; the same seed on the same machine gives the same draws.

    Returns
    -------
    Draws
    Mapping
        The sampler's statistics, each of shape (chains, draws).

    Raises
    ------
    Unresolved
        NUTS cannot start or go on.
    """
    country, year = history.observed
    program = _program(history, priors).with_data(
        scales=priors.scales,
        country_of=country,
        year_of=year,
        exposure=history.exposure[country, year],
        seen=history.counts[country, year],
    )
    try:
        trace = nutpie.sample(
            program,
            draws=effort.draws,
            tune=effort.tune,
            chains=CHAINS,
            cores=CHAINS,
            target_accept=effort.target_accept,
            seed=seed,
            save_warmup=False,
            progress_bar=False,
        )
    except RuntimeError as error:  # with which nutpie gives up
        raise Unresolved(f"NUTS gave up on the counts of {history.kind}: {error}") from error
    return _draws(trace["posterior"]), _statistics(trace["sample_stats"])


def _program(history: History, priors: Priors) -> Any:
    shape = (*history.counts.shape, history.observed[0].size)
    if shape not in _compiled:
        # As in model.sampling: every process would leave PyTensor's sources in the temporary folder.
        sources = config.generated_src_dir or Path(config.base_compiledir) / "generated"
        with config.change_flags(generated_src_dir=str(sources)):
            _compiled[shape] = nutpie.compile_pymc_model(build_model(history, priors))
    return _compiled[shape]


def _draws(posterior: Any) -> Draws:
    return Draws(**{name: np.asarray(posterior[name]) for name in Draws.__slots__})


def _statistics(statistics: Any) -> dict[str, Array]:
    kept = {"diverging": "diverging", "energy": "energy", "depth": "tree_depth"}
    return {name: np.asarray(statistics[theirs]) for theirs, name in kept.items()}
