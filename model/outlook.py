"""What to expect next: the probability of a further occasion of each indicator within some days."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta

from model import exact
from model.evidence import Evidence, IndicatorEvidence, opens

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


def outlook(evidence: Evidence, *, days: Sequence[int] = DAYS) -> tuple[Expectation, ...]:
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

    Raises
    ------
    Impossible, Unresolved
        As `model.exact.log_evidence` does.
    """
    log_z = exact.log_evidence(evidence)
    now = exact.probabilities(evidence, log_z)
    likely = {one: now[one] for one in now if now[one] > 0}
    return tuple(_expectations(evidence, likely, log_z, days))


def _expectations(
    evidence: Evidence, now: dict[str, float], log_z: dict[str, float], days: Sequence[int]
) -> Iterable[Expectation]:
    start = min(evidence.as_of, evidence.forecast.horizon)
    for seen in evidence.indicators:
        for distance in days:
            until = min(start + timedelta(days=distance), evidence.forecast.horizon)
            share = unexposed(evidence, seen, until)
            chance = _recurs if seen.indicator.recurs else _happens
            yield Expectation(
                indicator=seen.indicator.id,
                days=distance,
                until=until,
                probability=chance(evidence, seen, share, now, log_z),
            )


def unexposed(evidence: Evidence, seen: IndicatorEvidence, until: date) -> float:
    """``ΔF``: the share of an indicator's expectation from the cutoff to a day, outside of open occasions."""
    forecast, indicator = evidence.forecast, seen.indicator
    begins = min(evidence.as_of, forecast.horizon)
    if indicator.recurs and indicator.burst_days:
        last = [event.occurred for event in seen.counted if opens(event)][-1:]
        begins = max([begins, *(day + timedelta(days=indicator.burst_days) for day in last)])
    return indicator.elapsed(forecast.u(until)) - indicator.elapsed(forecast.u(min(begins, until)))


def _recurs(
    evidence: Evidence, seen: IndicatorEvidence, share: float, now: dict[str, float], log_z: dict[str, float]
) -> float:
    if share == 0:
        return 0.0
    later = exact.log_evidence(with_exposure(evidence, seen, seen.exposure + share))
    silent = math.fsum(now[one] * math.exp(min(0.0, later[one] - log_z[one])) for one in now)
    return min(1.0, max(0.0, 1 - silent))


def _happens(
    evidence: Evidence, seen: IndicatorEvidence, share: float, now: dict[str, float], _: dict[str, float]
) -> float:
    noise = math.prod(1 - event.credibility for event in seen.counted)
    if noise * share == 0:
        return 0.0
    log_l = exact.log_one_off(evidence, seen)
    stated = seen.indicator.stated
    return math.fsum(now[one] * noise * stated[one] * share / math.exp(log_l[one]) for one in now)


def with_exposure(evidence: Evidence, seen: IndicatorEvidence, exposure: float) -> Evidence:
    """Suppose that one indicator had been silent for longer."""
    changed = replace(seen, exposure=exposure)
    return replace(evidence, indicators=tuple(changed if one is seen else one for one in evidence.indicators))
