"""Reliability: whether what was called 30 % happened in 30 of 100 cases, the CORP way.

The frequencies are those of the isotonic regression of outcomes on probabilities, so no bins have to be
chosen, and its decomposition of the Brier score is exact [1]_.

An outcome may be soft, y in [0, 1]: a case that probably happened. Its expected Brier score
``y (1 − p)² + (1 − y) p²`` is ``(p − y)² + y (1 − y)``, whose last term no forecast changes: the regression
that is best for y is best for the score too. So a soft case is treated as y cases that happened and
1 − y that did not, and nothing else changes.

References
----------
.. [1] Dimitriadis, Gneiting and Jordan (2021), Stable reliability diagrams for probabilistic classifiers,
   PNAS 118 (8), e2016191118.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression

from model.errors import InvalidValue

type Array = NDArray[np.float64]

LEVEL = 0.90
DRAWS = 500
_SEED = 20_250_101
_MOST_POINTS = 200  # of a band
_PARTS = 20  # of a histogram


@dataclass(frozen=True, kw_only=True, slots=True)
class Decomposition:
    """A mean Brier score (0 to 1): ``score = miscalibration − discrimination + uncertainty``.

    Parameters
    ----------
    miscalibration
        What recalibrating would have saved, ≥ 0; 0 is best.
    discrimination
        What the recalibrated forecast saves against always stating the mean, ≥ 0; more is better.
    uncertainty
        The score of always stating the mean: of the cases alone, whoever forecasts them.
    """

    score: float
    miscalibration: float
    discrimination: float
    uncertainty: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Bin:
    """Cases that the regression pools: all of them have the same recalibrated probability.

    Parameters
    ----------
    low, high
        The least and the largest probability that was stated.
    stated
        Their mean.
    happened
        The mean outcome, which is the recalibrated probability.
    band_low, band_high
        Of the band, at `stated`.
    """

    low: float
    high: float
    number: int
    stated: float
    happened: float
    band_low: float
    band_high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class BandPoint:
    """Where the curve would lie at a stated probability if the forecasts were calibrated."""

    stated: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Reliability:
    """How stated probabilities and outcomes agree.

    Parameters
    ----------
    bins
        By rising probability.
    band
        The consistency band: at each point, the central `level` of the curves of calibrated forecasts.
    histogram
        How many cases were stated within each twentieth of [0, 1].
    """

    number: int
    decomposition: Decomposition
    bins: tuple[Bin, ...]
    band: tuple[BandPoint, ...]
    level: float
    histogram: tuple[int, ...]


def reliability(  # noqa: PLR0913 - how it is resampled
    probabilities: Sequence[float],
    outcomes: Sequence[float],
    *,
    groups: Sequence[int] | None = None,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = _SEED,
) -> Reliability:
    """Judge stated probabilities by what came of them.

    The band resamples outcomes that agree with what was stated, the probabilities left as they are. Cases
    of one group share what happens to them (one number u decides all of it: those happen of which
    ``u < p``), as far as that can be; so windows that overlap do not count as so many independent cases.
    The band is pointwise, and it is wide for soft outcomes, which vary less than those that it draws.

    Parameters
    ----------
    probabilities, outcomes
        Of each case, in [0, 1].
    groups
        Which cases belong together; none where every case is for itself.

    Raises
    ------
    InvalidValue
        There is no case, or a number lies outside of [0, 1].
    """
    stated, came = np.asarray(probabilities, dtype=float), np.asarray(outcomes, dtype=float)
    _check(stated, came)
    values, place, weights = np.unique(stated, return_inverse=True, return_counts=True)
    fitted = _fitted(place, weights, came)
    band = _band(stated, place, weights, groups, level=level, draws=draws, seed=seed)
    return Reliability(
        number=len(stated),
        decomposition=_decomposition(stated, came, fitted[place]),
        bins=_bins(values, weights, fitted, band),
        band=band,
        level=level,
        histogram=_histogram(stated),
    )


def _check(stated: Array, came: Array) -> None:
    if not len(stated) or stated.shape != came.shape:
        raise InvalidValue(f"{len(stated)} probabilities and {len(came)} outcomes: there must be as many")
    if not all(((one >= 0) & (one <= 1)).all() for one in (stated, came)):
        raise InvalidValue("probabilities and outcomes must lie in [0, 1]")


def _histogram(stated: Array) -> tuple[int, ...]:
    part = np.minimum((stated * _PARTS + 1e-9).astype(np.intp), _PARTS - 1)  # 0.3 begins a part
    return tuple(np.bincount(part, minlength=_PARTS).tolist())


def _fitted(place: NDArray[np.intp], weights: NDArray[np.intp], came: Array) -> Array:
    """Regress on the distinct probabilities: equal ones are recalibrated alike."""
    means = np.bincount(place, came, minlength=len(weights)) / weights
    found: Array = isotonic_regression(means, weights=weights).x
    return np.clip(found, 0, 1)


def _decomposition(stated: Array, came: Array, recalibrated: Array) -> Decomposition:
    spread = came * (1 - came)  # which is 0 unless an outcome is soft
    score, best = (float(np.mean((one - came) ** 2 + spread)) for one in (stated, recalibrated))
    mean = float(np.mean(came))
    uncertainty = mean * (1 - mean)
    return Decomposition(
        score=score,
        miscalibration=max(0.0, score - best),
        discrimination=max(0.0, uncertainty - best),
        uncertainty=uncertainty,
    )


def _bins(
    values: Array, weights: NDArray[np.intp], fitted: Array, band: Sequence[BandPoint]
) -> tuple[Bin, ...]:
    ends = [0, *(np.flatnonzero(np.diff(fitted) > 0) + 1).tolist(), len(values)]
    return tuple(
        _bin(values[first:end], weights[first:end], float(fitted[first]), band)
        for first, end in pairwise(ends)
    )


def _bin(values: Array, weights: NDArray[np.intp], fitted: float, band: Sequence[BandPoint]) -> Bin:
    stated = float(np.average(values, weights=weights))
    at = [one.stated for one in band]
    return Bin(
        low=float(values[0]),
        high=float(values[-1]),
        number=int(weights.sum()),
        stated=stated,
        happened=fitted,
        band_low=float(np.interp(stated, at, [one.low for one in band])),
        band_high=float(np.interp(stated, at, [one.high for one in band])),
    )


def _band(  # noqa: PLR0913 - how it is resampled
    stated: Array,
    place: NDArray[np.intp],
    weights: NDArray[np.intp],
    groups: Sequence[int] | None,
    *,
    level: float,
    draws: int,
    seed: int,
) -> tuple[BandPoint, ...]:
    random = np.random.default_rng(seed)
    of_group = np.arange(len(stated)) if groups is None else np.unique(groups, return_inverse=True)[1]
    number = int(of_group.max()) + 1
    shown = _shown(len(weights))
    curves = np.empty((draws, len(shown)))
    for draw in range(draws):
        came = (random.random(number)[of_group] < stated).astype(float)
        curves[draw] = _fitted(place, weights, came)[shown]
    lows, highs = np.quantile(curves, [(1 - level) / 2, (1 + level) / 2], axis=0)
    at = np.unique(stated)[shown]
    return tuple(
        BandPoint(stated=float(one), low=float(low), high=float(high))
        for one, low, high in zip(at, lows, highs, strict=True)
    )


def _shown(number: int) -> NDArray[np.intp]:
    """Pick the distinct probabilities at which a band is kept: all, or some of them evenly."""
    return np.unique(np.linspace(0, number - 1, min(number, _MOST_POINTS)).round().astype(np.intp))
