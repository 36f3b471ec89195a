"""What pages show of events: a list to search in, each with how credible it is and where it counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from model import credibility
from model.domain import Event, Report
from service.composition import Service
from service.counting import Counting, RunEffects
from storage.events import EventSummary, reports_of_events, summarised
from storage.evidence_pages import EventPage, WantedEvents, event_page
from storage.places import FIRST, Place

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
    credibility
        None where its reports assert nothing.
    """

    summary: EventSummary
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
    wanted: WantedEvents,
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
        tags = {report.tag for one in found.events for report in one.reports}
        runs = counting.in_force(session, _asking(service, tags), known_at=known_at)
    told = (summary_of(service, one.key, one.reports, known_at) for one in found.events)
    return EventList(events=tuple(_listed(*one, runs) for one in told), end=found.end)


def _listed(summary: EventSummary, credibility: float | None, runs: Sequence[RunEffects]) -> ListedEvent:
    return ListedEvent(summary=summary, credibility=credibility, counts=tuple(_counted(runs, summary.key)))


def _page(
    session: Session, wanted: WantedEvents, after: Place, limit: int, known_at: datetime | None
) -> EventPage:
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


def told(
    service: Service, session: Session, keys: Iterable[str], *, known_at: datetime | None = None
) -> list[EventSummary]:
    """Summarise events, in this order; those of which no report is in force are left out."""
    found = reports_of_events(session, list(keys), known_at=known_at)
    return [summary_of(service, key, of, known_at)[0] for key, of in found.items() if of]


def summary_of(
    service: Service, key: str, reports: Sequence[Report], known_at: datetime | None = None
) -> tuple[EventSummary, float | None]:
    """Summarise an event by its reports in force, and say how credible it is; None where they assert nothing.

    Its headline is that of the best report that asserts it, everywhere; the newest where none does.
    """
    event, summary = made(service, key, reports, known_at), summarised(key, reports)
    return (
        (summary, None) if event is None else (replace(summary, headline=event.headline), event.credibility)
    )


def made(
    service: Service, key: str, reports: Sequence[Report], known_at: datetime | None = None
) -> Event | None:
    """Make an event of its reports in force; None where they assert nothing."""
    grades = service.configuration.grades.worth()
    found = credibility.events({key: reports}, as_of=day_of(service, known_at), grades=grades)
    return found[0] if found else None


def day_of(service: Service, known_at: datetime | None) -> date:
    """Give today, or the day that it was then, in the schedule's time zone."""
    if known_at is None:
        return service.today()
    try:
        return known_at.astimezone(ZoneInfo(service.configuration.schedule.timezone)).date()
    except OverflowError:  # at either end of the calendar there is no other zone
        return known_at.date()
