"""How many occasions a window will see: the mixed Poisson law that a history's draws imply.

Given one draw, country i's yearly rate at lag l (years since the middle of the last year of the history) is

    λ_i(l) = exp(usual_i + d_i(l)),   d_i(l) ~ Normal(ρ^l d_i, (s² + r²)(1 − ρ^{2l})),

of which the part with sd r is common to all countries. The window is cut into blocks of one year and a
rest, the first beginning where the window does; w_b is the length of block b in years, and

    N ~ Poisson(Λ),   Λ = Σ_i Σ_b w_b λ_i(l_b) G_ib,   G_ib ~ Gamma(mean 1, cv ω), independent.

Of all ways to lay calendar years over the window these blocks leave the fewest multipliers to average,
so that the variance is, if anything, overstated. The moments of Λ given a draw are closed forms.
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]

MOST_LOG_RATE = 25.0  # rates are cut here, so that what has to be drawn can be
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(32)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Draws:
    """The posterior, as drawn.

    Parameters
    ----------
    usual : ndarray, shape (chains, draws, countries)
        Log of the yearly rate about which a country's drifts.
    log_rate : ndarray, shape (chains, draws, countries, years)
    level, between, persistence, country_drift, shared_drift, yearly_cv : ndarray, shape (chains, draws)
        μ, τ, ρ, s, r and ω.
    """

    usual: Array
    log_rate: Array
    level: Array
    between: Array
    persistence: Array
    country_drift: Array
    shared_drift: Array
    yearly_cv: Array


class Blocks(NamedTuple):
    """A window cut into years and a rest: the length of each, and its lag."""

    lengths: Array
    lags: Array


class Moments(NamedTuple):
    """Of Λ given each draw, shape (draws,): the mean and the mean square."""

    mean: Array
    square: Array


def blocks(years: float, after: float) -> Blocks:
    """Cut a window of so many years that opens so many years after the end of the history."""
    whole = math.floor(years)
    rest = years - whole
    lengths = np.array([1.0] * whole + [rest] * (rest > 0))
    middles = np.cumsum(lengths) - lengths / 2
    return Blocks(lengths, 0.5 + after + middles)


class _Ahead(NamedTuple):
    """Flat draws of some countries, as of the blocks; the first axis is draws."""

    mean: Array  # of log λ, (draws, countries, blocks)
    kept: Array  # ρ^|l_b − l_c| − ρ^(l_b + l_c), (draws, blocks, blocks)
    country: Array  # s², (draws, 1, 1)
    shared: Array  # r², (draws, 1, 1)
    cv: Array  # ω², (draws, 1, 1)


def _ahead(draws: Draws, which: list[int], lags: Array) -> _Ahead:
    usual = draws.usual.reshape(-1, draws.usual.shape[-1])[:, which]
    last = draws.log_rate[..., -1].reshape(-1, draws.usual.shape[-1])[:, which]
    rho = draws.persistence.reshape(-1, 1, 1)
    apart, together = np.abs(lags[:, None] - lags), lags[:, None] + lags
    return _Ahead(
        usual[..., None] + rho**lags * (last - usual)[..., None],
        rho**apart - rho**together,
        draws.country_drift.reshape(-1, 1, 1) ** 2,
        draws.shared_drift.reshape(-1, 1, 1) ** 2,
        draws.yearly_cv.reshape(-1, 1, 1) ** 2,
    )


def moments(draws: Draws, which: list[int], window: Blocks) -> Moments:
    """Compute ``E[Λ | draw]`` and ``E[Λ² | draw]`` for a group of countries.

    With ``m_ib = E[λ_i(l_b)]``, ``K_bc = ρ^|l_b − l_c| − ρ^(l_b + l_c)`` and M_b = Σ_i w_b m_ib,

        E[Λ²] = Σ_bc exp(r² K_bc) M_b M_c
                + Σ_i Σ_bc w_b w_c m_ib m_ic (exp((s² + r²) K_bc) (1 + ω² [b = c]) − exp(r² K_bc)).
    """
    at = _ahead(draws, which, window.lags)
    variance = np.diagonal(at.kept, axis1=1, axis2=2)[:, None, :] * (at.country + at.shared)
    means = window.lengths * np.exp(np.minimum(at.mean + variance / 2, MOST_LOG_RATE))
    total = means.sum(axis=1)
    common = np.exp(at.shared * at.kept)
    own = np.exp((at.country + at.shared) * at.kept) * (1 + at.cv * np.eye(window.lags.size))
    square = np.einsum("db,dbc,dc->d", total, common, total)
    square += np.einsum("dib,dbc,dic->d", means, own - common, means)
    return Moments(total.sum(axis=1), square)


def simulate(
    draws: Draws, which: list[int], window: Blocks, *, times: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    """Draw N so many times for each draw of the posterior; shape (times · draws,)."""
    at = _ahead(draws, which, window.lags)
    return np.concatenate([_once(at, window, rng) for _ in range(times)])


def _once(at: _Ahead, window: Blocks, rng: np.random.Generator) -> NDArray[np.int64]:
    many, countries, years = at.mean.shape
    root = np.linalg.cholesky(at.kept + 1e-12 * np.eye(years))
    own = np.einsum("dbc,dic->dib", root, rng.normal(size=(many, countries, years)))
    common = np.einsum("dbc,dc->db", root, rng.normal(size=(many, years)))[:, None, :]
    drift = np.sqrt(at.country) * own + np.sqrt(at.shared) * common
    rates = window.lengths * np.exp(np.minimum(at.mean + drift, MOST_LOG_RATE))
    return np.asarray(rng.poisson(rates * multipliers(at.cv, rates.shape, rng)).sum(axis=(1, 2)))


def multipliers(variance: Array, shape: tuple[int, ...], rng: np.random.Generator) -> Array:
    """Draw ``G ~ Gamma(mean 1, variance ω²)``, 1 where ω is too small to matter."""
    known = np.maximum(variance, 1e-10)
    return np.asarray(rng.standard_gamma(np.broadcast_to(1 / known, shape)) * known)


def probabilities(draws: Draws, country: int, ahead: int, counts: NDArray[np.int64]) -> Array:
    """Compute the probability of each count of one country in the `ahead`-th year after the history.

    A negative binomial given the rate; the drift, normal given a draw, by Gauss–Hermite nodes.
    """
    at = _ahead(draws, [country], np.array([float(ahead)]))
    sd = np.sqrt(at.kept * (at.country + at.shared))[:, 0]
    rates = np.exp(np.minimum(at.mean[:, 0] + sd * _NODES, MOST_LOG_RATE))
    size = 1 / np.maximum(at.cv[:, 0], 1e-10)
    weights = _WEIGHTS / (_WEIGHTS.sum() * len(rates))
    shares = size / (size + rates)
    return np.array([float((stats.nbinom.pmf(count, size, shares) @ weights).sum()) for count in counts])
