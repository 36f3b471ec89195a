"""What to expect next: the probability of a further occasion of each indicator within some days."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from model import exact
from model.evidence import Evidence, IndicatorEvidence, opens
from model.quadrature import Array
from model.rates import Rates, rates

DAYS = (7, 30, 90)


@dataclass(frozen=True, kw_only=True, slots=True)
class Expectation:
    """How probable at least one more real occasion is.

    Parameters
    ----------
    days
        How far it looks from the cutoff; `until` is that day, or the horizon where it comes first.
    probability
        In [0, 1], over all scenarios as probable as they are now.
    """

    indicator: str
    days: int
    until: date
    probability: float


def outlook(
    evidence: Evidence, *, days: Sequence[int] = DAYS, now: Rates | None = None
) -> tuple[Expectation, ...]:
    """Predict every indicator, in the forecast's order.

    With ``ΔF`` the share of the expectation that lies in those days, less what is left of an open occasion:
    for a recurring indicator ``1 − Σ_s P_s Z_s[X_k + ΔF] / Z_s``, for a one-off
    ``Σ_s P_s Π_j (1 − c_j) q_ks ΔF / L_ks``.

    Parameters
    ----------
    evidence
        What counts at the cutoff.
    days
        How far to look.
    now
        `model.rates.rates` of the same evidence, where they are known already.

    Raises
    ------
    Impossible, Unresolved
        As `model.exact.log_evidence` does.
    """
    return tuple(_expectations(evidence, now or rates(evidence), days))


def _expectations(evidence: Evidence, now: Rates, days: Sequence[int]) -> Iterable[Expectation]:
    start = min(evidence.as_of, evidence.forecast.horizon)
    for seen in evidence.indicators:
        for distance in days:
            until = min(start + timedelta(days=distance), evidence.forecast.horizon)
            yield Expectation(
                indicator=seen.indicator.id,
                days=distance,
                until=until,
                probability=_chance(evidence, seen, until, now),
            )


def _chance(evidence: Evidence, seen: IndicatorEvidence, until: date, now: Rates) -> float:
    """Probability of at least one more real occasion until a day."""
    share = unexposed(evidence, seen, until)
    if seen.indicator.recurs:
        return min(1.0, float(now.weights @ now.of[seen.indicator.id].some(share)))
    return min(1.0, float(now.weights @ happens(evidence, seen, share, now)))


def happens(evidence: Evidence, seen: IndicatorEvidence, share: float, now: Rates) -> Array:
    """``Π_j (1 − c_j) q_ks ΔF / L_ks``: that a one-off is still to come and does, shape (rows,)."""
    noise = math.prod(1 - event.credibility for event in seen.counted)
    if noise * share == 0:
        return np.zeros(len(now.probabilities))
    log_l = exact.log_one_off(evidence, seen)
    stated = seen.indicator.stated
    return np.array([noise * stated[one] * share / math.exp(log_l[one]) for one in now.probabilities])


def unexposed(evidence: Evidence, seen: IndicatorEvidence, until: date) -> float:
    """``ΔF``: the share of an indicator's expectation from the cutoff to a day, outside of open occasions."""
    forecast, indicator = evidence.forecast, seen.indicator
    begins = min(evidence.as_of, forecast.horizon)
    if indicator.recurs and indicator.burst_days:
        last = [event.occurred for event in seen.counted if opens(event)][-1:]
        begins = max([begins, *(day + timedelta(days=indicator.burst_days) for day in last)])
    return indicator.elapsed(forecast.u(until)) - indicator.elapsed(forecast.u(min(begins, until)))
