"""Histories drawn from the prior of the base rates, in NumPy alone: nothing is shared with the PyMC model."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.base_rate_values import Priors

Array = NDArray[np.float64]

BOUNDS = (3.0, 1.5, 1.5)  # of the sds between countries, of a country's drift and of the shared one


@dataclass(frozen=True, kw_only=True, slots=True)
class Worlds:
    """Many worlds: their unknowns, shape (worlds,), and log rates and counts (worlds, countries, years)."""

    level: Array
    between: Array
    persistence: Array
    country_drift: Array
    shared_drift: Array
    yearly_cv: Array
    log_rate: Array

    def counts(self, lengths: Array, rng: np.random.Generator) -> NDArray[np.int64]:
        """Draw counts of years of which so much is seen; `lengths` has the shape of a world's log rates."""
        size = np.maximum(self.yearly_cv, 1e-6)[:, None, None] ** -2
        rates = lengths * np.exp(np.minimum(self.log_rate, 30))
        return rng.poisson(rates * rng.gamma(size, 1 / size, self.log_rate.shape))


def worlds(priors: Priors, *, many: int, countries: int, times: Array, rng: np.random.Generator) -> Worlds:
    """Draw worlds with log rates at the given times, in years: an AR(1) where they are a year apart.

    The drift is a Gaussian process with correlation ``ρ^|t − t'|``, drawn by its covariance.
    """
    level = rng.normal(0, priors.level, many)
    between, own, shared = (
        _bounded_half_normal(scale, bound, many, rng)
        for scale, bound in zip(
            (priors.between, priors.country_drift, priors.shared_drift), BOUNDS, strict=True
        )
    )
    persistence = rng.beta(8, 2, many)
    covariance = persistence[:, None, None] ** np.abs(times[:, None] - times)
    root = np.linalg.cholesky(covariance + 1e-12 * np.eye(times.size))
    u = np.einsum("wts,wcs->wct", root, rng.normal(size=(many, countries, times.size)))
    v = np.einsum("wts,ws->wt", root, rng.normal(size=(many, times.size)))
    usual = level[:, None] + between[:, None] * rng.normal(size=(many, countries))
    drift = own[:, None, None] * u + (shared[:, None] * v)[:, None, :]
    return Worlds(
        level=level,
        between=between,
        persistence=persistence,
        country_drift=own,
        shared_drift=shared,
        yearly_cv=np.abs(rng.normal(0, priors.yearly_cv, many)),
        log_rate=usual[..., None] + drift,
    )


def _bounded_half_normal(scale: float, bound: float, many: int, rng: np.random.Generator) -> Array:
    drawn = np.abs(rng.normal(0, scale, many))
    while (out := drawn > bound).any():
        drawn[out] = np.abs(rng.normal(0, scale, out.sum()))
    return drawn
