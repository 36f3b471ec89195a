"""What an event does in each forecast: where it stands in what the last published run knew, and its bits."""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy.orm import Session

from service.composition import Service
from storage.runs import StoredRun, evidence_in_force, evidence_snapshot, forecast_ids_with_runs, get_run

type Standing = Literal["counts", "folded", "uncounted"]
type Lines = list[dict[str, Any]]
type _Place = tuple[str | None, Standing, str]  # the indicator, and the reason why it does not count

_OF_INDICATORS = ("impossible", "one-off")  # causes that several events may share
_NOTHING: Mapping[str, Any] = {"events": {}, "indicators": {}, "uncounted": {}}


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """Where an event stands in one indicator of one forecast, and what it did there.

    Parameters
    ----------
    run, as_of
        The published run that knew it, and its cutoff.
    indicator
        None where the event counts in none.
    standing
        ``folded``: part of an occasion that counts already.
    reason
        Why it does not count; empty where it does.
    bits, points
        By scenario, by how much it moved ``log₂ P(s)`` and, in percentage points, ``P(s)``, as the run's own
        reasons have it; a scenario that is impossible has no bits. Both are empty for what does not count.
    shared
        Whether they are those of all that is known of the indicator, of which the event is a part.
    """

    forecast: str
    run: int
    as_of: date
    indicator: str | None
    standing: Standing
    reason: str = ""
    bits: Mapping[str, float | None]
    points: Mapping[str, float]
    shared: bool = False


def effects(  # noqa: PLR0913 - what is asked, of which event, as of when
    service: Service,
    session: Session,
    event: str,
    tags: Collection[str],
    *,
    as_of: date | None = None,
    known_at: datetime | None = None,
) -> list[Effect]:
    """List what an event does in each forecast whose last published run knew it, in their order.

    Parameters
    ----------
    tags
        Those that its reports carry: configured forecasts that claim none of them are not looked at.
    as_of, known_at
        The runs that were in force at that cutoff, as this service had recorded them by then.
    """
    found: list[Effect] = []
    for forecast in _forecasts(service, session, tags):
        believed = evidence_in_force(session, forecast, at_most=as_of, known_at=known_at)
        run = get_run(session, believed[0]) if believed and _names(believed[1], event) else None
        if run is not None:
            found += _of_run(session, run, event)
    return found


def _forecasts(service: Service, session: Session, tags: Collection[str]) -> Iterator[str]:
    """Name the configured forecasts that may count the event, and those that are no longer configured."""
    configured = {one.id: one for one in service.configuration.forecasts}
    yield from (one.id for one in configured.values() if not one.tags.isdisjoint(tags))
    yield from (one for one in forecast_ids_with_runs(session) if one not in configured)


def _names(snapshot: str, event: str) -> bool:
    """Whether a snapshot may be about an event; most are not, and need not be read to know that."""
    return json.dumps(event, ensure_ascii=False) in snapshot


def _of_run(session: Session, run: StoredRun, event: str) -> Iterator[Effect]:
    snapshot = _snapshot(session, run)
    places = [*_places(snapshot, event)]
    reasons = _reasons(run) if places else []
    for place in places:
        yield _effect(run, reasons, event, place)


def effects_of_run(session: Session, run: StoredRun) -> dict[str, list[Effect]]:
    """List what every event that a run knew did there, by the events' keys."""
    snapshot, reasons = _snapshot(session, run), _reasons(run)
    return {
        event: [_effect(run, reasons, event, place) for place in _places(snapshot, event)]
        for event in (*snapshot["events"], *snapshot["uncounted"])
    }


def _snapshot(session: Session, run: StoredRun) -> Mapping[str, Any]:
    return (evidence_snapshot(session, run.evidence_digest) if run.evidence_digest else None) or _NOTHING


def _reasons(run: StoredRun) -> Lines:
    return json.loads(run.document).get("reasons") or []


def _effect(run: StoredRun, reasons: Lines, event: str, place: _Place) -> Effect:
    indicator, standing, reason = place
    cause, shared = _cause(reasons, event, indicator) if standing == "counts" else (None, False)
    return Effect(
        forecast=run.forecast_id,
        run=run.run,
        as_of=run.as_of,
        indicator=indicator,
        standing=standing,
        reason=reason,
        bits=cause["bits"] if cause else {},
        points=cause["points"] if cause else {},
        shared=shared,
    )


def _places(snapshot: Mapping[str, Any], event: str) -> Iterator[_Place]:
    for indicator, seen in snapshot["indicators"].items():
        if event in seen["counted"]:
            yield indicator, "counts", ""
        if event in seen["folded"]:
            yield indicator, "folded", "is part of an occasion that counts already"
    if event in snapshot["uncounted"]:
        yield None, "uncounted", snapshot["uncounted"][event]["reason"]


def _cause(reasons: Lines, event: str, indicator: str | None) -> tuple[dict[str, Any] | None, bool]:
    """Find the cause that an event is, or else the one that it is a part of."""
    mine = [one for one in reasons if one["indicator"] == indicator]
    own = next((one for one in mine if one["event"] == event), None)
    if own is not None:
        return own, False
    return next((one for one in mine if one["kind"] in _OF_INDICATORS), None), True
