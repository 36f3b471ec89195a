"""Which scenarios no data could tell apart."""

import math
from itertools import combinations

from model.domain import Forecast

_ALIKE = 1e-9  # relative difference of two stated numbers that nobody meant


def alike(forecast: Forecast) -> list[tuple[str, str]]:
    """List the pairs of scenarios that every indicator expects the same of, in the forecast's order.

    Their likelihoods are equal whatever happens, so that the ratio of their probabilities stays that
    of their priors for good.
    """
    possible = [one.id for one in forecast.scenarios if one.prior > 0]
    return [pair for pair in combinations(possible, 2) if _same(forecast, *pair)]


def indistinguishable(pair: tuple[str, str]) -> str:
    """Say it of one such pair."""
    one, other = pair
    return f"no data can tell {one} from {other}: every indicator expects the same of both"


def _same(forecast: Forecast, one: str, other: str) -> bool:
    return all(
        math.isclose(indicator.stated[one], indicator.stated[other], rel_tol=_ALIKE)
        for indicator in forecast.indicators
    )
