"""What counted, as values that can be stored; and back again."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any

from model.credibility import Grades
from model.domain import Event, Forecast
from model.evidence import Evidence, IndicatorEvidence, Uncounted


def snapshot(evidence: Evidence, grades: Grades) -> dict[str, object]:
    """Everything that the likelihood and its explanation rest on, as JSON values.

    The cutoff itself is not in it: the same evidence may be seen on two nights.
    """
    return {
        "observed_until": evidence.observed_until.isoformat(),
        "events": {event.key: _event(event) for event in evidence.events},
        "indicators": {
            seen.indicator.id: {
                "counted": [event.key for event in seen.counted],
                "folded": [event.key for event in seen.folded],
                "exposure": seen.exposure,
            }
            for seen in evidence.indicators
        },
        "uncounted": {
            one.event.key: {"reason": one.reason, **_event(one.event)} for one in evidence.uncounted
        },
        "grades": {
            "reliability": dict(grades.reliability),
            "credibility": dict(grades.credibility),
            "corroboration": grades.corroboration,
        },
    }


def _event(event: Event) -> Mapping[str, object]:
    plain = {field.name: getattr(event, field.name) for field in fields(event) if field.name != "key"}
    for name in ("occurred", "begins", "first_published"):
        plain[name] = plain[name].isoformat()
    return plain


def restored(snapshot: Mapping[str, Any], forecast: Forecast, as_of: date) -> Evidence:
    """Make evidence of its snapshot again, for the definition that it was selected under.

    Warnings are not in a snapshot; everything else comes back as it was.

    Parameters
    ----------
    snapshot
        As `snapshot` made it, whether or not it has been through JSON.
    """
    events = {key: _read(key, plain) for key, plain in snapshot["events"].items()}
    return Evidence(
        forecast=forecast,
        as_of=as_of,
        observed_until=date.fromisoformat(snapshot["observed_until"]),
        indicators=tuple(
            IndicatorEvidence(
                indicator=indicator,
                counted=tuple(events[key] for key in snapshot["indicators"][indicator.id]["counted"]),
                folded=tuple(events[key] for key in snapshot["indicators"][indicator.id]["folded"]),
                exposure=snapshot["indicators"][indicator.id]["exposure"],
            )
            for indicator in forecast.indicators
        ),
        uncounted=tuple(
            Uncounted(event=_read(key, plain), reason=plain["reason"])
            for key, plain in snapshot["uncounted"].items()
        ),
    )


def _read(key: str, plain: Mapping[str, Any]) -> Event:
    return Event(
        key=key,
        tag=plain["tag"],
        countries=tuple(plain["countries"]),
        occurred=date.fromisoformat(plain["occurred"]),
        begins=date.fromisoformat(plain["begins"]),
        first_published=date.fromisoformat(plain["first_published"]),
        credibility=plain["credibility"],
        reports=tuple(plain["reports"]),
        headline=plain["headline"],
    )
