"""Scores of a resolved forecast: how far its probabilities were from what came true; 0 is best of each.

Each is strictly proper: on average nobody scores better than by stating what they believe [1]_.

References
----------
.. [1] Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

from model.errors import InvalidValue

_TOLERANCE = 1e-6  # by which probabilities may fail to sum to 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """What probabilities of n scenarios score, on a day or on average over days.

    Parameters
    ----------
    brier
        Multi-category Brier score, in [0, 2].
    log
        Logarithmic score in nats; infinite where what came true had been called impossible.
    rps
        Ranked probability score over the forecast's order of scenarios, in [0, n − 1].
    """

    brier: float
    log: float
    rps: float


def scores(probabilities: Sequence[float], outcome: int) -> Scores:
    """Score probabilities against the scenario that came true.

    With p_s the probability of scenario s, o the one that came true and P, O their sums up to s:
    Brier ``Σ_s (1[s = o] − p_s)²`` [1]_; log ``−ln p_o`` [2]_; ranked ``Σ_s (P_s − O_s)²`` [3]_.

    Parameters
    ----------
    probabilities
        In the forecast's order of scenarios; they sum to 1.
    outcome
        Place of the scenario that came true.

    Raises
    ------
    InvalidValue
        They are no probabilities, or there is no such scenario.

    References
    ----------
    .. [1] Brier (1950), Verification of forecasts expressed in terms of probability.
    .. [2] Good (1952), Rational decisions.
    .. [3] Epstein (1969), A scoring system for probability forecasts of ranked categories.
    """
    _check(probabilities, outcome)
    came = [float(place == outcome) for place in range(len(probabilities))]
    return Scores(
        brier=_squares(probabilities, came),
        log=-math.log(probabilities[outcome]) + 0.0 if probabilities[outcome] > 0 else math.inf,
        rps=_squares(list(accumulate(probabilities))[:-1], list(accumulate(came))[:-1]),
    )


def average(scored: Iterable[tuple[Scores, float]]) -> Scores:
    """Average scores by weights, such as the days on which each of them stood.

    Raises
    ------
    InvalidValue
        The weights do not sum to more than 0.
    """
    weighted = [(one, weight) for one, weight in scored if weight > 0]  # so that 0 times infinity is nothing
    total = math.fsum(weight for _, weight in weighted)
    if not total > 0:
        raise InvalidValue("there is nothing to average: the weights must sum to more than 0")

    def mean(of: Callable[[Scores], float]) -> float:
        return math.fsum(of(one) * weight for one, weight in weighted) / total

    return Scores(
        brier=mean(lambda one: one.brier), log=mean(lambda one: one.log), rps=mean(lambda one: one.rps)
    )


def uniform(scenarios: int) -> tuple[float, ...]:
    """Give the forecast of who knows nothing: every scenario equally probable."""
    return (1 / scenarios,) * scenarios


def skill(score: float, reference: float) -> float | None:
    """Say what share of a reference's score was avoided: ``1 − score / reference``.

    Returns
    -------
    float or None
        1 is perfect, 0 as good as the reference, less than 0 worse. None where it has no meaning: the
        reference was perfect, or both scores are infinite.
    """
    if reference == 0 or (math.isinf(score) and math.isinf(reference)):
        return None
    return 1 - score / reference


def _squares(ours: Sequence[float], came: Sequence[float]) -> float:
    return math.fsum((one - other) ** 2 for one, other in zip(ours, came, strict=True))


def _check(probabilities: Sequence[float], outcome: int) -> None:
    if not all(0 <= one <= 1 for one in probabilities):
        raise InvalidValue(f"probabilities {list(probabilities)} must lie in [0, 1]")
    total = math.fsum(probabilities)
    if abs(total - 1) > _TOLERANCE:
        raise InvalidValue(f"probabilities {list(probabilities)} sum to {total}, not to 1")
    if not 0 <= outcome < len(probabilities):
        raise InvalidValue(f"of {len(probabilities)} scenarios none has the place {outcome}")
