"""Is any scenario describing what happens? Counts against their predictive distributions."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, pdtr, pdtrc

from model.evidence import Evidence, IndicatorEvidence

Array = NDArray[np.float64]

SURPRISING = 0.01  # two-sided tail below which a count surprises
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(48)


def surprises(evidence: Evidence) -> Iterator[str]:
    """Name the indicators whose count lies in the tails of its prediction under every scenario.

    The count is the credibility-weighted number of counted events, rounded (for a one-off at most
    1); the prediction is that of the number of real events over the exposure, latents integrated
    out under their priors.
    """
    possible = [one.id for one in evidence.forecast.scenarios if one.prior > 0]
    for seen in evidence.indicators:
        count = _count(seen)
        tail = max(_two_sided(evidence, seen, scenario, count) for scenario in possible)
        if tail < SURPRISING:
            yield (
                f"{seen.indicator.id}: {count} real event{'' if count == 1 else 's'} would surprise under "
                f"every scenario (two-sided tail {tail:.1g}); none of them describes what is happening"
            )


def _count(seen: IndicatorEvidence) -> int:
    count = round(math.fsum(event.credibility for event in seen.counted))
    return count if seen.indicator.recurs else min(1, count)


def _two_sided(evidence: Evidence, seen: IndicatorEvidence, scenario: str, count: int) -> float:
    below, above = _tails(evidence, seen, scenario, count)
    return min(1.0, 2 * min(below, above))


def _tails(evidence: Evidence, seen: IndicatorEvidence, scenario: str, count: int) -> tuple[float, float]:
    """``P(N ≤ count)`` and ``P(N ≥ count)`` under the scenario."""
    mean = seen.indicator.stated[scenario] * seen.exposure
    if not seen.indicator.recurs:
        return (1.0, mean) if count else (1 - mean, 1.0)
    sigma = evidence.forecast.coverage_sd
    means = mean * np.exp(sigma * _NODES - sigma**2 / 2)
    weights = _WEIGHTS / _WEIGHTS.sum()
    at_most = _cumulative(count, means, seen.indicator.spread)
    at_least = _beyond(count - 1, means, seen.indicator.spread)
    return float(weights @ at_most), float(weights @ at_least)


def _cumulative(count: int, means: Array, spread: float) -> Array:
    """``P(N ≤ count)`` of a negative binomial; `spread` is its rate's coefficient of variation."""
    if spread == 0:
        return np.asarray(pdtr(count, means))
    shape = spread**-2
    return np.asarray(betainc(shape, count + 1, shape / (shape + means)))


def _beyond(count: int, means: Array, spread: float) -> Array:
    """``P(N > count)`` of the same."""
    if count < 0:
        return np.ones_like(means)
    if spread == 0:
        return np.asarray(pdtrc(count, means))
    shape = spread**-2
    return np.asarray(betainc(count + 1, shape, means / (shape + means)))
