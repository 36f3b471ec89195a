"""How we have done: what a digest says of forecasts that were resolved and of outlooks, all together."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from service.calendar import WEEK
from service.composition import Service
from service.printing import count
from service.scoring import track_record
from service.track_record import Mean, Overall, ScoredForecast, TrackRecord, finite

type Said = Mapping[str, Any]


def record(service: Service, at: datetime) -> dict[str, Any] | None:
    """Sum up the track record as it was known at a moment; None while nothing is decided."""
    found = track_record(service, at)
    if not (found.resolved or found.outlooks):
        return None
    return {
        "resolved": [_resolved(one) for one in found.resolved if one.decision.recorded_at > at - WEEK],
        "overall": _overall(found.overall) if found.overall else None,
        "outlooks": _outlooks(found),
    }


def _resolved(one: ScoredForecast) -> dict[str, Any]:
    return {
        "forecast": one.forecast,
        "title": one.title,
        "scenario": one.scenario_title,
        "on": str(one.decision.closed_on),
        "days": one.days,
        "brier": one.scores.brier,
        "prior": one.prior.brier,
        "skill": finite(one.skill("prior", "brier")),
    }


def _overall(found: Overall) -> dict[str, Any]:
    return {
        "number": found.number,
        "brier": _mean(found.scores["brier"]),
        "skill": _mean(found.skill["prior"]["brier"]),
    }


def _mean(one: Mean) -> dict[str, Any]:
    ends = one.interval
    return {
        "value": finite(one.value),
        "low": finite(ends.low) if ends else None,
        "high": finite(ends.high) if ends else None,
    }


def _outlooks(found: TrackRecord) -> list[dict[str, Any]]:
    parts = [(one.days, one.reliability.number, one.reliability.decomposition) for one in found.reliability]
    return [
        {
            "days": days,
            "number": number,
            "brier": part.score,
            "miscalibration": part.miscalibration,
            "uncertainty": part.uncertainty,
        }
        for days, number, part in parts
    ]


def lines(edition: Said, told: Sequence[Said]) -> list[str]:
    """Say it in one line each; what was resolved this week only to who reads of that forecast."""
    found = edition.get("record")  # which editions of earlier versions of this program lack
    return [*_lines(found, {one["forecast"] for one in told})] if found else []


def _lines(found: Said, mine: set[str]) -> Iterator[str]:
    for one in found["resolved"]:
        if one["forecast"] in mine:
            yield (
                f"{' '.join(one['title'].split())} was resolved as {one['scenario']} on {one['on']}. "
                f"Over the {count(one['days'], 'day')} on which it was open its Brier score "
                f"(0 to 2, 0 is best) was {one['brier']:.3f}, that of its prior {one['prior']:.3f}."
            )
    if found["overall"]:
        yield _together(found["overall"])
    for one in found["outlooks"]:
        yield (
            f"{count(one['number'], 'outlook')} of {one['days']} days, since the beginning: Brier score "
            f"(0 to 1) {one['brier']:.3f}, of which {one['miscalibration']:.3f} is miscalibration; always "
            f"stating how often it happened would have scored {one['uncertainty']:.3f}."
        )


def _together(found: Said) -> str:
    number = count(found["number"], "forecast")
    brier, skill = _figure(found["brier"], ".3f"), _figure(found["skill"], "+.2f")
    few = "" if found["brier"]["low"] is not None else " So few prove little."
    return (
        f"{number} resolved since the beginning: mean Brier score {brier}, skill against the static priors "
        f"{skill} (1 is perfect, 0 as good as the priors).{few}"
    )


def _figure(one: Said, form: str) -> str:
    if one["value"] is None:
        return "without meaning"
    if one["low"] is None or one["high"] is None:
        return format(one["value"], form)
    return f"{one['value']:{form}} (90 % interval {one['low']:{form}} to {one['high']:{form}})"
