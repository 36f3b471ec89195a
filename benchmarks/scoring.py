"""Scores of many forecasts whose outcomes are known, with standard errors.

Lower is better in all of them. `probabilities` have shape (forecasts, scenarios), `outcomes` hold the place
of the scenario that came true, shape (forecasts,).
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Places = NDArray[np.int64]
BINS = 10
_RESAMPLES = 200


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its standard error."""

    mean: float
    error: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ± {self.error:.3f}"

    @property
    def signed(self) -> str:
        """Write it with its sign, as a difference."""
        return f"{self.mean:+.3f} ± {self.error:.3f}".replace("-", "−")

    def below_zero(self) -> bool:
        """Whether it is below 0 by more than two standard errors."""
        return self.mean + 2 * self.error < 0


def estimate(values: Array) -> Estimate:
    """Average independent values."""
    return Estimate(float(values.mean()), float(values.std(ddof=1) / math.sqrt(values.size)))


def log_scores(probabilities: Array, outcomes: Places) -> Array:
    """``−ln p`` of what happened, in nats, shape (forecasts,)."""
    with np.errstate(divide="ignore"):
        return np.asarray(-np.log(probabilities[np.arange(outcomes.size), outcomes]))


def brier_scores(probabilities: Array, outcomes: Places) -> Array:
    """``Σ_s (p_s − 1[s happened])²``, 0 to 2, shape (forecasts,)."""
    return np.asarray(np.sum((probabilities - happened(probabilities, outcomes)) ** 2, axis=1))


def expected_log_scores(probabilities: Array) -> Array:
    """Log scores to be expected if the stated probabilities are right: their entropy."""
    safe = np.where(probabilities > 0, probabilities, 1.0)
    return np.asarray(-np.sum(probabilities * np.log(safe), axis=1))


def expected_brier_scores(probabilities: Array) -> Array:
    """Brier scores to be expected if the stated probabilities are right: ``1 − Σ p²``."""
    return np.asarray(1 - np.sum(probabilities**2, axis=1))


def happened(probabilities: Array, outcomes: Places) -> Array:
    """1 where a scenario came true, else 0, of the shape of `probabilities`."""
    return np.asarray(np.arange(probabilities.shape[1]) == outcomes[:, None], dtype=float)


def membership(stated: Array) -> Array:
    """Sort one scenario's probabilities into bins of about equal number; equal ones stay together.

    Returns
    -------
    ndarray, shape (forecasts, bins)
        1 where the forecast is in the bin, else 0.
    """
    edges = np.unique(np.quantile(stated, np.arange(1, BINS) / BINS))
    places = np.searchsorted(edges, stated, side="left")
    return np.asarray(np.unique(places) == places[:, None], dtype=float)


def drawn(probabilities: Array, replicates: int, rng: np.random.Generator) -> Array:
    """Let scenarios come true as stated; 1 where one did, shape (replicates, forecasts, scenarios)."""
    upper = np.cumsum(probabilities, axis=1)
    moment = rng.random((replicates, len(upper), 1)) * upper[:, -1:]
    return np.asarray((upper - probabilities <= moment) & (moment < upper), dtype=float)


def calibration_error(probabilities: Array, outcomes: Places) -> Estimate:
    """Average ``Σ_bins n/N |frequency − mean stated|``, the expected calibration error, over scenarios.

    Its standard error is that of a bootstrap over forecasts, bins held.
    """
    missed = happened(probabilities, outcomes) - probabilities
    number = outcomes.size
    resamples = np.random.default_rng(0).multinomial(number, np.full(number, 1 / number), size=_RESAMPLES)
    resampled = _binned(probabilities, resamples[..., None] * missed)
    return Estimate(float(_binned(probabilities, missed)), float(resampled.std(ddof=1)))


def expected_calibration_error(probabilities: Array) -> float:
    """Calibration error to be expected if the stated probabilities are right; not 0, for want of data."""
    outcomes = drawn(probabilities, _RESAMPLES, np.random.default_rng(0))
    return float(_binned(probabilities, outcomes - probabilities).mean())


def _binned(probabilities: Array, missed: Array) -> Array:
    """Sum what was missed within bins, and add up the sizes; of the shape of the leading axes of `missed`."""
    each = [
        np.abs(missed[..., place] @ membership(stated)).sum(axis=-1)
        for place, stated in enumerate(probabilities.T)
    ]
    return np.asarray(np.mean(each, axis=0) / len(probabilities))
