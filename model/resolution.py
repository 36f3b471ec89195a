"""What became of an expectation, softly: how probable it is that there was an occasion."""

import math
from dataclasses import dataclass
from datetime import date, timedelta

from model.errors import InvalidValue
from model.evidence import Evidence

SETTLING = timedelta(days=30)  # after an expectation's last day, for reports of it to come in


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What became of an expectation.

    Parameters
    ----------
    happened
        y in [0, 1], the probability that at least one occasion was real.
    events
        How many new events count.
    """

    happened: float
    events: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ExpectedScore:
    """What a probability scores, on average over what may have happened; 0 is best.

    Parameters
    ----------
    brier
        In [0, 1].
    log
        In nats; infinite where what may have happened had been called impossible.
    """

    brier: float
    log: float


def outcome(evidence: Evidence, indicator: str, *, after: date, until: date) -> Outcome | None:
    """Decide an expectation softly: ``y = 1 − Π (1 − c_i)`` over its new counted events.

    A rule that calls it true from some credibility on would count rumours; so each event stands for
    its credibility, and the expectation is scored by `expected_score`.

    Parameters
    ----------
    evidence
        What was known at the cutoff, `SETTLING` after `until`.
    indicator
        The id of one of the forecast's indicators.
    after, until
        Events count that occurred after the one and not after the other.

    Returns
    -------
    Outcome or None
        None where observation ended before `until`: silence counts only while someone was looking.
    """
    if evidence.observed_until < until:
        return None
    seen = {one.indicator.id: one for one in evidence.indicators}[indicator]
    new = [event.credibility for event in seen.counted if after < event.occurred <= until]
    return Outcome(happened=1 - math.prod(1 - credibility for credibility in new), events=len(new))


def expected_score(outcome: float, probability: float) -> ExpectedScore:
    """Score a probability p against a soft outcome y: ``y score(1) + (1 − y) score(0)``.

    Brier's score of what happened is ``(1 − p)²``, of what did not ``p²`` [1]_; the logarithmic one
    ``−ln p`` and ``−ln (1 − p)`` [2]_. Both are strictly proper, and so is their expectation: on average it
    is least for ``p = y`` [3]_.

    Parameters
    ----------
    outcome
        y in [0, 1].
    probability
        p in [0, 1].

    Raises
    ------
    InvalidValue
        One of them lies outside of [0, 1].

    References
    ----------
    .. [1] Brier (1950), Verification of forecasts expressed in terms of probability.
    .. [2] Good (1952), Rational decisions.
    .. [3] Gneiting and Raftery (2007), Strictly proper scoring rules, prediction, and estimation.
    """
    if not (0 <= outcome <= 1 and 0 <= probability <= 1):
        raise InvalidValue(f"outcome {outcome} and probability {probability} must lie in [0, 1]")
    return ExpectedScore(
        brier=outcome * (1 - probability) ** 2 + (1 - outcome) * probability**2,
        log=_surprisal(outcome, probability) + _surprisal(1 - outcome, 1 - probability),
    )


def _surprisal(weight: float, probability: float) -> float:
    """``−w ln p``, nothing where the weight is 0."""
    if weight == 0:
        return 0.0
    return -weight * math.log(probability) if probability > 0 else math.inf
