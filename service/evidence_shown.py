"""What pages show of events: a list to search in, each with how credible it is and where it counts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.orm import Session

from service.composition import Service
from service.counting import Counting, RunEffects
from service.event_summaries import summary_of
from storage.events import EventSummary
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
