"""Bridge sampling: the evidence of a posterior from its draws, with its standard error.

Meng and Wong (1996), Statistica Sinica 6, 831; Gronau et al. (2017), J. Math. Psych. 81, 80; the
error is Frühwirth-Schnatter's (2004), Econometrics J. 7, 143.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model import mixing

Array = NDArray[np.float64]
LogDensity = Callable[[Array], Array]

_MOST_ROUNDS = 1000
_SETTLED = 1e-10


@dataclass(frozen=True, slots=True)
class Estimate:
    """A log evidence and the standard error of that logarithm."""

    log_z: float
    error: float


def log_evidence(draws: Array, log_density: LogDensity, rng: np.random.Generator) -> Estimate:
    """Estimate ``log ∫ q(z) dz`` from draws of the density proportional to q.

    A normal is fitted to one half of the chains and bridged to the other half, then the other way
    round; the two estimates are averaged.

    Parameters
    ----------
    draws : ndarray, shape (chains, draws, dims)
        At least two chains, in coordinates in which the posterior is close to normal.
    log_density
        log q at points, shape (points, dims) to (points,).
    rng
        Source of the normal draws.

    Returns
    -------
    Estimate
        NaN with an infinite error where the draws do not span the space.
    """
    half = draws.shape[0] // 2
    with np.errstate(all="ignore"):  # what comes of draws that went astray is NaN, and fails the gate
        return _crossed(draws, half, log_density, rng)


def _crossed(draws: Array, half: int, log_density: LogDensity, rng: np.random.Generator) -> Estimate:
    one = _bridge(draws[:half], draws[half:], log_density, rng)
    other = _bridge(draws[half:], draws[:half], log_density, rng)
    # The two share the chance agreement of one half's moments with the other's, so their errors
    # are not independent: taken as if they were, the error came out 1.3 times too small.
    return Estimate((one.log_z + other.log_z) / 2, (one.error + other.error) / 2)


def _bridge(fitted: Array, bridged: Array, log_density: LogDensity, rng: np.random.Generator) -> Estimate:
    dims = fitted.shape[-1]
    points = fitted.reshape(-1, dims)
    mean = points.mean(axis=0)
    try:
        root = np.linalg.cholesky(np.atleast_2d(np.cov(points, rowvar=False)))
    except np.linalg.LinAlgError:
        return Estimate(math.nan, math.inf)  # chains that never moved, or ran away
    proposed = mean + rng.standard_normal((bridged[..., 0].size, dims)) @ root.T
    posterior = bridged.reshape(-1, dims)
    at_posterior = log_density(posterior) - _log_normal(posterior, mean, root)
    at_proposed = log_density(proposed) - _log_normal(proposed, mean, root)
    return _solve(at_posterior.reshape(bridged.shape[:2]), at_proposed)


def _log_normal(points: Array, mean: Array, root: Array) -> Array:
    whitened = np.linalg.solve(root, (points - mean).T)
    constant = np.log(np.diag(root)).sum() + len(mean) * 0.5 * math.log(2 * math.pi)
    return np.asarray(-0.5 * np.sum(whitened**2, axis=0) - constant)


def _solve(at_posterior: Array, at_proposed: Array) -> Estimate:
    """Iterate Meng and Wong's optimal bridge, given log q/normal at both kinds of points."""
    shift = float(np.median(at_posterior))
    posterior, proposed = np.exp(at_posterior - shift), np.exp(at_proposed - shift)
    effective = _effective(posterior)
    share = effective / (effective + proposed.size)
    z = 1.0
    for _ in range(_MOST_ROUNDS):
        above = np.mean(proposed / (share * proposed + (1 - share) * z))
        below = np.mean(1 / (share * posterior + (1 - share) * z))
        before, z = z, float(above / below)
        if not 0 < z < math.inf:
            return Estimate(math.nan, math.inf)
        if abs(math.log(z / before)) < _SETTLED:
            break
    return Estimate(math.log(z) + shift, _error(posterior / z, proposed / z, share))


def _error(posterior: Array, proposed: Array, share: float) -> float:
    """Relative error of the evidence, the posterior draws' correlation included."""
    of_proposed = proposed / (share * proposed + (1 - share))
    of_posterior = 1 / (share * posterior + (1 - share))
    independent = np.var(of_proposed) / np.mean(of_proposed) ** 2 / of_proposed.size
    correlated = np.var(of_posterior) / np.mean(of_posterior) ** 2 / _effective(of_posterior)
    return math.sqrt(independent + correlated)


def _effective(values: Array) -> float:
    """Effective number of draws of the mean, never above their number; shape (chains, draws)."""
    return min(float(values.size), float(mixing.ess(values, method="mean")))
