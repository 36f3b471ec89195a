"""Which scenarios the evidence rules out, and by what: decided exactly, before anything is computed."""

from typing import NamedTuple

from model.domain import Event
from model.errors import Impossible
from model.evidence import Evidence, IndicatorEvidence


def mean_stated(evidence: Evidence, seen: IndicatorEvidence) -> float:
    """``Ē = Σ_s π_s E_s`` of an indicator: the rate at which reports of it that are false come in."""
    return sum(one.prior * seen.indicator.stated[one.id] for one in evidence.forecast.scenarios)


def certain(seen: IndicatorEvidence) -> tuple[Event, ...]:
    """Select the counted events whose credibility is 1. News never makes one; a caller may."""
    return tuple(event for event in seen.counted if event.credibility == 1)


class Exclusion(NamedTuple):
    """What makes a scenario impossible: the indicator, and a sentence that names the event or the silence."""

    indicator: str
    because: str


def ruled_out(evidence: Evidence) -> dict[str, Exclusion]:
    """Scenarios whose likelihood is exactly 0, each with the reason.

    Raises
    ------
    Impossible
        Every scenario with a prior above 0 is ruled out.
    """
    possible = [one.id for one in evidence.forecast.scenarios if one.prior > 0]
    found = {one: exclusion for one in possible if (exclusion := _why(evidence, one))}
    if len(found) == len(possible):
        listed = "; ".join(f"{scenario}: {exclusion.because}" for scenario, exclusion in found.items())
        raise Impossible(
            f"{evidence.forecast.id}: the evidence rules out every scenario ({listed}); "
            "a number of 0 or 1 in the elicitation is too sure"
        )
    return found


def _why(evidence: Evidence, scenario: str) -> Exclusion | None:
    for seen in evidence.indicators:
        name, stated, sure = seen.indicator.id, seen.indicator.stated[scenario], certain(seen)
        if sure and stated == 0:
            return Exclusion(name, f"{name} cannot happen, but event {sure[0].key} is certain")
        if not seen.indicator.recurs and stated > 0 and not _leaves_room(evidence, seen, stated):
            silent = f"{name} must have happened by {evidence.observed_until}, but nothing shows it"
            return Exclusion(name, silent)
    return None


def _leaves_room(evidence: Evidence, seen: IndicatorEvidence, probability: float) -> bool:
    """Whether a one-off may still be to come, or one of its candidates may be it."""
    sure, mean = certain(seen)[:1], mean_stated(evidence, seen)
    if not sure and probability * seen.exposure < 1:
        return True
    return any(
        event.credibility > 0
        and mean * seen.indicator.elapsed(evidence.forecast.u(event.first_published)) < 1
        for event in sure or seen.counted
    )
