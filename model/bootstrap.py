"""Intervals across forecasts, by resampling whole forecasts with replacement (percentile bootstrap).

They say how much a mean would differ had it been other forecasts of the same kind; they take forecasts to
be independent, which those that overlap in time and subject are not quite.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

type Array = NDArray[np.float64]

LEVEL = 0.90
LEAST = 5  # forecasts; of fewer an interval would say more than is known
DRAWS = 10_000
_SEED = 20_250_101
_CELLS = 2_000_000  # of resampled numbers that are held at a time


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """Between which ends the central `level` of the resampled values lies."""

    low: float
    high: float
    level: float


def mean_interval(
    values: Sequence[float], *, level: float = LEVEL, draws: int = DRAWS, seed: int = _SEED
) -> Interval | None:
    """Give an interval of a mean; of paired differences it is one of their mean difference.

    Returns
    -------
    Interval or None
        None of fewer than `LEAST` values.
    """
    numbers = np.asarray(values, dtype=float)
    return _interval(len(numbers), lambda chosen: numbers[chosen].mean(axis=1), level, draws, seed)


def skill_interval(
    values: Sequence[float],
    references: Sequence[float],
    *,
    level: float = LEVEL,
    draws: int = DRAWS,
    seed: int = _SEED,
) -> Interval | None:
    """Give an interval of ``1 − mean(values) / mean(references)``; a forecast is drawn with its reference.

    Returns
    -------
    Interval or None
        None of fewer than `LEAST` forecasts, or where the skill has no meaning in some of the draws.
    """
    ours, theirs = (np.asarray(one, dtype=float) for one in (values, references))

    def skills(chosen: NDArray[np.intp]) -> Array:
        reference = theirs[chosen].mean(axis=1)
        with np.errstate(invalid="ignore"):  # what has no meaning is looked for below
            found: Array = 1 - ours[chosen].mean(axis=1) / np.where(reference == 0, np.nan, reference)
        return found

    return _interval(len(ours), skills, level, draws, seed)


def _interval(
    number: int, statistic: Callable[[NDArray[np.intp]], Array], level: float, draws: int, seed: int
) -> Interval | None:
    if number < LEAST:
        return None
    random = np.random.default_rng(seed)
    rows = max(1, _CELLS // number)
    sizes = [min(rows, draws - done) for done in range(0, draws, rows)]
    found = np.concatenate([statistic(random.integers(number, size=(size, number))) for size in sizes])
    if np.isnan(found).any():
        return None
    outside = (1 - level) / 2
    low, high = np.quantile(found, [outside, 1 - outside], method="inverted_cdf")  # which infinity may pass
    return Interval(low=float(low), high=float(high), level=level)
