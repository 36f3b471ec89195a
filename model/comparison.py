"""Two histories of one forecast side by side: how far apart, where they part, and which scored better.

All days of one forecast share one outcome, and neighbouring days nearly share their probabilities. So an
interval here says how a mean difference depends on the stretches of the window that it is taken over, and
nothing of other forecasts: for that, many of them are needed (`model.bootstrap`).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from model.bootstrap import DRAWS, LEVEL, Interval

SHORTEST_BLOCK = 30  # days
_SEED = 20_250_101
_FEWEST_BLOCKS = 3  # of fewer an interval would say more than is known


@dataclass(frozen=True, kw_only=True, slots=True)
class Parting:
    """A step between two nights at which two histories moved apart.

    Parameters
    ----------
    place
        Of the later night among those that are compared.
    before, after
        Distance at the earlier night and at the later one, in [0, 1].
    """

    place: int
    before: float
    after: float


def distance(one: Sequence[float], other: Sequence[float]) -> float:
    """Give the total variation ``½ Σ |p − q|``: the most by which an event's probability can differ."""
    return math.fsum(abs(p - q) for p, q in zip(one, other, strict=True)) / 2


def partings(distances: Sequence[float], *, most: int = 3) -> list[Parting]:
    """Find the nights at which two histories moved apart most since the night before, the widest first.

    Before the first night they are taken to agree.
    """
    steps = [
        Parting(place=place, before=before, after=after)
        for place, (before, after) in enumerate(pairwise([0.0, *distances]))
        if after > before
    ]
    return sorted(steps, key=lambda one: (one.before - one.after, one.place))[:most]


def block_days(days: int) -> int:
    """Choose the length of a block: √days, and at least 30."""
    return max(SHORTEST_BLOCK, math.isqrt(days))


def block_interval(
    differences: Sequence[float], *, level: float = LEVEL, draws: int = DRAWS, seed: int = _SEED
) -> Interval | None:
    """Give an interval of the mean of daily differences, by resampling blocks of days.

    Circular moving blocks [1]_, [2]_ keep what neighbouring days share; blocks are `block_days` long.

    Returns
    -------
    Interval or None
        None of fewer days than three blocks have, or where a difference is not finite.

    References
    ----------
    .. [1] Künsch (1989), The jackknife and the bootstrap for general stationary observations.
    .. [2] Politis and Romano (1992), A circular block-resampling procedure for stationary data.
    """
    numbers = np.asarray(differences, dtype=float)
    length = block_days(numbers.size)
    if numbers.size < _FEWEST_BLOCKS * length or not np.all(np.isfinite(numbers)):
        return None
    blocks = math.ceil(numbers.size / length)
    around = np.concatenate([numbers, numbers[: length - 1]])
    sums = np.cumsum(np.concatenate([[0.0], around]))
    means = (sums[length:] - sums[:-length]) / length  # of the block that begins on each day
    chosen = np.random.default_rng(seed).integers(numbers.size, size=(draws, blocks))
    found = means[chosen].mean(axis=1)
    outside = (1 - level) / 2
    low, high = np.quantile(found, [outside, 1 - outside])
    return Interval(low=float(low), high=float(high), level=level)
