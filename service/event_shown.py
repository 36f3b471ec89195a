"""What pages show of one event: its reports, what it did in each forecast, and which have not seen it yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import exp

from sqlalchemy.orm import Session

from model.errors import Unknown
from service.composition import Service
from service.counting import Counting, RunEffects
from service.effects import Effect
from service.event_summaries import summary_of
from service.problems import shown
from storage.events import EventSummary, JoinedReport, event_reports
from storage.evidence_pages import moved_to
from storage.reports import StoredReport, report_versions

MOST_REPORTS = 200  # of one event that a page shows


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A report of an event.

    Parameters
    ----------
    probability
        That it is true, by its grade alone.
    versions
        All of it, the oldest first.
    """

    joined: JoinedReport
    probability: float
    versions: tuple[StoredReport, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Did:
    """What an event did in a forecast, by the run in force."""

    run: RunEffects
    effects: Sequence[Effect]


@dataclass(frozen=True, kw_only=True, slots=True)
class Unheard:
    """A forecast that has an indicator for the event, but whose run in force has not seen it, and why."""

    forecast: str
    title: str
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ShownEvent:
    """One event, with what is behind it and what it did.

    Parameters
    ----------
    summary
        None where all of its reports were retracted.
    further
        How many reports there are beside those that are shown.
    """

    key: str
    headline: str
    summary: EventSummary | None
    credibility: float | None
    members: tuple[Member, ...]
    further: int
    did: tuple[Did, ...]
    unheard: tuple[Unheard, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """What became of an event that has no reports any more: the events that these belong to now."""

    key: str
    events: Mapping[str, int]


def shown_event(
    service: Service, counting: Counting, key: str, *, known_at: datetime | None = None
) -> ShownEvent | Moved:
    """Show one event.

    Raises
    ------
    Unknown
        There is none of this key, nor ever was.
    """
    with service.database.reading() as session:
        joined = event_reports(session, key, known_at=known_at)
        if not joined:
            return _moved(session, key, known_at)
        return _event(service, session, counting, key, joined, known_at)


def _moved(session: Session, key: str, known_at: datetime | None) -> Moved:
    events = moved_to(session, key, known_at=known_at)
    if not events:
        raise Unknown(f"no event is called {shown(key)}; search for it among all events")
    return Moved(key=key, events=events)


def _event(  # noqa: PLR0913, PLR0917 - what it is made from
    service: Service,
    session: Session,
    counting: Counting,
    key: str,
    joined: Sequence[JoinedReport],
    known_at: datetime | None,
) -> ShownEvent:
    reports = [one.stored.report for one in joined if not one.stored.retracted]
    summary, credibility = summary_of(service, key, reports, known_at) if reports else (None, None)
    runs = counting.in_force(session, [one.id for one in service.configuration.forecasts], known_at=known_at)
    grades = service.configuration.grades.worth()
    return ShownEvent(
        key=key,
        headline=summary.headline if summary else joined[-1].stored.report.headline,
        summary=summary,
        credibility=credibility,
        members=tuple(
            Member(
                joined=one,
                probability=1 / (1 + exp(-grades.log_odds(one.stored.report))),
                versions=_versions(session, one.stored, known_at),
            )
            for one in joined[:MOST_REPORTS]
        ),
        further=max(0, len(joined) - MOST_REPORTS),
        did=tuple(Did(run=run, effects=run.events[key]) for run in runs if key in run.events),
        unheard=tuple(_unheard(service, runs, summary)) if summary else (),
    )


def _versions(session: Session, stored: StoredReport, known_at: datetime | None) -> tuple[StoredReport, ...]:
    """List the versions of a report; most have one, which is known already."""
    if stored.version == 1:
        return (stored,)
    return tuple(report_versions(session, stored.report.id, known_at=known_at))


def _unheard(service: Service, runs: Sequence[RunEffects], summary: EventSummary) -> list[Unheard]:
    by_forecast = {run.forecast: run for run in runs}
    found = []
    for forecast in service.configuration.forecasts:
        run = by_forecast.get(forecast.id)
        claims = any(one.counts(summary.tag, summary.countries) for one in forecast.indicators)
        if claims and (run is None or summary.key not in run.events):
            if summary.last < forecast.opened:
                why = f"it happened before this forecast opened on {forecast.opened}"
            elif run is None:
                why = "nothing has been published of this forecast yet"
            else:
                why = f"run {run.run} as of {run.as_of} did not know it; the next run will"
            found.append(Unheard(forecast=forecast.id, title=forecast.title or forecast.id, why=why))
    return found
