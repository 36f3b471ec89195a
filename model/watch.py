"""What to watch: how much the next 30 days of each indicator are expected to say about the scenarios."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from model.evidence import Evidence, IndicatorEvidence
from model.outlook import happens, unexposed
from model.quadrature import Array
from model.rates import Rates, rates

DAYS = 30
_NEGLIGIBLE = 1e-12  # mass of larger counts that is left out
_MOST = 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Watched:
    """What an indicator's near future is worth.

    Parameters
    ----------
    bits
        Mutual information of the scenario and the number of new occasions until a day, ≥ 0: by how
        much that number is expected to reduce the uncertainty about the scenario.
    probability
        Of at least one new occasion.
    """

    indicator: str
    until: date
    bits: float
    probability: float


def watch(evidence: Evidence, *, days: int = DAYS, now: Rates | None = None) -> tuple[Watched, ...]:
    """Rank the indicators by what they are expected to tell, the most informative first.

    ``I(S; n) = Σ_s P_s Σ_n p(n|s) log₂ p(n|s) / p(n)``, with ``p(n|s) = ΔF^n/n! · Z_s[n more with c = 1,
    X_k + ΔF] / Z_s`` (Lindley 1956); for a one-off n is 0 or 1.

    Parameters
    ----------
    now
        `model.rates.rates` of the same evidence, where they are known already.

    Raises
    ------
    Impossible, Unresolved
        As `model.exact.log_evidence` does.
    """
    now = now or rates(evidence)
    start = min(evidence.as_of, evidence.forecast.horizon)
    until = min(start + timedelta(days=days), evidence.forecast.horizon)
    return tuple(sorted(_watched(evidence, now, until), key=lambda one: -one.bits))


def _watched(evidence: Evidence, now: Rates, until: date) -> Iterable[Watched]:
    for seen in evidence.indicators:
        chances = _counts(evidence, seen, now, until)
        yield Watched(
            indicator=seen.indicator.id,
            until=until,
            bits=_information(now.weights, chances),
            probability=min(1.0, float(now.weights @ chances[:, 1:].sum(axis=1))),
        )


def _counts(evidence: Evidence, seen: IndicatorEvidence, now: Rates, until: date) -> Array:
    """``p(n | s)``, shape (rows, counts)."""
    share = unexposed(evidence, seen, until)
    if not seen.indicator.recurs:
        once = happens(evidence, seen, share, now)
        return np.stack([1 - once, once], axis=1)
    most = 16 if share else 0
    while True:
        found = now.of[seen.indicator.id].counts(share, most)
        if 1 - found.sum(axis=1).min() < _NEGLIGIBLE or most >= _MOST:
            return found
        most *= 4


def _information(weights: Array, chances: Array) -> float:
    joint = weights[:, None] * chances
    mixed = joint.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        bits = np.where(joint > 0, joint * np.log2(chances / mixed), 0.0)
    return max(0.0, float(bits.sum()))
