"""What pages show of events: a list to search in, and one event with all that is behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import exp
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from model import credibility
from model.domain import Event, Report
from model.errors import Unknown
from service.composition import Service
from service.counting import Counting, RunEffects
from service.effects import Effect
from service.problems import shown
from storage.events import EventSummary, JoinedReport, event_reports, summarised
from storage.evidence_pages import FIRST, EventPage, Place, Wanted, event_page, moved_to
from storage.reports import StoredReport, report_versions

MOST_REPORTS = 200  # of one event that a page shows
_PATIENCE = 2  # times as many reports are read before a search asks whether to go on


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """That an event counts in an indicator of a forecast, which counts such events in words."""

    forecast: str
    title: str
    indicator: str
    words: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedEvent:
    """An event of the list.

    Parameters
    ----------
    headline
        Of the best of the reports that assert it, else the newest.
    credibility
        None where its reports assert nothing.
    """

    summary: EventSummary
    headline: str
    credibility: float | None
    counts: tuple[Counted, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class EventList:
    """A page of the list, and the place at which the next one begins; None where nothing follows."""

    events: tuple[ListedEvent, ...]
    end: Place | None


def listed(  # noqa: PLR0913 - what is asked for, and which page of it
    service: Service,
    counting: Counting,
    wanted: Wanted,
    *,
    forecast: str | None = None,
    indicator: str | None = None,
    after: Place = FIRST,
    limit: int,
    known_at: datetime | None = None,
) -> EventList:
    """List a page of events, the latest published first.

    Parameters
    ----------
    forecast, indicator
        Only events that count there, by the run in force.

    Raises
    ------
    Unknown
        There is no such forecast.
    """
    with service.database.reading() as session:
        if forecast is not None:
            runs = counting.in_force(session, [service.forecast(forecast).id], known_at=known_at)
            wanted = replace(wanted, keys=runs[0].keys(indicator) if runs else ())
        found = _page(session, wanted, after, limit, known_at)
        page = [(one, summarised(one.key, one.reports)) for one in found.events]
        tags = {report.tag for one, _ in page for report in one.reports}
        runs = counting.in_force(session, _asking(service, tags), known_at=known_at)
    events = tuple(
        _listed(summary, made(service, one.key, one.reports, known_at), runs) for one, summary in page
    )
    return EventList(events=events, end=found.end)


def _listed(summary: EventSummary, event: Event | None, runs: Sequence[RunEffects]) -> ListedEvent:
    return ListedEvent(
        summary=summary,
        headline=event.headline if event else summary.headline,
        credibility=event.credibility if event else None,
        counts=tuple(_counted(runs, summary.key)),
    )


def _page(session: Session, wanted: Wanted, after: Place, limit: int, known_at: datetime | None) -> EventPage:
    """Look on for a while where a page finds nothing; whoever waits can be asked whether to go on then."""
    found = event_page(session, wanted, after=after, limit=limit, known_at=known_at)
    for _ in range(_PATIENCE):
        if found.events or found.end is None:
            break
        found = event_page(session, wanted, after=found.end, limit=limit, known_at=known_at)
    return found


def _asking(service: Service, tags: set[str]) -> list[str]:
    """Name the forecasts that any of these tags may matter to."""
    return [one.id for one in service.configuration.forecasts if tags & set(one.tags)]


def _counted(runs: Sequence[RunEffects], key: str) -> list[Counted]:
    return [
        Counted(
            forecast=run.forecast,
            title=run.title,
            indicator=one.indicator,
            words=run.indicators.get(one.indicator, one.indicator),
        )
        for run in runs
        for one in run.events.get(key, ())
        if one.indicator is not None
    ]


def made(
    service: Service, key: str, reports: Sequence[Report], known_at: datetime | None = None
) -> Event | None:
    """Make an event of its reports in force; None where they assert nothing."""
    grades = service.configuration.grades.worth()
    found = credibility.events({key: reports}, as_of=day_of(service, known_at), grades=grades)
    return found[0] if found else None


def believed(
    service: Service, key: str, reports: Sequence[Report], known_at: datetime | None = None
) -> float | None:
    """Say how credible an event is by its reports in force; None where they assert nothing."""
    event = made(service, key, reports, known_at)
    return event.credibility if event else None


def day_of(service: Service, known_at: datetime | None) -> date:
    """Give today, or the day that it was then, in the schedule's time zone."""
    if known_at is None:
        return service.today()
    try:
        return known_at.astimezone(ZoneInfo(service.configuration.schedule.timezone)).date()
    except OverflowError:  # at either end of the calendar there is no other zone
        return known_at.date()


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
    summary = summarised(key, reports) if reports else None
    runs = counting.in_force(session, [one.id for one in service.configuration.forecasts], known_at=known_at)
    grades, event = service.configuration.grades.worth(), made(service, key, reports, known_at)
    return ShownEvent(
        key=key,
        headline=event.headline if event else joined[-1].stored.report.headline,
        summary=summary,
        credibility=event.credibility if event else None,
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
