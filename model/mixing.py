"""How well chains mix, as ArviZ computes it: seconds to load, which are put off until there are chains."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def rhat(draws: Array, **options: Any) -> Array:
    """R-hat of draws of shape (..., chains, draws), by default split, ranked and folded."""
    return np.asarray(_arviz().rhat(draws, **options))


def ess(draws: Array, **options: Any) -> Array:
    """Effective number of draws of shape (..., chains, draws), by default of their bulk."""
    return np.asarray(_arviz().ess(draws, **options))


def bfmi(energy: Array) -> Array:
    """E-BFMI of each chain, of energies of shape (chains, draws)."""
    return np.asarray(_arviz().bfmi(energy))


def _arviz() -> Any:
    from arviz_stats.base.array import array_stats  # noqa: PLC0415 - seconds

    return array_stats
